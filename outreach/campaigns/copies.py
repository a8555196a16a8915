"""A student asks for their own copy by mail: one message, by the same outbox as every other."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.campaigns import outbox
from outreach.campaigns.claiming import COPIES_GO_TO
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import CampaignState, MessageState, MessageStep
from outreach.database import school_of
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil
from outreach.pupils.reach.reasons import Reason
from outreach.queues import Work

MOST_COPIES = 5
"""Mails of one response's copy, where none of them arrived."""

_S = MessageState


class CopyMail(Enum):
    """What a student is told about the mail that they asked for."""

    ON_ITS_WAY = "on_its_way"
    WAITS = "waits"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


_BECAME = {
    _S.QUEUED: CopyMail.ON_ITS_WAY,
    _S.SENDING: CopyMail.ON_ITS_WAY,
    _S.DEFERRED: CopyMail.WAITS,
    _S.HELD: CopyMail.WAITS,
    _S.ACCEPTED: CopyMail.SENT,
    _S.UNKNOWN: CopyMail.UNKNOWN,
    _S.STOPPED: CopyMail.FAILED,
    _S.REFUSED: CopyMail.FAILED,
    _S.BOUNCED: CopyMail.FAILED,
}


def may_mail_copy(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Whether the gate gives a school address, and the campaign sends. Asked again at the claim."""
    campaign = session.get_one(Campaign, (invitation.school_id, invitation.campaign_id))
    if campaign.state is not CampaignState.SENDING or is_past_closing(campaign, now):
        return False
    asked = gate(false(), at=now).where(Pupil.id == invitation.pupil_id)
    answer = session.execute(asked).one_or_none()
    return answer is not None and answer.reason is None and answer.address_kind is COPIES_GO_TO


def copy_mail(session: Session, invitation: Invitation, response_id: UUID) -> CopyMail | None:
    """What became of the mail of this response's copy; None where it was not asked for."""
    asked = _asked(session, invitation, response_id)
    if not asked:
        return None
    became = _BECAME[asked[0]]
    if became is CopyMail.ON_ITS_WAY:
        campaign = session.get_one(Campaign, (invitation.school_id, invitation.campaign_id))
        return became if campaign.state is CampaignState.SENDING else CopyMail.WAITS
    return became


def may_ask_for_copy(session: Session, invitation: Invitation, response_id: UUID) -> bool:
    """Once; and again, a few times, where no mail of it can arrive any more."""
    asked = _asked(session, invitation, response_id)
    return not asked or (len(asked) < MOST_COPIES and _BECAME[asked[0]] is CopyMail.FAILED)


def queue_copy(session: Session, invitation: Invitation, response_id: UUID, now: datetime) -> bool:
    """Whether a mail was queued: however often this is pressed, and in however many tabs, one is."""
    session.execute(
        select(Invitation.id)
        .where(Invitation.school_id == school_of(session), Invitation.id == invitation.id)
        .with_for_update()
    )
    if not may_ask_for_copy(session, invitation, response_id):
        return False
    newest = (
        select(Link.id)
        .where(Link.school_id == school_of(session), Link.invitation_id == invitation.id)
        .order_by(Link.created_at.desc())
        .limit(1)
    )
    attempts = select(func.max(Message.attempt)).where(_is_copy_of(session, invitation))
    session.add(
        Message(
            school_id=school_of(session),
            campaign_id=invitation.campaign_id,
            invitation_id=invitation.id,
            link_id=session.scalars(newest).one(),
            step=MessageStep.COPY,
            response_id=response_id,
            attempt=(session.scalar(attempts) or 0) + 1,
            state=MessageState.QUEUED,
            queued_at=now,
            next_attempt_at=now,
            changed_at=now,
        )
    )
    session.flush()
    student = audit.Actor(audit.ActorKind.STUDENT, invitation.pupil_id)
    audit.record(session, now, student, "copy.asked_for", "invitation", invitation.id)
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    return True


def queue_copies_again(session: Session, campaign: Campaign, now: datetime) -> int:
    """Copies that were held, and those that the gate had stopped and now lets through: their
    students have answered, so nobody else's mail says anything about them."""
    allowed = gate(false(), at=now).subquery()
    whose = select(Invitation.id).where(
        Invitation.school_id == campaign.school_id,
        Invitation.campaign_id == campaign.id,
        Invitation.pupil_id.in_(
            select(allowed.c.pupil_id).where(
                allowed.c.reason.is_(None), allowed.c.address_kind == COPIES_GO_TO
            )
        ),
    )
    reasons = [*(reason.value for reason in Reason), Stop.NO_SCHOOL_ADDRESS.value]
    return outbox.queue_again(
        session,
        now,
        Message.campaign_id == campaign.id,
        Message.step == MessageStep.COPY,
        Message.invitation_id.in_(whose),
        or_(Message.state == MessageState.HELD, Message.reason.in_(reasons)),
    )


def _asked(session: Session, invitation: Invitation, response_id: UUID) -> Sequence[MessageState]:
    """Where the mails of this response's copy stand, the latest first."""
    return session.scalars(
        select(Message.state)
        .where(_is_copy_of(session, invitation), Message.response_id == response_id)
        .order_by(Message.attempt.desc())
    ).all()


def _is_copy_of(session: Session, invitation: Invitation) -> ColumnElement[bool]:
    return and_(
        Message.school_id == school_of(session),
        Message.invitation_id == invitation.id,
        Message.step == MessageStep.COPY,
    )
