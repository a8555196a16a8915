"""Tables of what a campaign sends after the invite: its reminders, and words of the school's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.campaigns.states import MessageStep, ReminderState
from outreach.database import Base, Tenant, enum_type


class CampaignReminder(Tenant, Base):
    """One reminder of one campaign. `after_days` counts school days since the launch; the last
    chance has none, for it goes on the school day before the closing date.

    `due_at` is worked out from the school's calendar, and null while the campaign is a draft or
    where no day is left for it. `queued` is how many mails it came to.
    """

    __tablename__ = "campaign_reminder"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
        CheckConstraint("after_days BETWEEN 1 AND 60", name="after_days"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[MessageStep] = mapped_column(enum_type(MessageStep), primary_key=True)
    after_days: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[ReminderState] = mapped_column(enum_type(ReminderState))
    due_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    queued: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class CampaignWords(Tenant, Base):
    """The school's own words of one step of one campaign, in place of the usual ones."""

    __tablename__ = "campaign_words"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[MessageStep] = mapped_column(enum_type(MessageStep), primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]
    changed_at: Mapped[datetime]
