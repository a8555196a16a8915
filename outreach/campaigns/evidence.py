"""What a mail that came back says about the address it was sent to, and what follows.

Hard evidence stops mail to the address for good; soft evidence only where it repeats itself, and for
a while. A rule of the school's mail system says nothing about the address: the domain is looked at.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from outreach.campaigns import held_domains, outbox
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.states import MessageState
from outreach.database import school_of
from outreach.mail.addresses import domain_of, scrub
from outreach.mail.bounces import Reading, Verdict
from outreach.mail.bounces.judging import judge
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil, SuppressionReason
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.suppressing import suppress

HAS_LEFT = frozenset({MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.BOUNCED})
"""A mail server took it, or may have."""

SOFT_MOST = 3
"""Mails to one address that came back softly, one after the other: then it is left alone for a while."""
SOFT_WITHIN = timedelta(days=30)
SOFT_REST = timedelta(days=14)

UNEXPLAINED = "unexplained"

OF_THE_MAILBOX = frozenset(
    {
        *("mailbox_full", "mailbox_trouble", UNEXPLAINED),
        *("unknown_user", "moved", "bad_address", "unknown_domain", "disabled"),
    }
)
"""Reasons that speak of one mailbox. A server that is down or full speaks of the whole school."""


def heed_bounce(
    session: Session,
    message: Message,
    pupil_id: UUID,
    reading: Reading,
    source: str,
    now: datetime,
) -> None:
    """The message is `bounced` by now, and its address was the one that failed."""
    if message.address_hash is None:
        return
    expires_at = None
    if not is_hard(reading.verdict, reading.reason):
        if not _is_soft_run(session, message, pupil_id, now):
            return
        expires_at = now + SOFT_REST
    told_by = f"{source}/{reading.reason}"
    bounced = SuppressionReason.BOUNCED
    suppress(session, message.address_hash, bounced, told_by, now, expires_at=expires_at)
    _stop_waiting(session, pupil_id, now)


def is_hard(verdict: Verdict | None, reason: str | None) -> bool:
    """A server that says “never”, and not why, may mean the mail or us."""
    return verdict is Verdict.HARD and reason != UNEXPLAINED


def heed_refusals(
    session: Session, refused: Mapping[UUID, tuple[str | None, str | None]], now: datetime
) -> None:
    """Mail that was refused for good at hand-over, by message: its code and the server's words.

    Nothing bounced, so nothing is wasted by another try: a person may send it again. An address that
    was refused before is left alone.
    """
    judged = {id: judge(code, words or "") for id, (code, words) in refused.items()}
    hard = {id: one.reason for id, one in judged.items() if is_hard(one.verdict, one.reason)}
    if not hard:
        return
    earlier, its_invitation = aliased(Message), aliased(Invitation)
    was_refused_before = exists().where(
        its_invitation.school_id == Message.school_id,
        its_invitation.pupil_id == Invitation.pupil_id,
        earlier.school_id == Message.school_id,
        earlier.invitation_id == its_invitation.id,
        earlier.id != Message.id,
        earlier.address_hash == Message.address_hash,
        earlier.state == MessageState.REFUSED,
        earlier.reason == Message.reason,
    )
    rows = session.execute(
        select(Message.id, Message.address_hash, Invitation.pupil_id)
        .join(
            Invitation,
            (Invitation.school_id == Message.school_id) & (Invitation.id == Message.invitation_id),
        )
        .where(
            Message.school_id == school_of(session),
            Message.id.in_(hard),
            Message.address_hash.is_not(None),
            was_refused_before,
        )
        .order_by(Message.address_hash)  # one order, so that no two wait crosswise
    ).all()
    for row in rows:
        told_by = f"smtp/{hard[row.id]}"
        suppress(session, row.address_hash, SuppressionReason.BOUNCED, told_by, now)
    for row in rows:
        _stop_waiting(session, row.pupil_id, now)


def heed_complaint(
    session: Session, message: Message, pupil_id: UUID, source: str, now: datetime
) -> None:
    if message.address_hash is not None:
        suppress(session, message.address_hash, SuppressionReason.COMPLAINT, source, now)
        _stop_waiting(session, pupil_id, now)


def note_rule(session: Session, message: Message, reading: Reading, now: datetime) -> None:
    """A rule at the receiving end: one alert for the domain, where it happens again and again."""
    if not message.domain:
        return
    reason = reading.reason or "policy"
    words = scrub(reading.said.encode("utf-8", "replace").decode(), reading.recipient or "")
    held_domains.note_policy(session, message.campaign_id, message.domain, reason, words, now)


def may_be_of(message: Message, recipient: str | None) -> bool:
    """Whether an address that a bounce names can be the mailbox we wrote to, under a name that the
    school's own servers have for it: at the same domain, or at one below or above."""
    if recipient is None or not message.domain:
        return True
    named = domain_of(recipient)
    return (
        named == message.domain
        or named.endswith(f".{message.domain}")
        or message.domain.endswith(f".{named}")
    )


def _is_soft_run(session: Session, message: Message, pupil_id: UUID, now: datetime) -> bool:
    """Whether as many mails to this address came back as it takes, since the last that did not."""
    to_it = (
        Message.school_id == school_of(session),
        Invitation.school_id == Message.school_id,
        Invitation.id == Message.invitation_id,
        Invitation.pupil_id == pupil_id,
        Message.address_hash == message.address_hash,
    )
    last_that_stayed = select(func.max(Message.queued_at)).where(
        *to_it, Message.state == MessageState.ACCEPTED
    )
    stayed_at = last_that_stayed.correlate(None).scalar_subquery()
    came_back = session.scalar(
        select(func.count())
        .select_from(Message)
        .where(
            *to_it,
            Message.state == MessageState.BOUNCED,
            Message.reason.in_(OF_THE_MAILBOX),
            Message.changed_at > now - SOFT_WITHIN,
            Message.queued_at > func.coalesce(stayed_at, now - 2 * SOFT_WITHIN),
        )
    )
    return (came_back or 0) >= SOFT_MOST


def _stop_waiting(session: Session, pupil_id: UUID, now: datetime) -> None:
    """At once, so that the page says so: each mail would otherwise find out when its turn comes. Where
    the pupil has another address by now, mail goes on."""
    session.flush()
    answer = session.execute(gate(at=now).where(Pupil.id == pupil_id)).one_or_none()
    if answer is None or answer.reason is not Reason.SUPPRESSED:
        return
    theirs = select(Invitation.id).where(
        Invitation.school_id == school_of(session), Invitation.pupil_id == pupil_id
    )
    outbox.stop_waiting(session, Reason.SUPPRESSED.value, now, Message.invitation_id.in_(theirs))
