"""Tables of what arrives: staged pupils, uploads that wait for a word, and past imports."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant
from outreach.pupils.models import TenantPart


class StagedPupil(TenantPart, Base):
    """A record fetched by a sync that is not merged yet. Gone when the sync has ended."""

    __tablename__ = "staged_pupil"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            ondelete="CASCADE",
        ),
    )

    sync_id: Mapped[UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    record: Mapped[list[Any]] = mapped_column(JSONB)


class RosterUpload(Tenant, Base):
    """A file between its check and its import, encrypted (`pupils.uploads`). Gone after an hour."""

    __tablename__ = "roster_upload"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff_member.school_id", "staff_member.id"]
        ),
        Index(None, "school_id", "staff_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    staff_id: Mapped[UUID]
    name: Mapped[str]
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class RosterImport(Tenant, Base):
    """One import and its counts; the rejected rows are told to the person, not kept."""

    __tablename__ = "roster_import"
    __table_args__ = (Index(None, "school_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    at: Mapped[datetime]
    source: Mapped[str]
    staff_id: Mapped[UUID | None]
    is_full: Mapped[bool]
    counts: Mapped[dict[str, Any]]
