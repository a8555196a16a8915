"""The school's audit, read back page by page, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.audit import ActorKind, AuditEvent
from outreach.database import school_of
from outreach.schools.models import StaffMember

PAGE_LENGTH = 50


@dataclass(frozen=True)
class TrailEvent:
    """One event. `staff_name` is filled in where a staff member of this school acted."""

    at: datetime
    actor_kind: ActorKind
    actor_id: UUID | None
    staff_name: str | None
    action: str
    subject_kind: str
    subject_id: UUID | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class TrailPage:
    """`number` counts from 1; there is always at least one page."""

    events: list[TrailEvent]
    number: int
    pages: int


def read_trail(session: Session, number: int) -> TrailPage:
    """The page asked for, or the nearest there is."""
    here = AuditEvent.school_id == school_of(session)
    count = session.scalar(select(func.count()).where(here)) or 0
    pages = max(1, -(-count // PAGE_LENGTH))
    number = min(max(number, 1), pages)
    rows = session.execute(
        select(AuditEvent, StaffMember.name)
        .outerjoin(
            StaffMember,
            (StaffMember.school_id == AuditEvent.school_id)
            & (StaffMember.id == AuditEvent.actor_id)
            & (AuditEvent.actor_kind == ActorKind.STAFF),
        )
        .where(here)
        .order_by(AuditEvent.at.desc(), AuditEvent.id)
        .offset((number - 1) * PAGE_LENGTH)
        .limit(PAGE_LENGTH)
    )
    events = [
        TrailEvent(
            at=event.at,
            actor_kind=event.actor_kind,
            actor_id=event.actor_id,
            staff_name=name,
            action=event.action,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            detail=event.detail,
        )
        for event, name in rows
    ]
    return TrailPage(events, number, pages)
