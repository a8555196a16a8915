"""Reminds students of one school who have not answered, when a school day for it has come."""

from uuid import UUID

from outreach import queues
from outreach.campaigns.reminding import remind, reminds_at_earliest
from outreach.database import transaction
from outreach.queues import Work
from workers.parts import parts


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    with transaction(wired.sessions, school) as session:
        now = wired.clock()
        remind(session, now)
        queues.settle_due(
            session, school, Work.REMIND, lambda: reminds_at_earliest(session, now), now
        )
