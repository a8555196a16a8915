"""Set-based moves of messages that wait: why they stop, and how they wait again."""

from datetime import datetime
from enum import Enum

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns.models import Campaign, Message
from outreach.campaigns.states import MESSAGE_MOVES, CampaignState, MessageState, check_move
from outreach.database import school_of
from outreach.queues import Work

WAITING = (MessageState.QUEUED, MessageState.DEFERRED, MessageState.HELD)
"""Nothing of it has left, or the mail server said "not now": safe to stop, safe to send."""

for state in WAITING:
    check_move(MESSAGE_MOVES, state, MessageState.STOPPED)


class Stop(Enum):
    """Why a message was stopped, beside the reasons of the sharing gate."""

    DECLINED = "declined"
    NOT_ME = "not_me"
    SUBMITTED = "submitted"
    LINK_REVOKED = "link_revoked"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    NO_SCHOOL_ADDRESS = "no_school_address"
    NOTHING_TO_COPY = "nothing_to_copy"
    NOT_WRITTEN = "not_written"


def stop_waiting(
    session: Session, reason: Stop | str, now: datetime, *which: ColumnElement[bool]
) -> int:
    """Stop what waits and say how much. What a worker holds is looked at again when it lets go."""
    stopped = session.execute(
        update(Message)
        .where(Message.school_id == school_of(session), Message.state.in_(WAITING), *which)
        .values(
            state=MessageState.STOPPED,
            reason=reason.value if isinstance(reason, Stop) else reason,
            words=None,
            claim_id=None,
            changed_at=now,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(stopped.all())


def queue_again(session: Session, now: datetime, *which: ColumnElement[bool]) -> int:
    """Stopped and held messages wait again: no body of theirs was ever taken."""
    again = session.execute(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.state.in_([MessageState.STOPPED, MessageState.HELD]),
            *which,
        )
        .values(
            state=MessageState.QUEUED,
            reason=None,
            words=None,
            claim_id=None,
            next_attempt_at=now,
            changed_at=now,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    count = len(again.all())
    if count:
        queues.call_for(session, school_of(session), Work.DELIVER, now)
    return count


def hold(
    session: Session, reason: str, words: str, now: datetime, *which: ColumnElement[bool]
) -> None:
    """Not for the pupil's sake: the school's mail as such must not leave."""
    session.execute(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.state.in_([MessageState.QUEUED, MessageState.DEFERRED]),
            *which,
        )
        .values(state=MessageState.HELD, reason=reason, words=words, changed_at=now)
        .execution_options(synchronize_session=False)
    )


def stop_in_ended(session: Session, now: datetime) -> None:
    """What a worker gave back into a campaign that was cancelled or closed meanwhile."""
    for state, why in (
        (CampaignState.CANCELLED, Stop.CANCELLED),
        (CampaignState.CLOSED, Stop.CLOSED),
    ):
        ended = select(Campaign.id).where(
            Campaign.school_id == school_of(session), Campaign.state == state
        )
        stop_waiting(session, why, now, Message.campaign_id.in_(ended))
