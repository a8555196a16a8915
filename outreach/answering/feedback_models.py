"""The table of feedback: how easy students found answering, in counts."""

from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.answering.models import Mode
from outreach.database import Base, Tenant


class Ease(Enum):
    """How easy it was to answer, the easiest first."""

    VERY_EASY = "very_easy"
    EASY = "easy"
    BETWEEN = "between"
    HARD = "hard"
    VERY_HARD = "very_hard"


class Feedback(Tenant, Base):
    """What the students of one campaign said, as counts alone: `chat.easy` to how many.

    One row a campaign, so that whichever transaction wrote it last tells which student was the
    last to say something, and not what. `shown`: the counts as staff may see them, which lag behind.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]]
    shown: Mapped[dict[str, Any]]


def count_key(mode: Mode, ease: Ease) -> str:
    return f"{mode.value}.{ease.value}"
