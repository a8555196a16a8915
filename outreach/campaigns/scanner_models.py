"""Tables of one-clicks that came too soon for a person, and of the alarm that a run of them raises."""

from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.campaigns.models import NEW_ID
from outreach.database import Base, Tenant, enum_type


class Decision(Enum):
    """What a person made of an alarm."""

    UNDONE = "undone"
    LEFT = "left"


class QuickStop(Tenant, Base):
    """A one-click within a minute of delivery, and not confirmed by anybody since.

    `domain` is where the mail was sent, `scanner` a key of `scanners.yaml` where the click showed
    whose program it was. No address of pupil or client is kept.
    """

    __tablename__ = "quick_stop"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            ondelete="CASCADE",
        ),
        Index(None, "school_id", "campaign_id", "domain"),
    )

    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID]
    domain: Mapped[str]
    scanner: Mapped[str | None]
    at: Mapped[datetime]
    alarm_id: Mapped[UUID | None]


class ScannerAlarm(Tenant, Base):
    """Of one campaign and recipient domain. At most one is open: the run goes on in it."""

    __tablename__ = "scanner_alarm"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
        Index(
            "ix_scanner_alarm_open",
            "school_id",
            "campaign_id",
            "domain",
            unique=True,
            postgresql_where=text("decision IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=NEW_ID)
    campaign_id: Mapped[UUID]
    domain: Mapped[str]
    opened_at: Mapped[datetime]
    decision: Mapped[Decision | None] = mapped_column(enum_type(Decision))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
