"""Pause, resume, cancel, close: each one conditional move. Done twice, it has one effect."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from outreach import audit, queues
from outreach.audit import SYSTEM, Actor
from outreach.campaigns import outbox
from outreach.campaigns.audience import already_answered
from outreach.campaigns.code_forgetting import forget_later
from outreach.campaigns.copies import queue_copies_again
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.launching import has_unwritten_blocks
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign, Invitation, Message
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import (
    CAMPAIGN_MOVES,
    CAN_ANSWER,
    CampaignState,
    InvitationState,
    MessageState,
    MessageStep,
    check_move,
    states_before,
)
from outreach.database import enum_type, school_of
from outreach.errors import Refusal
from outreach.pupils.gate import gate
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.queues import Work

_C = CampaignState
_OPEN = (_C.LAUNCHING, _C.SENDING, _C.PAUSED)


def pause(session: Session, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """No mail goes out; links go on working. What is in a worker's hands stops within a second."""
    campaign = find_campaign(session, campaign_id)
    if campaign.state is _C.PAUSED:
        return campaign
    _move(session, campaign, _C.PAUSED)
    return _recorded(session, campaign, "campaign.paused", actor, now)


def resume(session: Session, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """Mail goes out again, and so does mail that sharing had stopped and now allows.

    A campaign that is sending may be resumed too: after sharing was switched off and on again.
    """
    campaign = find_campaign(session, campaign_id)
    if campaign.state not in _OPEN:
        raise Refusal(f"This campaign is {campaign.state.value}, so it cannot be resumed.")
    if is_past_closing(campaign, now):
        raise Refusal("The closing date has passed, so no more mail is sent for this campaign.")
    was_paused = campaign.state is _C.PAUSED
    if was_paused:
        _set_going(session, campaign)
    again = _queue_allowed_again(session, campaign, now)
    if was_paused or again:
        for kind in (Work.LAUNCH, Work.DELIVER):
            queues.call_for(session, campaign.school_id, kind, now)
        return _recorded(session, campaign, "campaign.resumed", actor, now, queued_again=again)
    return campaign


def cancel(session: Session, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """Mail and links stop. Whoever has submitted stays submitted; everybody else is stopped."""
    campaign = find_campaign(session, campaign_id)
    if campaign.state is _C.CANCELLED:
        return campaign
    _move(session, campaign, _C.CANCELLED, ended_at=now)
    outbox.stop_waiting(session, Stop.CANCELLED, now, Message.campaign_id == campaign.id)
    session.execute(
        update(Invitation)
        .where(
            Invitation.school_id == campaign.school_id,
            Invitation.campaign_id == campaign.id,
            Invitation.state.in_(CAN_ANSWER),
        )
        .values(state=InvitationState.STOPPED, stopped_reason=Stop.CANCELLED.value)
        .execution_options(synchronize_session=False)
    )
    forget_later(session, campaign, now)
    return _recorded(session, campaign, "campaign.cancelled", actor, now)


def close(session: Session, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """No more answers and no more mail. Everything answered is kept."""
    campaign = find_campaign(session, campaign_id)
    if campaign.state is _C.CLOSED:
        return campaign
    _move(session, campaign, _C.CLOSED, ended_at=now)
    outbox.stop_waiting(session, Stop.CLOSED, now, Message.campaign_id == campaign.id)
    forget_later(session, campaign, now)
    return _recorded(session, campaign, "campaign.closed", actor, now)


def close_past(session: Session, now: datetime) -> int:
    """Close this school's campaigns whose closing date has passed, and say how many."""
    past = session.scalars(_with_closing(session).where(Campaign.closes_at <= now)).all()
    for campaign in past:
        close(session, campaign.id, SYSTEM, now)
    return len(past)


def closes_at_earliest(session: Session) -> datetime | None:
    closing = _with_closing(session).with_only_columns(func.min(Campaign.closes_at))
    return session.scalar(closing)


def _with_closing(session: Session) -> Select[Campaign]:
    return select(Campaign).where(
        Campaign.school_id == school_of(session),
        Campaign.state.in_(_OPEN),
        Campaign.closes_at.is_not(None),
    )


def _move(session: Session, campaign: Campaign, to: CampaignState, **values: object) -> None:
    """Refusal where the campaign is past it. A block being written is waited for, and seen."""
    moved = session.scalar(
        update(Campaign)
        .where(
            Campaign.school_id == campaign.school_id,
            Campaign.id == campaign.id,
            Campaign.state.in_(states_before(CAMPAIGN_MOVES, to)),
        )
        .values(state=to, **values)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(campaign)
    if moved is None and campaign.state is not to:
        raise Refusal(f"This campaign is {campaign.state.value}, so it cannot be {to.value}.")


for state in (_C.LAUNCHING, _C.SENDING):
    check_move(CAMPAIGN_MOVES, _C.PAUSED, state)


def _set_going(session: Session, campaign: Campaign) -> None:
    """Back to launching where rows are still to be written, else to sending."""
    kind = enum_type(CampaignState)
    launching, sending = literal(_C.LAUNCHING, kind), literal(_C.SENDING, kind)
    session.execute(
        update(Campaign)
        .where(
            Campaign.school_id == campaign.school_id,
            Campaign.id == campaign.id,
            Campaign.state == _C.PAUSED,
        )
        .values(state=case((has_unwritten_blocks(), launching), else_=sending))
        .execution_options(synchronize_session=False)
    )
    session.refresh(campaign)


def _queue_allowed_again(session: Session, campaign: Campaign, now: datetime) -> int:
    """Messages the gate had stopped and now lets through, and those that were held."""
    allowed = gate(already_answered(campaign.id, now), at=now).subquery()
    invited = select(Invitation.id).where(
        Invitation.school_id == campaign.school_id,
        Invitation.campaign_id == campaign.id,
        Invitation.state.in_(CAN_ANSWER),
        Invitation.mail_stopped_at.is_(None),
        Invitation.pupil_id.in_(select(allowed.c.pupil_id).where(allowed.c.reason.is_(None))),
    )
    with joining_whole_roster(session):
        return queue_copies_again(session, campaign, now) + outbox.queue_again(
            session,
            now,
            Message.campaign_id == campaign.id,
            Message.step != MessageStep.COPY,
            Message.invitation_id.in_(invited),
            ~_has_later(),
            or_(
                Message.state == MessageState.HELD,
                Message.reason.in_([reason.value for reason in Reason]),
            ),
        )


def _has_later() -> ColumnElement[bool]:
    """Over Message: a later mail asked the same. Whoever is mailed again gets one, not all of them."""
    later = aliased(Message)
    return (
        select(later.id)
        .where(
            later.school_id == Message.school_id,
            later.invitation_id == Message.invitation_id,
            later.step != MessageStep.COPY,
            later.queued_at > Message.queued_at,
        )
        .correlate(Message)
        .exists()
    )


def _recorded(
    session: Session,
    campaign: Campaign,
    action: str,
    actor: Actor,
    now: datetime,
    **detail: int,
) -> Campaign:
    audit.record(session, now, actor, action, "campaign", campaign.id, **detail)
    return campaign
