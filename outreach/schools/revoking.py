"""The deletion timer: a revocation starts it, and taking the revocation back ends it.

What is deleted, and when the time has come, is `privacy.deleting`'s to do.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from outreach import queues
from outreach.database import school_of
from outreach.queues import Work
from outreach.schools.models import SharingAgreement


def start_deletion_timer(session: Session, now: datetime) -> None:
    """From now on `deletion_days` are left. One that runs already goes on as it is."""
    agreement = session.get_one(SharingAgreement, school_of(session))
    if agreement.deletes_at is None:
        agreement.deletes_at = now + timedelta(days=agreement.deletion_days)
    queues.note_due(session, agreement.school_id, Work.DELETE_HELD, agreement.deletes_at)


def stop_deletion_timer(session: Session) -> bool:
    """False where none ran."""
    agreement = session.get_one(SharingAgreement, school_of(session))
    had_one = agreement.deletes_at is not None
    agreement.deletes_at = None
    return had_one
