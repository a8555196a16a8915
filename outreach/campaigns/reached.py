"""Whether mail has reached a pupil: the one rule, for counts, lists, slips and sending again."""

from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.states import CAN_ANSWER, MessageState, MessageStep
from outreach.database import school_of

MAY_HAVE_ARRIVED = (MessageState.ACCEPTED, MessageState.UNKNOWN)
ON_ITS_WAY = (MessageState.QUEUED, MessageState.SENDING, MessageState.DEFERRED)
FAILED = (MessageState.REFUSED, MessageState.BOUNCED)
"""Nobody has that mail: it may be sent again without anybody getting it twice."""


def was_reached(*states: MessageState) -> ColumnElement[bool]:
    """Over Invitation: mail that asks arrived, may have, or is still on its way."""
    return (
        select(Message.id)
        .where(
            Message.school_id == Invitation.school_id,
            Message.invitation_id == Invitation.id,
            Message.step != MessageStep.COPY,  # it leads to no questions
            Message.state.in_(states or (*MAY_HAVE_ARRIVED, *ON_ITS_WAY)),
        )
        .correlate(Invitation)
        .exists()
    )


def is_unreached() -> ColumnElement[bool]:
    """Over Invitation: can answer, and no mail leads there."""
    return and_(Invitation.state.in_(CAN_ANSWER), ~was_reached())


def count_unreached(session: Session, campaign_id: UUID) -> int:
    counted = select(func.count()).where(
        Invitation.school_id == school_of(session),
        Invitation.campaign_id == campaign_id,
        is_unreached(),
    )
    return session.scalar(counted) or 0


def latest_messages(school_id: UUID, campaign_id: UUID) -> Subquery:
    """One row an invitation that has a message that asks to answer: the last one, whatever step."""
    return (
        select(
            Message.id,
            Message.invitation_id,
            Message.link_id,
            Message.step,
            Message.attempt,
            Message.state,
            Message.reason,
            Message.status_code,
            Message.words,
            Message.next_attempt_at,
        )
        .where(
            Message.school_id == school_id,
            Message.campaign_id == campaign_id,
            Message.step != MessageStep.COPY,
        )
        .ext(distinct_on(Message.invitation_id))
        .order_by(Message.invitation_id, Message.queued_at.desc(), Message.attempt.desc())
        .subquery("latest")
    )
