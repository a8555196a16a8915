"""Who at the school reads what students write in their own words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.database import school_of
from outreach.queues import Work
from outreach.schools.models import Role, StaffMember

STANDING_IN = (Role.SAFEGUARDING, Role.ADMIN)


def has_lead(session: Session) -> bool:
    return bool(_accounts(session, Role.SAFEGUARDING))


def readers(session: Session) -> list[UUID]:
    """Accounts of the safeguarding leads; of the administrators once the last of them has left."""
    for role in STANDING_IN:
        found = _accounts(session, role)
        if found:
            return found
    return []


def note_change(session: Session, now: datetime, *roles: Role) -> None:
    """Somebody got or lost these roles: a worker looks whether whoever reads now has been told of
    what waits to be read."""
    if set(roles) & set(STANDING_IN):
        queues.call_for(session, school_of(session), Work.SAFEGUARDING, now)


def _accounts(session: Session, role: Role) -> list[UUID]:
    return list(
        session.scalars(
            select(StaffMember.account_id)
            .where(
                StaffMember.school_id == school_of(session),
                StaffMember.role == role,
                StaffMember.ended_at.is_(None),
            )
            .order_by(StaffMember.account_id)
        )
    )
