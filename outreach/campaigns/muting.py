"""A student stops the mail about one questionnaire, or has it again. The link goes on working."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.outbox import queue_again, stop_waiting
from outreach.campaigns.states import CAN_ANSWER, MessageState, MessageStep
from outreach.database import school_of

UNSUBSCRIBED = "unsubscribed"
"""The reason on messages that were stopped by it."""


def stop_mail(session: Session, invitation: Invitation, now: datetime) -> bool:
    """No more mail for this invitation. False, and nothing changes, where that held already."""
    moved = session.scalar(
        update(Invitation)
        .where(
            Invitation.school_id == school_of(session),
            Invitation.id == invitation.id,
            Invitation.mail_stopped_at.is_(None),
        )
        .values(mail_stopped_at=now)
        .returning(Invitation.id)
    )
    if moved is None:
        return False
    stop_waiting(session, UNSUBSCRIBED, now, Message.invitation_id == invitation.id)
    _record(session, invitation, "invitation.mail_stopped", now)
    return True


def mail_again(
    session: Session, invitation: Invitation, now: datetime, by: audit.Actor | None = None
) -> bool:
    """Take it back: what waited then waits again, but what asks for answers only if some may come.

    `by` whom, where not by the student.
    """
    moved = session.scalar(
        update(Invitation)
        .where(
            Invitation.school_id == school_of(session),
            Invitation.id == invitation.id,
            Invitation.mail_stopped_at.is_not(None),
        )
        .values(mail_stopped_at=None)
        .returning(Invitation.id)
    )
    if moved is None:
        return False
    asks_nothing = () if invitation.state in CAN_ANSWER else (Message.step == MessageStep.COPY,)
    queue_again(
        session,
        now,
        Message.invitation_id == invitation.id,
        Message.state == MessageState.STOPPED,
        Message.reason == UNSUBSCRIBED,
        *asks_nothing,
    )
    _record(session, invitation, "invitation.mail_again", now, by)
    return True


def _record(
    session: Session,
    invitation: Invitation,
    action: str,
    now: datetime,
    by: audit.Actor | None = None,
) -> None:
    actor = by or audit.Actor(audit.ActorKind.STUDENT, invitation.pupil_id)
    audit.record(session, now, actor, action, "invitation", invitation.id)
