"""Closes campaigns of one school whose closing date has passed."""

from uuid import UUID

from outreach import queues
from outreach.campaigns.steering import close_past, closes_at_earliest
from outreach.database import transaction
from outreach.queues import Work
from workers.parts import parts


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    with transaction(wired.sessions, school) as session:
        close_past(session, wired.clock())
        queues.settle_due(
            session, school, Work.CLOSE, lambda: closes_at_earliest(session), wired.clock()
        )
