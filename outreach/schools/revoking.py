"""The deletion timer: it runs while the school's word here or its integrator's is a revocation.

What is deleted, and when the time has come, is `privacy.deleting`'s to do.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.database import school_of
from outreach.queues import Work
from outreach.schools.models import Connection, SharingAgreement, SharingChange

HELD_DATA = "held_data"
"""Beside the settings in the history: what a deletion did."""


def is_revoked(agreement: SharingAgreement) -> bool:
    """By either word."""
    return agreement.connection is Connection.REVOKED or agreement.source_revoked


def is_deleted(session: Session, agreement: SharingAgreement) -> bool:
    """What was held went after a revocation, and nobody has decided about the connection since."""
    if agreement.connection is not Connection.NOT_CONNECTED:
        return False
    last = (
        select(SharingChange.change_id)
        .where(SharingChange.school_id == school_of(session), SharingChange.setting == "connection")
        .order_by(SharingChange.at.desc())
        .limit(1)
    )
    deletion = select(SharingChange.id).where(
        SharingChange.school_id == school_of(session),
        SharingChange.setting == HELD_DATA,
        SharingChange.change_id == last.scalar_subquery(),
    )
    return session.scalar(deletion) is not None


def settle_deletion_timer(session: Session, agreement: SharingAgreement, now: datetime) -> None:
    """Start it, stop it or let it run, as both words have it. Called wherever one of them moves."""
    if not is_revoked(agreement):
        agreement.deletes_at = None
        return
    if agreement.deletes_at is None:
        agreement.deletes_at = now + timedelta(days=agreement.deletion_days)
    queues.note_due(session, agreement.school_id, Work.DELETE_HELD, agreement.deletes_at)
