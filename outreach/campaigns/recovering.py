"""What dead workers left behind, brought to one true state: outcome, unknown, or back in line.

Whether an owner is dead is asked of the kernel (the lock on its journal), not of a clock. Only
where no journal can be found, as after the loss of a machine, a lease and a grace decide.
"""

import logging
import threading
import time
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns import journal, recording
from outreach.campaigns.claiming import GRACE, lock_claim
from outreach.campaigns.journal import Left
from outreach.campaigns.models import DeliveryClaim
from outreach.database import school_of, transaction
from outreach.mail.outcomes import Outcome, Verdict
from outreach.parts import Parts
from outreach.queues import Work
from outreach.schools.models import School

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
LOOK_AGAIN = timedelta(seconds=30)
DRAFTS_KEPT_SECONDS = 3600.0

WORKER_DIED = (
    "The service stopped while this mail was being handed over, so it may or may not have arrived."
)
LOST = (
    "The machine that was sending this mail was lost with its notes, so it may or may not have "
    "been handed over."
)

_throttle = threading.Lock()
_last_look = 0.0


def recover_now_and_then(parts: Parts) -> None:
    """`recover`, at most every two seconds in one process: cheap enough to ask before each turn."""
    global _last_look  # noqa: PLW0603 -- one per process, as the journals are
    with _throttle:
        if time.monotonic() - _last_look < EVERY_SECONDS:
            return
        _last_look = time.monotonic()
    recover(parts)


def recover(parts: Parts) -> int:
    """Settle every journal of this DATA_DIR whose owner is dead; how many there were."""
    data_dir = parts.settings.data_dir
    settled = 0
    for claim_id in journal.journals(data_dir):
        with journal.take_over(data_dir, claim_id) as left:
            if left is not None and _settle_left(parts, left):
                journal.discard(data_dir, claim_id)
                settled += 1
    journal.clear_drafts(data_dir, time.time() - DRAFTS_KEPT_SECONDS)
    return settled


def _settle_left(parts: Parts, left: Left) -> bool:
    """Outcomes are applied; an intent without one is unknown; what was never intended waits again.

    Applied twice, or beside a dead owner's last transaction, it has one effect. False where this
    database does not know the school: DATA_DIR served another database, which may come back.
    """
    with transaction(parts.sessions, left.school_id) as session:
        if session.get(School, left.school_id) is None:
            return False
        lock_claim(session, left.claim_id)
        now = parts.clock()
        recording.record_outcomes(session, left.claim_id, left.outcomes, now)
        cut_off = left.intents - left.outcomes.keys()
        unknown = Outcome(Verdict.UNKNOWN, words=WORKER_DIED)
        recording.record_outcomes(session, left.claim_id, dict.fromkeys(cut_off, unknown), now)
        if not left.is_whole:
            recording.give_up(session, left.claim_id, LOST, now)
        unsent = recording.still_sending(session, left.claim_id)
        recording.give_back(session, left.claim_id, unsent, now)
        recording.end_claim(session, left.claim_id)
        queues.call_for(session, left.school_id, Work.DELIVER, now)
    log.info(
        "recovered claim=%s outcomes=%d unknown=%d", left.claim_id, len(left.outcomes), len(cut_off)
    )
    return True


def give_up_lost(parts: Parts, school_id: UUID) -> None:
    """Claims past lease and grace whose journal is not here: what they still hold is unknown."""
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        lost = session.scalars(
            select(DeliveryClaim.id).where(
                DeliveryClaim.school_id == school_id, DeliveryClaim.lease_until < now - GRACE
            )
        ).all()
        for claim_id in lost:
            if not journal.has_journal(parts.settings.data_dir, claim_id):
                recording.give_up(session, claim_id, LOST, now)
                recording.end_claim(session, claim_id)
                log.warning("given up as lost claim=%s", claim_id)


def lost_at_earliest(session: Session, now: datetime) -> datetime | None:
    """When to look again whether a claim was lost. One past its time has an owner that lives."""
    first = session.scalar(
        select(func.min(DeliveryClaim.lease_until)).where(
            DeliveryClaim.school_id == school_of(session)
        )
    )
    return None if first is None else max(first + GRACE, now + LOOK_AGAIN)
