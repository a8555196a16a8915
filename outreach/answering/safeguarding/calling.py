"""Calls to read: one mail to each reader in the outbox, and never two within minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.database import school_of
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.models import Account, AccountMail, AccountMailKind, AccountMailState
from outreach.schools.safeguarding import readers

APART = timedelta(minutes=10)
"""Between two calls to one reader: a student who saves fifty urgent texts makes no fifty mails."""

NOTHING_WAITS = "Nothing waited to be read any more when this mail was to be made."
READS_NO_MORE = "This person no longer reads what students write, so no mail was made."

_S = AccountMailState


@dataclass(frozen=True)
class Called:
    """`later`: when the readers who had a call just now may have the next."""

    readers: int
    later: datetime | None


def call_readers(session: Session, now: datetime) -> Called:
    """A call for each reader who has none that is still to be made, nor had one just now.

    One that waits in the outbox counts what waits to be read when it is made. It is locked, so that
    it is not made before what the caller has written can be seen.
    """
    reached, later = 0, None
    for account_id in readers(session):
        latest = session.scalar(_latest(session, account_id).with_for_update())
        if latest is not None and latest.state is not _S.QUEUED and latest.queued_at > now - APART:
            again = latest.queued_at + APART
            later = again if later is None else min(later, again)
            continue
        if latest is None or latest.state is not _S.QUEUED:
            kind = AccountMailKind.SAFEGUARDING
            queue_account_mail(session, account_id, kind, now, school_id=school_of(session))
        reached += 1
    return Called(reached, later)


def call_uncalled(session: Session, now: datetime) -> None:
    """Readers who came, or stand in, after the others were told of what still waits."""
    oldest = session.scalar(
        select(func.min(SafeguardingFlag.opens_at)).where(
            *unread(session, now), SafeguardingFlag.told_at.is_not(None)
        )
    )
    if oldest is None:
        return
    called = set(
        session.scalars(
            select(AccountMail.account_id).where(
                *_calls(session),
                or_(AccountMail.ended_at.is_(None), AccountMail.ended_at >= oldest),
            )
        )
    )
    for account_id in readers(session):
        if account_id not in called:
            kind = AccountMailKind.SAFEGUARDING
            queue_account_mail(session, account_id, kind, now, school_id=school_of(session))


def undelivered_to(session: Session, now: datetime) -> list[str]:
    """Addresses of readers whose latest call did not reach them while something waits."""
    if session.scalar(select(SafeguardingFlag.id).where(*unread(session, now)).limit(1)) is None:
        return []
    found = []
    for account_id in readers(session):
        latest = session.scalar(_latest(session, account_id))
        if latest is not None and _is_undelivered(latest):
            found.append(session.get_one(Account, account_id).email)
    return sorted(found)


def _is_undelivered(call: AccountMail) -> bool:
    if call.state is _S.QUEUED:  # put off by the mail server
        return call.words is not None
    return call.state in (_S.FAILED, _S.UNKNOWN) and call.words != NOTHING_WAITS


def _latest(session: Session, account_id: UUID) -> Select[AccountMail]:
    return (
        select(AccountMail)
        .where(*_calls(session), AccountMail.account_id == account_id)
        .order_by(AccountMail.queued_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def unread(session: Session, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """On the list and waiting to be read."""
    return (
        SafeguardingFlag.school_id == school_of(session),
        SafeguardingFlag.opens_at <= now,
        SafeguardingFlag.seen_at.is_(None),
    )


def is_reader(session: Session, account_id: UUID | None) -> bool:
    return account_id in readers(session)


def _calls(session: Session) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountMail.school_id == school_of(session),
        AccountMail.kind == AccountMailKind.SAFEGUARDING,
    )
