"""Forgets roster files of one school that were checked and never imported."""

from uuid import UUID

from outreach import queues
from outreach.database import transaction
from outreach.pupils.roster.uploads import expires_at_earliest, forget_old_uploads
from outreach.queues import Work
from workers.parts import parts


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    with transaction(wired.sessions, school) as session:
        now = wired.clock()
        forget_old_uploads(session, now)
        queues.settle_due(
            session, school, Work.FORGET_UPLOADS, lambda: expires_at_earliest(session), now
        )
