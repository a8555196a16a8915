"""Deletes the personal codes of one school's campaigns that ended some weeks ago."""

from uuid import UUID

from outreach import queues
from outreach.campaigns.code_forgetting import forget_at_earliest, forget_ended
from outreach.database import transaction
from outreach.queues import Work
from workers.parts import parts


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    with transaction(wired.sessions, school) as session:
        now = wired.clock()
        forget_ended(session, now)
        queues.settle_due(
            session, school, Work.FORGET_CODES, lambda: forget_at_earliest(session), now
        )
