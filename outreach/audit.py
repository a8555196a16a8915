"""Who did what to what, and when: append-only, ids only, never a name, address or answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.database import Base, Tenant, enum_type, school_of


class ActorKind(Enum):
    STAFF = "staff"
    STUDENT = "student"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts: a staff member or a student by id, the operator at the terminal, or the service."""

    kind: ActorKind
    id: UUID | None = None


OPERATOR = Actor(ActorKind.OPERATOR)
SYSTEM = Actor(ActorKind.SYSTEM)


def staff_actor(staff_id: UUID) -> Actor:
    return Actor(ActorKind.STAFF, staff_id)


class AuditEvent(Tenant, Base):
    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "school_id", "at"), Index(None, "school_id", "subject_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    at: Mapped[datetime]
    actor_kind: Mapped[ActorKind] = mapped_column(enum_type(ActorKind))
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


def record(
    session: Session,
    at: datetime,
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: UUID | None,
    **detail: str | int | bool | Sequence[str] | None,
) -> None:
    """Write one event into the caller's transaction. `detail` holds ids, states and counts."""
    session.add(
        AuditEvent(
            school_id=school_of(session),
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            detail=detail,
        )
    )
