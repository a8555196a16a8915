"""Telling the safeguarding lead that something waits to be read: at once where it is urgent, else
in the morning, and again each morning until it is read. The mail holds no name and no word of an
answer, only the way to the list."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.answering.safeguarding.calling import (
    NOTHING_WAITS,
    READS_NO_MORE,
    call_readers,
    call_uncalled,
    is_reader,
    unread,
)
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.clock import london
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.queues import Work
from outreach.schools.access import SAFEGUARDING
from outreach.schools.composing import mail_to_staff
from outreach.schools.models import Account, AccountMail, School

MORNING = time(7, 30)
"""In London: before lessons begin, so that somebody can be spoken to the same day."""


def next_morning(moment: datetime) -> datetime:
    """The first time at or after `moment` at which the mail of the day goes."""
    local = london(moment)
    first = local.replace(hour=MORNING.hour, minute=MORNING.minute, second=0, microsecond=0)
    wanted = first if first >= local else _at_morning(local + timedelta(days=1))
    return wanted.astimezone(moment.tzinfo)


def _at_morning(local: datetime) -> datetime:
    """Built anew from the day, so that it is 7.30 on the day the clocks change too."""
    return datetime.combine(local.date(), MORNING, tzinfo=local.tzinfo)


def call_for_digest(session: Session, at: datetime) -> None:
    """A worker looks at `at`."""
    queues.note_due(session, school_of(session), Work.SAFEGUARDING, at)


def call_now(session: Session, flag: SafeguardingFlag, now: datetime) -> None:
    """About one urgent text, in the transaction that saved it. A reader who had a call just now
    gets the next a few minutes later, from a worker."""
    _note_told(session, [flag], now)


def tell_waiting(session: Session, now: datetime) -> int:
    """Call the readers about all that waits, if a call about any of it is due. Says how many texts
    that were; asked twice, it tells once. What a student is just writing waits for the next turn.
    """
    session.flush()
    waiting = session.scalars(
        select(SafeguardingFlag)
        .where(*unread(session, now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    told = 0
    if any(flag.call_at <= now for flag in waiting):
        told = _note_told(session, waiting, now)
    call_uncalled(session, now)
    return told


def _note_told(session: Session, flags: Sequence[SafeguardingFlag], now: datetime) -> int:
    """Told is what at least one reader is called about; who had a call just now is called later."""
    called = call_readers(session, now)
    next_call = next_morning(now + timedelta(seconds=1)) if called.later is None else called.later
    for flag in flags:
        flag.call_at = next_call
        if called.readers:
            flag.told_at = now
    session.flush()
    call_for_digest(session, next_call)
    return len(flags) if called.readers else 0


def tells_at_earliest(session: Session) -> datetime | None:
    """When the next call is due, if anything is still to be read."""
    first: datetime | None = session.scalar(
        select(func.min(SafeguardingFlag.call_at)).where(
            SafeguardingFlag.school_id == school_of(session), SafeguardingFlag.seen_at.is_(None)
        )
    )
    return first


def compose_call(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Of the school that the session has entered. Refusal where nothing waits any more, or where
    the person was a reader when it was queued and is none now."""
    if not is_reader(session, account_mail.account_id):
        raise Refusal(READS_NO_MORE)
    now = parts.clock()
    waiting, urgent = session.execute(
        select(func.count(), func.count().filter(SafeguardingFlag.is_urgent)).where(
            *unread(session, now)
        )
    ).one()
    if not waiting:
        raise Refusal(NOTHING_WAITS)
    words = {
        "school": session.get_one(School, school_of(session)).name,
        "unread": waiting,
        "urgent": urgent,
        "link": f"{parts.settings.public_url}{SAFEGUARDING}",
    }
    address = session.get_one(Account, account_mail.account_id).email
    return mail_to_staff(parts, account_mail, "safeguarding", address, words, now)
