"""The deletion timer: it runs while the school's word here or its integrator's is a revocation.

What is deleted, and when the time has come, is `privacy.deleting`'s to do.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from outreach import queues
from outreach.queues import Work
from outreach.schools.models import Connection, SharingAgreement


def is_revoked(agreement: SharingAgreement) -> bool:
    """By either word."""
    return agreement.connection is Connection.REVOKED or agreement.source_revoked


def settle_deletion_timer(session: Session, agreement: SharingAgreement, now: datetime) -> None:
    """Start it, stop it or let it run, as both words have it. Called wherever one of them moves."""
    if not is_revoked(agreement):
        agreement.deletes_at = None
        return
    if agreement.deletes_at is None:
        agreement.deletes_at = now + timedelta(days=agreement.deletion_days)
    queues.note_due(session, agreement.school_id, Work.DELETE_HELD, agreement.deletes_at)
