"""The table of what students wrote in their own words and somebody has to read."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant


class SafeguardingFlag(Tenant, Base):
    """One open-text answer to be read. What was written stays in `answer`, and only there.

    `opens_at`: from then on it is on the list, as it was sent, or is urgent, or was left for a day.
    `is_urgent` puts it first and mails at once; it decides nothing else. `told_at`: when the mail
    that calls to read it was queued. `seen_by` and `seen_at` are of whoever said “I have read it and
    acted”; an answer that changes after that has to be read again. `note` is theirs.
    """

    __tablename__ = "safeguarding_flag"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "response_id"], ["response.school_id", "response.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "response_id", "question_id"),
        Index(
            "ix_safeguarding_flag_unread",
            "school_id",
            "opens_at",
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    response_id: Mapped[UUID]
    question_id: Mapped[str]
    is_urgent: Mapped[bool]
    raised_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    seen_by: Mapped[UUID | None]
    seen_at: Mapped[datetime | None]
    note: Mapped[str | None]
