"""News of a mail that has left: it came back, is late, was complained about, was answered by a machine.

Whoever brings it (the receiver of bounces, a mailbox, a provider's webhook), it ends here. It is
believed only with the signed return path of the message: anybody can write a mail that looks like a
bounce, and what it says of itself is for showing. A piece of news is told once, however often it comes.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach.campaigns import events, evidence
from outreach.campaigns.events import Fact
from outreach.campaigns.models import DeliveryEvent, Invitation, Message
from outreach.campaigns.return_paths import read_return_path
from outreach.campaigns.states import MESSAGE_MOVES, MessageState, states_before
from outreach.database import enter_school, school_of
from outreach.mail.bounces import Kind, Reading, Verdict, read_each, words_of
from outreach.parts import Parts
from outreach.pupils.addresses import address_key, hash_address
from outreach.schools.models import School
from outreach.signing import BadToken, TokenSubject

log = logging.getLogger(__name__)

MOST_EVENTS = 30
"""Of one message from outside. Whoever holds its return path can write no more into our tables."""

PASSED_ON = "The mail was passed on to another address, which did not take it."

KIND_OF_EVENT = {
    Kind.BOUNCE: MessageState.BOUNCED.value,
    Kind.DELAYED: "delayed",
    Kind.OUT_OF_OFFICE: "out_of_office",
    Kind.COMPLAINT: "complaint",
    Kind.CHALLENGE: "challenge",
}


class StillUnderWay(Exception):
    """The mail came back before we noted that it was taken. Whoever brings the news tries again."""


class Taken(Enum):
    """What was done with a piece of news."""

    NOTED = "noted"
    KNOWN = "known"
    NOTHING = "nothing"  # it says nothing about a delivery: a person's reply, a receipt
    NOT_OURS = "not_ours"  # no signed return path, or of a message that is gone


@dataclass(frozen=True)
class News:
    """`source` says who brought it. `event_id` names it: brought twice, it is the same."""

    source: str
    event_id: str
    readings: Sequence[Reading]


def take_in(
    session: Session, parts: Parts, recipient: str, raw: bytes, source: str, now: datetime
) -> Taken:
    """A mail that came to `recipient`, as its envelope has it. Raises StillUnderWay."""
    try:
        subject = read_return_path(parts.settings, parts.signer, recipient)
    except BadToken:
        log.warning("a mail to no return path of ours source=%s", source)
        return Taken.NOT_OURS
    event_id = hashlib.sha256(raw).hexdigest()[:32]
    return take_news(session, subject, News(source, event_id, read_each(raw)), now)


def take_news(session: Session, subject: TokenSubject, news: News, now: datetime) -> Taken:
    """About the message that a verified token names. Enters its school. Raises StillUnderWay."""
    school = session.scalar(select(School).where(School.key == subject.school_key))
    if school is None:
        return Taken.NOT_OURS
    enter_school(session, school.id)
    message = _locked(session, subject.row_id)
    if message is None:
        return Taken.NOT_OURS
    reading, is_passed_on = _about(session, message, news.readings)
    if reading.kind not in KIND_OF_EVENT:
        return Taken.NOTHING
    if message.state is MessageState.SENDING:
        raise StillUnderWay
    fact = _fact(message.id, news, reading, now, is_passed_on=is_passed_on)
    if _is_told(session, fact):
        return Taken.KNOWN
    events.append_all(session, [fact])
    _act(session, message, reading, fact, now, is_passed_on=is_passed_on)
    log.info("news kind=%s source=%s message=%s", fact.kind, news.source, message.id)
    return Taken.NOTED


def _act(
    session: Session,
    message: Message,
    reading: Reading,
    fact: Fact,
    now: datetime,
    *,
    is_passed_on: bool,
) -> None:
    """Out-of-office answers, challenges and delays are facts, and change nothing else. Of a rule one
    message tells once: whoever holds its return path cannot make a run for a whole domain of it."""
    has_left = message.state in evidence.HAS_LEFT
    came_back_before = message.state is MessageState.BOUNCED
    if reading.kind is Kind.BOUNCE:
        _move(session, message, reading, fact, now)
    if not has_left or is_passed_on:
        return
    pupil_id = _pupil_of(session, message)
    if reading.kind is Kind.COMPLAINT:
        evidence.heed_complaint(session, message, pupil_id, fact.source, now)
    elif reading.kind is not Kind.BOUNCE:
        return
    elif reading.verdict is not Verdict.POLICY:
        evidence.heed_bounce(session, message, pupil_id, reading, fact.source, now)
    elif not came_back_before:
        evidence.note_rule(session, message, reading, now)


def _locked(session: Session, message_id: UUID) -> Message | None:
    """One piece of news about a message at a time."""
    return session.scalar(
        select(Message)
        .where(Message.school_id == school_of(session), Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _about(session: Session, message: Message, readings: Sequence[Reading]) -> tuple[Reading, bool]:
    """What is said of this message's own recipient, and whether it is of another address: one that
    the mailbox passes its mail on to. Then nothing is known against the mailbox itself."""
    key = address_key(session)
    for reading in readings:
        if (
            reading.recipient is not None
            and hash_address(key, reading.recipient) == message.address_hash
        ):
            return reading, False
    first = readings[0]
    return first, not evidence.may_be_of(message, first.recipient)


def _fact(
    message_id: UUID, news: News, reading: Reading, now: datetime, *, is_passed_on: bool
) -> Fact:
    words = words_of(reading)
    if is_passed_on and reading.kind is Kind.BOUNCE:
        words = f"{PASSED_ON} {words}"
    kind = KIND_OF_EVENT[reading.kind]
    event_id = f"{message_id}/{news.event_id}"
    return Fact(message_id, news.source, event_id, kind, now, reading.status, words)


def _is_told(session: Session, fact: Fact) -> bool:
    """Or more was told about this message than any real mail server would."""
    here = DeliveryEvent.school_id == school_of(session)
    is_this = (DeliveryEvent.source == fact.source, DeliveryEvent.event_id == fact.event_id)
    if session.scalar(select(DeliveryEvent.id).where(here, *is_this)) is not None:
        return True
    from_outside = DeliveryEvent.kind.in_(KIND_OF_EVENT.values())
    told = session.scalar(
        select(func.count())
        .select_from(DeliveryEvent)
        .where(here, DeliveryEvent.message_id == fact.message_id, from_outside)
    )
    if (told or 0) < MOST_EVENTS:
        return False
    log.warning("too much news about one message=%s", fact.message_id)
    return True


def _move(session: Session, message: Message, reading: Reading, fact: Fact, now: datetime) -> None:
    """Accepted or unknown becomes bounced. What never left, or came back before, stays as it is."""
    session.execute(
        update(Message)
        .where(
            Message.school_id == message.school_id,
            Message.id == message.id,
            Message.state.in_(states_before(MESSAGE_MOVES, MessageState.BOUNCED)),
        )
        .values(
            state=MessageState.BOUNCED,
            reason=reading.reason or "unexplained",
            words=fact.words,
            status_code=reading.status,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _pupil_of(session: Session, message: Message) -> UUID:
    return session.scalars(
        select(Invitation.pupil_id).where(
            Invitation.school_id == message.school_id, Invitation.id == message.invitation_id
        )
    ).one()
