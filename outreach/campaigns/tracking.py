"""What a student does, seen by the campaign: started, submitted, declined, asked for no mail.

Every move is one conditional UPDATE: done twice, or in two tabs at once, it has one effect.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, aliased

from outreach import audit
from outreach.campaigns import events, outbox
from outreach.campaigns.events import Fact
from outreach.campaigns.links import gone_because
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import (
    ANSWERED,
    CAN_ANSWER,
    INVITATION_MOVES,
    InvitationState,
    MessageState,
    MessageStep,
    check_move,
)
from outreach.database import school_of
from outreach.pupils import suppressing
from outreach.pupils.objections import objecting
from outreach.pupils.reach.reasons import Reason

_I = InvitationState
_BY_STUDENT = (Stop.DECLINED.value, Stop.NOT_ME.value)


def mark_started(
    session: Session, invitation: Invitation, now: datetime, *, has_mail: bool = True
) -> bool:
    """A first answer is saved. Whoever answers by a mailed link has the mail: an unknown one is
    accepted. A code or staff says nothing about the mail (`has_mail` is false)."""
    moved = _move(session, invitation, [_I.NOT_STARTED], _I.STARTED, started_at=now)
    if moved and has_mail:
        _settle_unknown(session, invitation, now)
    return moved


def mark_submitted(
    session: Session, invitation: Invitation, now: datetime, *, has_mail: bool = True
) -> bool:
    """Stops whatever still waits to be mailed. Submitting takes back an earlier decline."""
    moved = _submit(session, invitation, now)
    if not moved and undo_decline(session, invitation, now, mail_again=False):
        moved = _submit(session, invitation, now)
    if moved:
        outbox.stop_waiting(session, Stop.SUBMITTED, now, Message.invitation_id == invitation.id)
        if has_mail:
            _settle_unknown(session, invitation, now)
    return moved


def mark_written_back(session: Session, invitation: Invitation, now: datetime) -> bool:
    return _move(session, invitation, [_I.SUBMITTED], _I.WRITTEN_BACK, written_back_at=now)


def reopen(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Staff let the student answer again. Whether this link is the way to do so.

    In a campaign that is over the invitation keeps its state, for the counts of that campaign: the
    student may then answer by another.
    """
    session.execute(
        update(Invitation)
        .where(Invitation.school_id == school_of(session), Invitation.id == invitation.id)
        .values(reopened_at=now)
        .execution_options(synchronize_session=False)
    )
    campaign = session.get_one(Campaign, (invitation.school_id, invitation.campaign_id))
    if gone_because(None, campaign.state, campaign.closes_at, now) is not None:
        session.refresh(invitation)
        return False
    return _move(session, invitation, ANSWERED, _I.NOT_STARTED, started_at=None)


def decline(session: Session, invitation: Invitation, now: datetime) -> bool:
    """ "I do not want to answer": no more mail for this invitation. Reversible."""
    return _stop(session, invitation, Stop.DECLINED, now)


def end_slip(session: Session, link: Link, now: datetime) -> None:
    """ "I do not want to answer", by a printed code. Who holds the slip is not known: so only its
    code ends, and mail, the mailed link and the invitation stay as they are."""
    ended = session.scalar(
        update(Link)
        .where(Link.school_id == school_of(session), Link.id == link.id, Link.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Link.invitation_id)
        .execution_options(synchronize_session=False)
    )
    if ended is not None:
        holder = audit.Actor(audit.ActorKind.STUDENT)
        audit.record(
            session, now, holder, "code.ended_by_holder", "invitation", ended, link=str(link.id)
        )


def not_me(session: Session, invitation: Invitation, now: datetime) -> bool:
    """ "This is not for me": the address may be somebody else's. Reversible.

    The pupil is not mailed there again, by any campaign, until the roster has another address.
    """
    moved = _stop(session, invitation, Stop.NOT_ME, now)
    if moved:
        reached = _hashes_reached(session, invitation)
        suppressing.note_wrong_person(session, invitation.pupil_id, reached, now)
    return moved


def reach_again(session: Session, invitation: Invitation, by: audit.Actor, now: datetime) -> bool:
    """Staff gave the pupil another address: what a stranger said at the old one does not bind them.

    Whether that had stopped it. The old address stays wrong for this pupil.
    """
    for state, condition in (
        (_I.STARTED, Invitation.started_at.is_not(None)),
        (_I.NOT_STARTED, Invitation.started_at.is_(None)),
    ):
        was_not_me = Invitation.stopped_reason == Stop.NOT_ME.value
        moves = ([_I.STOPPED], state, was_not_me, condition)
        if _move(session, invitation, *moves, stopped_reason=None):
            audit.record(session, now, by, "invitation.resumed", "invitation", invitation.id)
            return True
    return False


