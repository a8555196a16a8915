"""A student asks for their own copy by mail: one message, by the same outbox as every other."""

from datetime import datetime

from sqlalchemy import false, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.campaigns.claiming import COPIES_GO_TO
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.states import CampaignState, MessageState, MessageStep
from outreach.database import school_of
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil
from outreach.queues import Work


def may_mail_copy(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Whether the gate gives a school address, and the campaign sends. Asked again at the claim."""
    campaign = session.get_one(Campaign, (invitation.school_id, invitation.campaign_id))
    if campaign.state is not CampaignState.SENDING or is_past_closing(campaign, now):
        return False
    asked = gate(false(), at=now).where(Pupil.id == invitation.pupil_id)
    answer = session.execute(asked).one_or_none()
    return answer is not None and answer.reason is None and answer.address_kind is COPIES_GO_TO


def has_asked_for_copy(session: Session, invitation: Invitation, attempt: int) -> bool:
    """Whether the mail of this response's copy is in the outbox, whatever became of it."""
    asked = select(Message.id).where(
        Message.school_id == school_of(session),
        Message.invitation_id == invitation.id,
        Message.step == MessageStep.COPY,
        Message.attempt == attempt,
    )
    return session.scalar(asked) is not None


def queue_copy(session: Session, invitation: Invitation, attempt: int, now: datetime) -> bool:
    """Whether this was the first time. `attempt` counts the responses that the invitation had: each
    is mailed once, however often it is asked for."""
    newest = (
        select(Link.id)
        .where(Link.school_id == school_of(session), Link.invitation_id == invitation.id)
        .order_by(Link.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = insert(Message).values(
        school_id=school_of(session),
        campaign_id=invitation.campaign_id,
        invitation_id=invitation.id,
        link_id=newest,
        step=MessageStep.COPY,
        attempt=attempt,
        state=MessageState.QUEUED,
        queued_at=now,
        next_attempt_at=now,
        changed_at=now,
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Message.id)).one_or_none()
    if made is None:
        return False
    student = audit.Actor(audit.ActorKind.STUDENT, invitation.pupil_id)
    audit.record(session, now, student, "copy.asked_for", "invitation", invitation.id)
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    return True
