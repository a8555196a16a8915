"""A person sends mail again whose fate was unknown, refused or bounced: a new attempt of each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from outreach import audit, queues
from outreach.audit import Actor
from outreach.campaigns.audience import already_answered
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.states import CAN_ANSWER, CampaignState, MessageState, MessageStep
from outreach.database import enum_type, school_of
from outreach.errors import Refusal
from outreach.pupils.gate import gate
from outreach.queues import Work

RESENDABLE = (MessageState.UNKNOWN, MessageState.REFUSED, MessageState.BOUNCED)
COLUMNS = (
    *("school_id", "campaign_id", "invitation_id", "link_id", "step", "attempt", "state"),
    *("queued_at", "next_attempt_at", "changed_at"),
)


def resend(
    session: Session, campaign_id: UUID, state: MessageState, actor: Actor, now: datetime
) -> int:
    """Queue a new attempt, with the same link, for each invitation whose last mail is in `state`.

    Asked twice, it queues once: the new attempt is then the last. Whoever may not be mailed now,
    has answered or does not want to is left out.
    """
    if state not in RESENDABLE:
        raise Refusal("Only mail that is unknown, refused or bounced can be sent again.")
    campaign = find_campaign(session, campaign_id)
    if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
        words = f"This campaign is {campaign.state.value}."
        raise Refusal(f"{words} Mail is sent again only while a campaign is sending or paused.")
    again = _again(session, campaign, state, now)
    queued = session.scalars(
        insert(Message).from_select(COLUMNS, again).on_conflict_do_nothing().returning(Message.id)
    ).all()
    if queued:
        queues.call_for(session, campaign.school_id, Work.DELIVER, now)
        detail: dict[str, str | int] = {"state": state.value, "queued": len(queued)}
        audit.record(session, now, actor, "campaign.resent", "campaign", campaign.id, **detail)
    return len(queued)


def _again(
    session: Session, campaign: Campaign, state: MessageState, now: datetime
) -> Select[*tuple[Any, ...]]:
    """The rows of the new attempts, in the order of COLUMNS."""
    later = aliased(Message)
    has_later = select(later.id).where(
        later.school_id == Message.school_id,
        later.invitation_id == Message.invitation_id,
        later.step == Message.step,
        later.attempt > Message.attempt,
    )
    allowed = gate(already_answered(campaign.id, now), at=now).subquery()
    return (
        select(
            Message.school_id,
            Message.campaign_id,
            Message.invitation_id,
            Message.link_id,
            Message.step,
            Message.attempt + 1,
            literal(MessageState.QUEUED, enum_type(MessageState)),
            literal(now),
            literal(now),
            literal(now),
        )
        .join(
            Invitation,
            (Invitation.school_id == Message.school_id) & (Invitation.id == Message.invitation_id),
        )
        .join(Link, (Link.school_id == Message.school_id) & (Link.id == Message.link_id))
        .join(allowed, allowed.c.pupil_id == Invitation.pupil_id)
        .where(
            Message.school_id == school_of(session),
            Message.campaign_id == campaign.id,
            Message.state == state,
            Message.step != MessageStep.COPY,
            ~has_later.exists(),
            Invitation.state.in_(CAN_ANSWER),
            Invitation.mail_stopped_at.is_(None),
            Link.revoked_at.is_(None),
            allowed.c.reason.is_(null()),
        )
    )
