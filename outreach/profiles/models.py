"""Tables of the pupil profile: results of each response, and facts with their provenance."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Float, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant, enum_type


class ResultKind(Enum):
    CONSTRUCT = "construct"
    BLOCK = "block"


class Result(Tenant, Base):
    """The score of one construct or block in one response; null where too little was answered."""

    __tablename__ = "result"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "response_id"], ["response.school_id", "response.id"], ondelete="CASCADE"
        ),
        Index(None, "school_id", "campaign_id", "kind", "key"),
    )

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ResultKind] = mapped_column(enum_type(ResultKind), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID]
    score: Mapped[float | None] = mapped_column(Float)
    positive: Mapped[int] = mapped_column(Integer)
    not_positive: Mapped[int] = mapped_column(Integer)
    unsure: Mapped[int] = mapped_column(Integer)
    skipped: Mapped[int] = mapped_column(Integer)
    asked: Mapped[int] = mapped_column(Integer)


class ProfileEntry(Tenant, Base):
    """One fact in the pupil profile. A newer one supersedes it; nothing overwrites it.

    `recorded_at` is when it was said, which orders the facts: a submission written back late
    does not push out what the pupil said after it.
    """

    __tablename__ = "profile_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["school_id", "response_id"], ["response.school_id", "response.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "response_id", "field"),
        Index(None, "school_id", "pupil_id", "field", "recorded_at"),
        Index(
            "uq_profile_entry_current",
            "school_id",
            "pupil_id",
            "field",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    pupil_id: Mapped[UUID]
    field: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    source: Mapped[str]
    recorded_at: Mapped[datetime]
    response_id: Mapped[UUID | None]
    questionnaire: Mapped[str | None]
    version: Mapped[int | None] = mapped_column(Integer)
    superseded_at: Mapped[datetime | None]
