"""Who gets the receipt of a change of sharing: the data protection contact, or who stands in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.contacts import contacts_of
from outreach.schools.models import AccountMailKind, Role, StaffMember

STANDING_IN = (Role.DATA_PROTECTION, Role.ADMIN)


def queue_receipts(session: Session, change_id: UUID, now: datetime) -> int:
    """One mail for each of `recipients`, written by a worker from the ids. Says how many."""
    session.flush()
    recipients = _recipients(session)
    for account_id in recipients:
        queue_account_mail(
            session,
            account_id,
            AccountMailKind.SHARING_RECEIPT,
            now,
            school_id=school_of(session),
            change_id=change_id,
        )
    return len(recipients)


def _recipients(session: Session) -> list[UUID | None]:
    """Accounts. None is the contact that the school has named, who need not be staff."""
    if contacts_of(session).protection is not None:
        return [None]
    for role in STANDING_IN:
        found = session.scalars(
            select(StaffMember.account_id)
            .where(
                StaffMember.school_id == school_of(session),
                StaffMember.role == role,
                StaffMember.ended_at.is_(None),
            )
            .order_by(StaffMember.account_id)
        ).all()
        if found:
            return list(found)
    return []
