"""The table of feedback: how easy students found answering, of whom nobody can tell."""

from datetime import date
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.answering.models import Mode
from outreach.database import Base, Tenant, enum_type


class Ease(Enum):
    """How easy it was to answer, the easiest first."""

    VERY_EASY = "very_easy"
    EASY = "easy"
    BETWEEN = "between"
    HARD = "hard"
    VERY_HARD = "very_hard"


class Feedback(Tenant, Base):
    """One student's word on the questionnaire. No pupil, response or time of day leads to it."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
        Index(None, "school_id", "campaign_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    campaign_id: Mapped[UUID]
    questionnaire: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    mode: Mapped[Mode] = mapped_column(enum_type(Mode))
    language: Mapped[str]
    value: Mapped[Ease] = mapped_column(enum_type(Ease))
    on_date: Mapped[date]
