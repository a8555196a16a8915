"""Telling the safeguarding lead that something waits to be read: at once where it is urgent, else
once in the morning. The mail holds no name and no word of an answer, only the way to the list."""

from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import queues
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.clock import london
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.queues import Work
from outreach.schools.access import SAFEGUARDING
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.composing import mail_to_staff
from outreach.schools.models import Account, AccountMail, AccountMailKind, School
from outreach.schools.safeguarding import readers

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


def call_for_digest(session: Session, opens_at: datetime) -> None:
    """A worker looks in the first morning after the flag opens."""
    queues.note_due(session, school_of(session), Work.SAFEGUARDING, next_morning(opens_at))


def tell_waiting(session: Session, now: datetime) -> int:
    """Queue one mail to each reader about all that waits and nobody was told of. Says how many
    flags that were; asked twice, it tells once."""
    session.flush()
    told = session.scalars(
        update(SafeguardingFlag)
        .where(
            SafeguardingFlag.school_id == school_of(session),
            SafeguardingFlag.opens_at <= now,
            SafeguardingFlag.told_at.is_(None),
            SafeguardingFlag.seen_at.is_(None),
        )
        .values(told_at=now)
        .returning(SafeguardingFlag.id)
        .execution_options(synchronize_session=False)
    ).all()
    if told:
        for account_id in readers(session):
            _queue(session, account_id, now)
    return len(told)


def tells_at_earliest(session: Session) -> datetime | None:
    """When the next mail of the day is due, if anything waits."""
    first: datetime | None = session.scalar(
        select(func.min(SafeguardingFlag.opens_at)).where(
            SafeguardingFlag.school_id == school_of(session),
            SafeguardingFlag.told_at.is_(None),
            SafeguardingFlag.seen_at.is_(None),
        )
    )
    return None if first is None else next_morning(first)


def _queue(session: Session, account_id: UUID, now: datetime) -> None:
    kind = AccountMailKind.SAFEGUARDING
    queue_account_mail(session, account_id, kind, now, school_id=school_of(session))


def compose_call(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Of the school that the session has entered. Refusal where all was read meanwhile."""
    now = parts.clock()
    unread, urgent = session.execute(
        select(func.count(), func.count().filter(SafeguardingFlag.is_urgent)).where(
            SafeguardingFlag.school_id == school_of(session),
            SafeguardingFlag.opens_at <= now,
            SafeguardingFlag.seen_at.is_(None),
        )
    ).one()
    if not unread:
        raise Refusal("All of it was read before the mail was sent.")
    words = {
        "school": session.get_one(School, school_of(session)).name,
        "unread": unread,
        "urgent": urgent,
        "link": f"{parts.settings.public_url}{SAFEGUARDING}",
    }
    address = session.get_one(Account, account_mail.account_id).email
    return mail_to_staff(parts, account_mail, "safeguarding", address, words, now)
