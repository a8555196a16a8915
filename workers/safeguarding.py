"""Mails the safeguarding lead of one school, in the morning, about what waits to be read."""

from uuid import UUID

from outreach import queues
from outreach.answering.safeguarding.telling import tell_waiting, tells_at_earliest
from outreach.database import transaction
from outreach.queues import Work
from workers.parts import parts


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    with transaction(wired.sessions, school) as session:
        now = wired.clock()
        tell_waiting(session, now)
        queues.settle_due(
            session, school, Work.SAFEGUARDING, lambda: tells_at_earliest(session), now
        )
