"""Writes submitted responses back into pupil profiles, each in a transaction of its own.

Then those that are enough together are counted into the figures for others.
"""

import logging
import time
from uuid import UUID

from sqlalchemy.exc import OperationalError

from outreach import queues
from outreach.campaigns.chat.telling import note_half_way
from outreach.database import transaction
from outreach.parts import Parts
from outreach.profiles import writing_back
from outreach.queues import Bell, Work
from outreach.reports import counting
from workers.parts import parts

log = logging.getLogger(__name__)

BUDGET_SECONDS = 5.0
"""Then the bell is rung again, so that schools take turns."""

BATCH = 50


def run(school_id: str) -> None:
    school, wired = UUID(school_id), parts()
    is_all_done = _write_back_due(wired, school)
    if is_all_done:  # by as many at once as there are: the last few would have to wait
        with transaction(wired.sessions, school) as session:
            counting.count_in(session, wired.clock())
            note_half_way(session, wired.clock())
    with transaction(wired.sessions, school) as session:
        now = wired.clock()
        queues.settle_due(
            session,
            school,
            Work.WRITE_BACK,
            lambda: writing_back.next_due(session, now),
            now,
            failed=writing_back.is_any_failing(session),
        )
        if not is_all_done:
            queues.ring_after_commit(session, Bell(Work.WRITE_BACK, school))


def _write_back_due(wired: Parts, school: UUID) -> bool:
    """Work until nothing is due or the budget is spent. False where the budget ended it."""
    deadline = time.monotonic() + BUDGET_SECONDS
    tried: set[UUID] = set()
    while True:
        with transaction(wired.sessions, school) as session:
            due = writing_back.due_responses(session, wired.clock(), BATCH)
        fresh = [response_id for response_id in due if response_id not in tried]
        if not fresh:
            return True
        for response_id in fresh:
            if time.monotonic() > deadline:
                return False
            tried.add(response_id)
            _write_back_one(wired, school, response_id)


def _write_back_one(wired: Parts, school: UUID, response_id: UUID) -> None:
    """One response that cannot be written must not hold up the others."""
    try:
        with transaction(wired.sessions, school) as session:
            writing_back.write_back(session, wired.library, response_id, wired.clock())
    except OperationalError:
        raise  # the database, not this response: the schedule rings again
    except Exception as fault:
        log.error("not written back response=%s: %s", response_id, type(fault).__name__)
        with transaction(wired.sessions, school) as session:
            writing_back.put_off(session, response_id, wired.clock())
