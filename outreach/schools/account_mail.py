"""The outbox of mail to staff: what is queued, who sends it, and what became of it (Law 8).

A row is claimed under a lease, one at a time. The intent to hand over is committed before the
first byte of the body leaves; a row whose lease ran out after that is `unknown` and never resent.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from outreach.mail.outcomes import Outcome, Verdict
from outreach.queues import Bell, Work, ring_after_commit
from outreach.schools.models import (
    AccountMail,
    AccountMailKind,
    AccountMailState,
    AccountSchool,
    School,
)

LEASE = timedelta(seconds=90)
"""How soon another worker looks after a crash. Slower mail is safe: see `begin_handing_over`."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=20), timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=24)

_S = AccountMailState


class LeaseLost(Exception):
    """Another worker has taken this mail, or its fate is settled: this one must not send it."""


@dataclass(frozen=True)
class Claim:
    """One mail for one worker. `attempt` tells this worker's turn from a later one's."""

    mail_id: UUID
    account_id: UUID | None
    kind: AccountMailKind
    school_id: UUID | None
    attempt: int


def queue_account_mail(
    session: Session,
    account_id: UUID | None,
    kind: AccountMailKind,
    now: datetime,
    *,
    school_id: UUID | None = None,
    campaign_id: UUID | None = None,
    change_id: UUID | None = None,
    it_test_id: UUID | None = None,
    step: str | None = None,
) -> UUID:
    """Write a mail into the outbox and ring for it. A test send names its school and campaign.

    Without an account it goes to the data protection contact of `school_id`, or to the address of
    the IT team's test.
    """
    row = AccountMail(
        account_id=account_id,
        kind=kind,
        school_id=school_id,
        campaign_id=campaign_id,
        change_id=change_id,
        it_test_id=it_test_id,
        step=step,
        state=_S.QUEUED,
        queued_at=now,
        next_attempt_at=now,
    )
    session.add(row)
    session.flush()
    ring_after_commit(session, Bell(Work.ACCOUNT_MAIL, None))
    return row.id


def _is_waiting(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(AccountMail.state == _S.QUEUED, AccountMail.next_attempt_at <= now),
        and_(AccountMail.state == _S.SENDING, AccountMail.lease_until <= now),
    )


def is_account_mail_due(session: Session, now: datetime) -> bool:
    """Whether a worker should be rung: for the schedule, which finds what lost bells left."""
    due = select(AccountMail.id).where(_is_waiting(now)).limit(1)
    return session.scalar(due) is not None


def claim_account_mail(session: Session, now: datetime) -> Claim | None:
    """Take the mail that has waited longest. Mail cut off while its body was leaving is settled."""
    session.execute(
        update(AccountMail)
        .where(
            AccountMail.state == _S.SENDING,
            AccountMail.lease_until <= now,
            AccountMail.handing_over_since.is_not(None),
        )
        .values(
            state=_S.UNKNOWN,
            words="The service stopped while this mail was being handed over.",
            lease_until=None,
            ended_at=now,
        )
    )
    row = session.scalar(
        select(AccountMail)
        .where(_is_waiting(now))
        .order_by(AccountMail.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    row.state = _S.SENDING
    row.attempts += 1
    row.lease_until = now + LEASE
    row.next_attempt_at = now + LEASE  # one that kills its worker goes behind the others
    session.flush()
    return Claim(row.id, row.account_id, row.kind, row.school_id, row.attempts)


def must_be_held(session: Session, claim: Claim) -> bool:
    """Whether the mail is a demonstration's: of a demo school, or of an account that has no other.

    Such mail goes to the catcher of this service alone.
    """
    schools = select(School.is_demo)
    if claim.school_id is not None:
        schools = schools.where(School.id == claim.school_id)
    else:
        schools = schools.join(AccountSchool, AccountSchool.school_id == School.id).where(
            AccountSchool.account_id == claim.account_id
        )
    found = session.scalars(schools).all()
    return bool(found) and all(found)


def hold(session: Session, claim: Claim, now: datetime) -> None:
    words = "This is a demonstration, whose mail is not sent through a real mail server."
    _settle(session, claim, _S.HELD, now, words)


def begin_handing_over(session: Session, claim: Claim, now: datetime) -> None:
    """The intent, to be committed before the first byte of the body. Raises LeaseLost."""
    intended = session.scalar(
        update(AccountMail)
        .where(
            AccountMail.id == claim.mail_id,
            AccountMail.state == _S.SENDING,
            AccountMail.attempts == claim.attempt,
        )
        .values(handing_over_since=now, lease_until=now + LEASE)
        .returning(AccountMail.id)
    )
    if intended is None:
        raise LeaseLost


def record_outcome(session: Session, claim: Claim, outcome: Outcome, now: datetime) -> None:
    """What became of it. A reply that comes after the lease ran out still tells the truth."""
    match outcome.verdict:
        case Verdict.ACCEPTED:
            _settle(session, claim, _S.SENT, now, None)
        case Verdict.REFUSED:
            _settle(session, claim, _S.FAILED, now, outcome.words)
        case Verdict.UNKNOWN:
            _settle(session, claim, _S.UNKNOWN, now, outcome.words)
        case Verdict.DEFERRED | Verdict.NOT_SENT:
            _put_off(session, claim, outcome, now)


def fail(session: Session, claim: Claim, words: str, now: datetime) -> None:
    """It cannot be composed or addressed, and trying again would not help."""
    _settle(session, claim, _S.FAILED, now, words)


def _settle(
    session: Session, claim: Claim, state: AccountMailState, now: datetime, words: str | None
) -> None:
    session.execute(
        update(AccountMail)
        .where(*_mine(claim))
        .values(state=state, words=words, lease_until=None, ended_at=now)
    )


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountMail.id == claim.mail_id,
        AccountMail.attempts == claim.attempt,
        AccountMail.state.in_([_S.SENDING, _S.UNKNOWN]),
    )


def _put_off(session: Session, claim: Claim, outcome: Outcome, now: datetime) -> None:
    row = session.scalar(select(AccountMail).where(*_mine(claim)).with_for_update())
    if row is None:
        return
    row.words, row.lease_until, row.handing_over_since = outcome.words, None, None
    if now - row.queued_at >= GIVE_UP_AFTER:
        row.state, row.ended_at = _S.FAILED, now
        return
    row.state, row.ended_at = _S.QUEUED, None
    row.next_attempt_at = now + wait_before(claim.attempt + 1)


def wait_before(attempt: int) -> timedelta:
    """Growing waits, with up to a fifth more so that many put off together come back apart."""
    wait = min(FIRST_WAIT * (1 << min(attempt - 2, 12)), LONGEST_WAIT)
    return wait * random.uniform(1.0, 1.2)  # noqa: S311 -- spreads load, guards nothing