def undo_decline(
    session: Session, invitation: Invitation, now: datetime, *, mail_again: bool = True
) -> bool:
    """Back to where it was. Mail that `decline` stopped waits again; none is sent twice."""
    by_student = Invitation.stopped_reason.in_(_BY_STUDENT)
    was_not_me = invitation.stopped_reason == Stop.NOT_ME.value
    for state, condition in (
        (_I.STARTED, Invitation.started_at.is_not(None)),
        (_I.NOT_STARTED, Invitation.started_at.is_(None)),
    ):
        moves = ([_I.STOPPED], state, by_student, condition)
        if _move(session, invitation, *moves, stopped_reason=None):
            _record(session, invitation, "invitation.resumed", now)
            if was_not_me:
                reached = _hashes_reached(session, invitation)
                suppressing.take_back_wrong_person(
                    session, invitation.pupil_id, now, address_hashes=reached
                )
            if mail_again:
                _queue_again(session, invitation, now)
            return True
    return False


def unsubscribe(session: Session, invitation: Invitation, now: datetime) -> bool:
    """No more mail to this pupil, from any campaign. The link goes on working."""
    objected = objecting.object_to_mail(session, invitation.pupil_id, "student", None, now)
    outbox.stop_waiting(session, Reason.OBJECTED.value, now, _of_pupil(invitation))
    return objected


def _submit(session: Session, invitation: Invitation, now: datetime) -> bool:
    return _move(
        session,
        invitation,
        CAN_ANSWER,
        _I.SUBMITTED,
        started_at=func.coalesce(Invitation.started_at, now),
        submitted_at=now,
        reopened_at=None,
    )


def _stop(session: Session, invitation: Invitation, why: Stop, now: datetime) -> bool:
    moved = _move(session, invitation, CAN_ANSWER, _I.STOPPED, stopped_reason=why.value)
    if moved:
        outbox.stop_waiting(session, why, now, Message.invitation_id == invitation.id)
        _record(session, invitation, f"invitation.{why.value}", now)
    return moved


def _move(
    session: Session,
    invitation: Invitation,
    before: Collection[InvitationState],
    after: InvitationState,
    *conditions: ColumnElement[bool],
    **values: object,
) -> bool:
    for state in before:
        check_move(INVITATION_MOVES, state, after)
    moved = session.scalar(
        update(Invitation)
        .where(
            Invitation.school_id == school_of(session),
            Invitation.id == invitation.id,
            Invitation.state.in_(before),
            *conditions,
        )
        .values(state=after, **values)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(invitation)
    return moved is not None


def _settle_unknown(session: Session, invitation: Invitation, now: datetime) -> None:
    """An answer settles an unknown mail, unless another mail of the invitation brought the link. An
    address that mail stopped for, because some came back, has then brought one too."""
    reached = _hashes_reached(session, invitation)
    suppressing.note_delivery(session, invitation.pupil_id, reached, now)
    other = aliased(Message)
    arrived = select(other.id).where(
        other.school_id == Message.school_id,
        other.invitation_id == Message.invitation_id,
        other.state == MessageState.ACCEPTED,
        other.step != MessageStep.COPY,
    )
    settled = session.scalars(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.invitation_id == invitation.id,
            Message.state == MessageState.UNKNOWN,
            Message.step != MessageStep.COPY,
            ~arrived.exists(),
        )
        .values(state=MessageState.ACCEPTED, reason="answered", words=None, changed_at=now)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    accepted = MessageState.ACCEPTED.value
    events.append_all(session, [Fact(id, "answer", str(id), accepted, now) for id in settled])


def _hashes_reached(session: Session, invitation: Invitation) -> set[bytes]:
    """Addresses at which a mail server took, or may have taken, a mail whose link still works."""
    rows = session.scalars(
        select(Message.address_hash)
        .join(Link, (Link.school_id == Message.school_id) & (Link.id == Message.link_id))
        .where(
            Message.school_id == school_of(session),
            Message.invitation_id == invitation.id,
            Message.state.in_([MessageState.ACCEPTED, MessageState.UNKNOWN]),
            Link.revoked_at.is_(None),
        )
    )
    return {address_hash for address_hash in rows if address_hash is not None}


def _of_pupil(invitation: Invitation) -> ColumnElement[bool]:
    theirs = select(Invitation.id).where(
        Invitation.school_id == invitation.school_id, Invitation.pupil_id == invitation.pupil_id
    )
    return Message.invitation_id.in_(theirs)


def _queue_again(session: Session, invitation: Invitation, now: datetime) -> None:
    """Only what the outbox may still send: campaign and link are asked again at the claim."""
    outbox.queue_again(
        session,
        now,
        Message.invitation_id == invitation.id,
        Message.state == MessageState.STOPPED,
        Message.reason.in_(_BY_STUDENT),
    )


def _record(session: Session, invitation: Invitation, action: str, now: datetime) -> None:
    student = audit.Actor(audit.ActorKind.STUDENT, invitation.pupil_id)
    audit.record(session, now, student, action, "invitation", invitation.id)
