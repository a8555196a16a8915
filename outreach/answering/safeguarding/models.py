"""The tables of what students wrote in their own words, who has read it, and what stood there before."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant


class SafeguardingFlag(Tenant, Base):
    """One open-text answer to be read. What stands there now is in `answer`, and only there.

    `opens_at`: from then on it is on the list, as it was sent, or is urgent, or was left for a day.
    It never moves to a later time, and `is_urgent` never goes back: what a student changes hides
    nothing. `written_at`: when the present words were saved, which tells a reader's page from a
    newer text. `seen_at`: since when the present words are read and acted upon.
    `call_at`: when the next mail about it is due; `told_at`: when the last one was queued.
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
    written_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    call_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]


class EarlierText(Tenant, Base):
    """Words that were urgent, told of or on the list when the student changed them or took them
    out. Append-only; it goes with the response."""

    __tablename__ = "safeguarding_earlier_text"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "flag_id"],
            ["safeguarding_flag.school_id", "safeguarding_flag.id"],
            ondelete="CASCADE",
        ),
        Index(None, "school_id", "flag_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    flag_id: Mapped[UUID]
    words: Mapped[str]
    language: Mapped[str]
    written_at: Mapped[datetime]
    replaced_at: Mapped[datetime]


class SafeguardingAct(Tenant, Base):
    """ "I have read it and acted", by whom and with what note. Append-only: no act of one reader
    takes the place of another's, and no new text takes it away. `written_at` names the words."""

    __tablename__ = "safeguarding_act"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "flag_id"],
            ["safeguarding_flag.school_id", "safeguarding_flag.id"],
            ondelete="CASCADE",
        ),
        Index(None, "school_id", "flag_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    flag_id: Mapped[UUID]
    written_at: Mapped[datetime]
    by: Mapped[UUID | None]
    at: Mapped[datetime]
    note: Mapped[str | None]
