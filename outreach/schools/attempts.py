"""Limits by account and purpose: refused sign-ins and asked-for resets, as rows.

Counted by a hash of the address as typed, so that an unknown address behaves like a known one.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach.mail.addresses import normalise
from outreach.schools.models import AccountAttempt

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """`tries` within `window` close the purpose, for this address, for `closed_for`."""

    tries: int
    window: timedelta
    closed_for: timedelta


class Attempt(Enum):
    SIGN_IN = "sign_in"
    RESET = "reset"


LIMITS = {
    Attempt.SIGN_IN: Limit(10, timedelta(minutes=15), timedelta(minutes=15)),
    Attempt.RESET: Limit(3, timedelta(hours=1), timedelta(hours=1)),
}


def _subject(email: str) -> bytes:
    return hashlib.sha256(normalise(email).encode("utf-8", "replace")).digest()


def take_turn(session: Session, purpose: Attempt, email: str) -> None:
    """One try at a time for an address, until commit: else many at once would count as few."""
    key = hashlib.sha256(purpose.value.encode() + _subject(email)).digest()[:8]
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key, "big", signed=True))))


def is_closed(session: Session, purpose: Attempt, email: str, now: datetime) -> bool:
    limit = LIMITS[purpose]
    latest = session.scalars(
        select(AccountAttempt.at)
        .where(
            AccountAttempt.purpose == purpose.value, AccountAttempt.subject_hash == _subject(email)
        )
        .order_by(AccountAttempt.at.desc())
        .limit(limit.tries)
    ).all()
    if len(latest) < limit.tries:
        return False
    return latest[0] - latest[-1] <= limit.window and now < latest[0] + limit.closed_for


def note_attempt(session: Session, purpose: Attempt, email: str, now: datetime) -> None:
    """Write one down, and let go of those too old to count."""
    too_old = (
        select(AccountAttempt.id)
        .where(AccountAttempt.at < now - KEPT_FOR)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(AccountAttempt).where(AccountAttempt.id.in_(too_old)))
    session.add(AccountAttempt(purpose=purpose.value, subject_hash=_subject(email), at=now))
    session.flush()


def forget_attempts(session: Session, purpose: Attempt, email: str) -> None:
    session.execute(
        delete(AccountAttempt).where(
            AccountAttempt.purpose == purpose.value, AccountAttempt.subject_hash == _subject(email)
        )
    )
