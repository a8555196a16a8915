"""A new link, asked for by a student or staff: old ones end, it goes to the address on file."""

from datetime import datetime, timedelta
from enum import Enum
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor, ActorKind, AuditEvent
from outreach.campaigns.audience import already_answered
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.outbox import Stop, stop_waiting
from outreach.campaigns.states import CampaignState, MessageState, MessageStep
from outreach.database import school_of
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil
from outreach.pupils.reach.reasons import Reason
from outreach.queues import Work

MOST_A_DAY = 3
ASKED = "link.asked_for"


class Relinking(Enum):
    """What the student is told. Whether there is an address to mail is not among it."""

    DONE = "done"
    TOO_OFTEN = "too_often"


def send_new_link(
    session: Session, invitation: Invitation, now: datetime, by: Actor | None = None
) -> Relinking:
    """Revoke every link of this invitation, make a new one and queue its mail.

    `by` is the staff member who asks; without one the student does.

    Where no mail would go out (the gate has no address to use, or the campaign is not sending),
    nothing is revoked: nothing would replace what the student has. The gate is asked again when
    the message is claimed. Asking is counted either way, so that the answer tells nobody which it
    was.
    """
    here = (Invitation.school_id == school_of(session), Invitation.id == invitation.id)
    session.execute(select(Invitation.id).where(*here).with_for_update())
    if _asked_today(session, invitation, now) >= MOST_A_DAY:
        return Relinking.TOO_OFTEN
    asker = by or Actor(ActorKind.STUDENT, invitation.pupil_id)
    audit.record(session, now, asker, ASKED, "invitation", invitation.id)
    if why_no_mail(session, invitation, now) is None:
        invitation.mail_stopped_at = None  # asking for mail takes back "no more mail"
        _revoke_links(session, invitation, now)
        queue_invite(session, invitation, now)
        queues.call_for(session, school_of(session), Work.DELIVER, now)
    return Relinking.DONE


def replace_links(session: Session, invitation: Invitation, now: datetime) -> bool:
    """End every link and code of this invitation, for somebody else has used one.

    A new link is queued to the address on file where mail may go there; whether it was. If it was
    not, staff print a new slip, or send a link once the reason is gone.
    """
    _revoke_links(session, invitation, now)
    if invitation.mail_stopped_at is not None or why_no_mail(session, invitation, now) is not None:
        return False
    queue_invite(session, invitation, now)
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    return True


def _asked_today(session: Session, invitation: Invitation, now: datetime) -> int:
    asked = session.scalar(
        select(func.count())
        .select_from(AuditEvent)
        .where(
            AuditEvent.school_id == school_of(session),
            AuditEvent.subject_id == invitation.id,
            AuditEvent.action == ASKED,
            AuditEvent.at > now - timedelta(days=1),
        )
    )
    return asked or 0


def why_no_mail(session: Session, invitation: Invitation, now: datetime) -> str | None:
    """In words, what would stop a new message of this invitation; the gate as claiming asks it."""
    state = session.scalar(
        select(Campaign.state).where(
            Campaign.school_id == invitation.school_id, Campaign.id == invitation.campaign_id
        )
    )
    if state is not CampaignState.SENDING:
        return "The campaign is not sending mail just now"
    asked = gate(already_answered(invitation.campaign_id, now), at=now)
    reason: Reason | None = (
        session.execute(asked.where(Pupil.id == invitation.pupil_id)).one().reason
    )
    return None if reason is None else reason.words


def _revoke_links(session: Session, invitation: Invitation, now: datetime) -> None:
    session.execute(
        update(Link)
        .where(
            Link.school_id == school_of(session),
            Link.invitation_id == invitation.id,
            Link.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    leads_there = (Message.invitation_id == invitation.id, Message.step != MessageStep.COPY)
    stop_waiting(session, Stop.LINK_REVOKED, now, *leads_there)


def queue_invite(session: Session, invitation: Invitation, now: datetime) -> None:
    """With a link of its own; whoever calls rings for the delivery."""
    school_id = school_of(session)
    attempt = session.scalar(
        select(func.coalesce(func.max(Message.attempt), 0) + 1).where(
            Message.school_id == school_id,
            Message.invitation_id == invitation.id,
            Message.step == MessageStep.INVITE,
        )
    )
    link = Link(id=uuid4(), school_id=school_id, invitation_id=invitation.id, created_at=now)
    session.add(link)
    session.flush()
    session.add(
        Message(
            school_id=school_id,
            campaign_id=invitation.campaign_id,
            invitation_id=invitation.id,
            link_id=link.id,
            step=MessageStep.INVITE,
            attempt=attempt,
            state=MessageState.QUEUED,
            queued_at=now,
            next_attempt_at=now,
            changed_at=now,
        )
    )
