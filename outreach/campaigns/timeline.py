"""What happened with one pupil in one campaign, in order: from the mail, its events, and the audit.

Everything is told from rows that are there anyway; nothing is written for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.campaigns.models import DeliveryEvent, Invitation, Message
from outreach.campaigns.states import MessageState
from outreach.campaigns.wording import STEP_NAMES, Words, event_words, reason_words
from outreach.database import school_of

PRINTED = "codes.printed"
_FIRST, _LAST = 0, 2


@dataclass(frozen=True)
class Happening:
    """`detail` says why or in whose words, and is not for viewers."""

    at: datetime
    words: str
    tone: str
    detail: str = ""
    rank: int = 1
    """Among what happened at one moment."""


_AUDITED: Mapping[str, Words] = {
    "link.asked_for": Words("A new link was asked for", "info", ""),
    "answering.opened_beside": Words("Staff opened the questions beside the pupil", "info", ""),
    "resuming.allowed": Words("Staff let the student back in to their answers", "info", ""),
    "invitation.declined": Words("The student did not want to answer", "warn", ""),
    "invitation.not_me": Words("Whoever got the mail said that it is not for them", "warn", ""),
    "invitation.resumed": Words("That was taken back: the student can answer", "info", ""),
    "invitation.mail_stopped": Words("The student asked for no more mail about this", "warn", ""),
    "invitation.mail_again": Words("Mail about this was switched on again", "info", ""),
    "code.ended_by_holder": Words("Whoever held the printed slip ended its code", "warn", ""),
    "copy.asked_for": Words("The student asked for their own copy by mail", "info", ""),
    "address.given_by_staff": Words(
        "Staff gave another address, checked with the pupil", "info", ""
    ),
    "suppression.lifted": Words("Staff let mail go to the address again", "info", ""),
    "suppression.ended_by_answer": Words("The answer showed that mail arrives", "good", ""),
    "address.is_the_pupils": Words("Staff said that the address is the pupil’s", "info", ""),
    PRINTED: Words("A slip with a code was printed", "info", ""),
}
_NOT_FOR_VIEWERS = {
    *("invitation.not_me", "invitation.mail_stopped", "invitation.mail_again"),
    *("address.given_by_staff", "address.is_the_pupils"),
    *("suppression.lifted", "suppression.ended_by_answer"),
}


def timeline(session: Session, invitation: Invitation, *, shows_why: bool) -> tuple[Happening, ...]:
    """Oldest first. Without `shows_why` no reason is told, nor what would tell one."""
    found = [
        *_of_invitation(invitation),
        *_of_mail(session, invitation),
        *_of_audit(session, invitation, shows_why=shows_why),
    ]
    if not shows_why:
        found = [Happening(one.at, one.words, one.tone, "", one.rank) for one in found]
    return tuple(sorted(found, key=lambda one: (one.at, one.rank)))


def _of_invitation(invitation: Invitation) -> Iterator[Happening]:
    detail = ""
    if invitation.excluded_reason:
        detail = f"Could not be mailed then: {reason_words(invitation.excluded_reason)}"
    yield Happening(invitation.created_at, "Asked to answer", "info", detail, _FIRST)
    if invitation.started_at is not None:
        yield Happening(invitation.started_at, "Started: a first answer is saved", "info")
    if invitation.submitted_at is not None:
        yield Happening(invitation.submitted_at, "Answered: sent in", "good")
    if invitation.written_back_at is not None:
        words = "Scored, and written into the pupil’s profile"
        yield Happening(invitation.written_back_at, words, "good", "", _LAST)
    if invitation.reopened_at is not None:
        yield Happening(invitation.reopened_at, "Staff let the student answer again", "info")


def _of_mail(session: Session, invitation: Invitation) -> Iterator[Happening]:
    messages = session.scalars(
        select(Message)
        .where(Message.school_id == school_of(session), Message.invitation_id == invitation.id)
        .order_by(Message.queued_at, Message.attempt)
    ).all()
    told = session.execute(
        select(DeliveryEvent)
        .join(
            Message,
            and_(
                Message.school_id == DeliveryEvent.school_id,
                Message.id == DeliveryEvent.message_id,
            ),
        )
        .where(
            DeliveryEvent.school_id == school_of(session), Message.invitation_id == invitation.id
        )
    ).scalars()
    by_id = {message.id: message for message in messages}
    for message in messages:
        yield from _of_message(message)
    for event in told:
        yield _of_event(event, by_id[event.message_id])


def _of_message(message: Message) -> Iterator[Happening]:
    """What is no event: that it was written, and that it was stopped or is held."""
    name = STEP_NAMES[message.step]
    again = " again" if message.attempt > 1 else ""
    yield Happening(message.queued_at, f"{name}: written{again}, to be sent", "neutral", "", _FIRST)
    if message.state in (MessageState.STOPPED, MessageState.HELD):
        is_held = message.state is MessageState.HELD
        words = f"{name}: {'held, and not sent' if is_held else 'stopped before it was sent'}"
        whys = (reason_words(message.reason), message.words)
        yield Happening(message.changed_at, words, "warn", ". ".join(one for one in whys if one))


def _of_event(event: DeliveryEvent, message: Message) -> Happening:
    said = event_words(event.kind)
    detail = " ".join(one for one in (event.status_code, event.words) if one)
    if event.words and event.status_code and event.status_code in event.words:
        detail = event.words
    if event.kind == MessageState.ACCEPTED.value:
        detail = ""  # "250 taken" explains nothing
    return Happening(event.at, f"{STEP_NAMES[message.step]}: {said.text}", said.tone, detail)


def _of_audit(session: Session, invitation: Invitation, *, shows_why: bool) -> Iterator[Happening]:
    wanted = set(_AUDITED) if shows_why else set(_AUDITED) - _NOT_FOR_VIEWERS
    is_printed = and_(
        AuditEvent.subject_id == invitation.campaign_id,
        AuditEvent.action == PRINTED,
        AuditEvent.detail["pupils"].contains([str(invitation.pupil_id)]),
    )
    about = AuditEvent.subject_id.in_([invitation.id, invitation.pupil_id])
    rows = session.execute(
        select(AuditEvent.at, AuditEvent.action).where(
            AuditEvent.school_id == school_of(session),
            AuditEvent.at >= invitation.created_at,
            or_(is_printed, and_(about, AuditEvent.action.in_(wanted))),
        )
    )
    for at, action in rows:
        said = _AUDITED[action]
        yield Happening(at, said.text, said.tone)
