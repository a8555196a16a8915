"""The table of domains whose server turns our mail away: runs that are counted, and what is held."""

from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.campaigns.models import NEW_ID
from outreach.database import Base, Tenant, enum_type


class HeldState(Enum):
    WATCHING = "watching"
    """Refusals are counted, and there are too few for a run."""
    OPEN = "open"
    PROBING = "probing"
    """One message was let through to see whether the domain takes mail again."""
    RESUMED = "resumed"


IN_FORCE = (HeldState.OPEN, HeldState.PROBING)


class HeldDomain(Tenant, Base):
    """One recipient domain of one school. A later run opens the same row anew.

    `run` counts refusals in a row, `holds` says whether mail is held meanwhile, `came_back`
    whether refusals came as bounces, after a mail server on the way had taken the mail: that one
    then takes a probe too, and only the time after it tells. `campaign_id` is where it was noticed.
    `resumed_by` is the staff member who pressed the button; null where it resumed by itself.
    """

    __tablename__ = "held_domain"
    __table_args__ = (UniqueConstraint("school_id", "id"),)

    domain: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(default=uuid4, server_default=NEW_ID)
    state: Mapped[HeldState] = mapped_column(enum_type(HeldState))
    run: Mapped[int] = mapped_column(Integer)
    run_began_at: Mapped[datetime]
    last_at: Mapped[datetime]
    campaign_id: Mapped[UUID]
    diagnosis: Mapped[str]
    reason: Mapped[str]
    words: Mapped[str | None]
    holds: Mapped[bool]
    came_back: Mapped[bool]
    opened_at: Mapped[datetime | None]
    probes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    next_probe_at: Mapped[datetime | None]
    probe_id: Mapped[UUID | None]
    resumed_at: Mapped[datetime | None]
    resumed_by: Mapped[UUID | None]
