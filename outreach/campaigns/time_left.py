"""How long the mail of a campaign still takes, by how much of it went in the last minute."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.campaigns.models import Message
from outreach.campaigns.states import MessageState
from outreach.database import school_of

_MEASURED = timedelta(minutes=1)
_WAITING = (MessageState.QUEUED, MessageState.SENDING)
_GONE = (
    MessageState.ACCEPTED,
    MessageState.DEFERRED,
    MessageState.REFUSED,
    MessageState.UNKNOWN,
    MessageState.BOUNCED,
)
"""Where a hand-over leads; a bounce that comes within the minute was one too."""


def time_left(session: Session, campaign_id: UUID, now: datetime) -> timedelta | None:
    """None where it is not known: nothing waits, or nothing has gone in the last minute.

    While less than a minute has passed since the first of them went, the rate is of that time.
    """
    since = now - _MEASURED
    moved = (Message.state.in_(_GONE), Message.changed_at > since)
    waiting, gone, first = session.execute(
        select(
            func.count().filter(Message.state.in_(_WAITING)),
            func.count().filter(*moved),
            func.min(Message.changed_at).filter(*moved),
        ).where(Message.school_id == school_of(session), Message.campaign_id == campaign_id)
    ).one()
    if not waiting or not gone:
        return None
    return estimate(waiting, gone, now - first)


def estimate(waiting: int, gone: int, measured: timedelta) -> timedelta | None:
    """None where a second or less was measured: that says nothing about the next."""
    if measured <= timedelta(seconds=1) or not gone:
        return None
    return measured * (waiting / gone)


def in_words(left: timedelta) -> str:
    """Coarse, because the rate is that of one minute."""
    minutes = round(left / timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    hours = round(minutes / 60)
    return f"about {hours} hours" if hours < 36 else f"about {round(hours / 24)} days"
