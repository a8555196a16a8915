"""Tables of the connection to an information system and of its syncs."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from outreach.database import Base, Tenant, enum_type


class SourceKind(Enum):
    """Information systems that are asked over the network, each for one school."""

    WONDE = "wonde"
    XPORTER = "xporter"
    ONEROSTER = "oneroster"


class SourceState(Enum):
    """What the integrator says of the school's permission. New ones are pending."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    PAUSED = "paused"
    DECLINED = "declined"
    REVOKED = "revoked"


class SyncState(Enum):
    """Where one sync stands. The first three are under way, the others final."""

    WAITING = "waiting"
    FETCHING = "fetching"
    MERGING = "merging"
    DONE = "done"
    HELD = "held"
    PAUSED = "paused"
    REVOKED = "revoked"
    FAILED = "failed"


class SourceConnection(Tenant, Base):
    """The school's connection to its information system, one a school.

    `external_id` is what the integrator calls the school. `secret` is encrypted. `state_words` say
    what the integrator answered, for people; `synced_to` is up to when changes are known, `mark` the
    integrator's own word for that, where it has one.
    `may_be_private`: the operator gave the address, so it may lie on a network of its own.
    `ids_changed`: the school moved to another system, so identifiers of the old one mean nothing.
    """

    __tablename__ = "source_connection"

    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind))
    external_id: Mapped[str]
    url: Mapped[str | None]
    may_be_private: Mapped[bool] = mapped_column(default=False, server_default="false")
    secret: Mapped[bytes | None]
    state: Mapped[SourceState] = mapped_column(enum_type(SourceState))
    state_words: Mapped[str | None]
    asked_items: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    granted_items: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    connected_by: Mapped[UUID | None]
    connected_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    synced_to: Mapped[datetime | None]
    mark: Mapped[str | None]
    ids_changed: Mapped[bool] = mapped_column(default=False, server_default="false")


class SourceDirectory(Base):
    """Which school an integrator's id is, for its webhooks. No pupil data, no policy.

    `proven_at`: when a sync first succeeded. Until then another school may take the id over.
    """

    __tablename__ = "source_directory"
    __table_args__ = {"info": {"global_reason": "a webhook names the integrator's id of a school"}}

    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"), index=True)
    proven_at: Mapped[datetime | None]


class RosterSync(Tenant, Base):
    """One sync with the source: asked for, fetched page by page, merged as a whole.

    `system` names the school there, so that a move to another is noticed. `turn` tells one worker's
    hold on it from a later one's; `tries` counts the holds that ended badly.
    `cursor` is where fetching goes on after the last page that was kept; `characters` is how much
    text came on all of them; `expected` how many pupils the source announced. `report` holds
    counts and, where it is held, what would be lost.
    """

    __tablename__ = "roster_sync"
    __table_args__ = (
        Index(None, "school_id", "asked_at"),
        Index(
            "uq_roster_sync_under_way",
            "school_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'fetching', 'merging')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind))
    system: Mapped[str]
    is_full: Mapped[bool]
    confirm_drop: Mapped[bool] = mapped_column(default=False, server_default="false")
    state: Mapped[SyncState] = mapped_column(enum_type(SyncState))
    reason: Mapped[str | None]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    turn: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    cursor: Mapped[str | None]
    mark: Mapped[str | None]
    pages: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    records: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    characters: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    expected: Mapped[int | None] = mapped_column(Integer)
    report: Mapped[dict[str, Any] | None]


class SyncFault(Tenant, Base):
    """A record or a value of the last sync that could not be taken, for staff to read.

    Holds pupil data, so it lasts until the next sync only. A rejected record keeps what of its
    identifiers could be read: such a pupil is not absent.
    """

    __tablename__ = "sync_fault"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            ondelete="CASCADE",
        ),
    )

    sync_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_rejected: Mapped[bool]
    row: Mapped[int] = mapped_column(Integer)
    column: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str]
    upn: Mapped[str | None]
    mis_id: Mapped[str | None]
