"""What became of each invitation's mail: its latest message, counted, and why others did not go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.reached import latest_messages
from outreach.campaigns.states import MessageState, MessageStep
from outreach.campaigns.wording import HELD_COPY, MESSAGE, NOT_MAILED, Words, reason_words
from outreach.database import school_of
from outreach.pupils.reach.reasons import Reason

MOST_REASONS = 40
NO_CAUSE = "none"
"""In an address, for mail whose state has no reason beside it."""

EXPLAINED = (
    MessageState.REFUSED,
    MessageState.BOUNCED,
    MessageState.UNKNOWN,
    MessageState.DEFERRED,
    MessageState.HELD,
    MessageState.STOPPED,
)
"""States of which a person asks why."""

_OF_THE_GATE = frozenset(reason.value for reason in Reason)


@dataclass(frozen=True)
class GivenReason:
    """So many mails ended or wait for one reason, whose key is `cause`. `said` is what mail servers
    said most often, and `others_said` how many other things."""

    state: str
    state_words: Words
    reason: str
    said: str | None
    others_said: int
    cause: str
    count: int
    is_release_worth_trying: bool
    is_of_asking: bool = True
    """Not a student's own copy: these have no list."""


def count_mail(session: Session, campaign_id: UUID) -> Mapping[str, int]:
    """Invitations by the state of their latest message; they add up to the invitations written."""
    latest = latest_messages(school_of(session), campaign_id)
    state = func.coalesce(cast(latest.c.state, Text), NOT_MAILED)
    rows = session.execute(
        select(state, func.count())
        .select_from(Invitation)
        .outerjoin(latest, latest.c.invitation_id == Invitation.id)
        .where(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id)
        .group_by(state)
    )
    return dict(rows.all())


def given_reasons(session: Session, campaign_id: UUID) -> list[GivenReason]:
    """Why mail did not go, most frequent first within each state."""
    latest = latest_messages(school_of(session), campaign_id)
    count, said = func.count(), _said(latest.c.status_code, latest.c.words)
    rows = session.execute(
        select(
            latest.c.state,
            latest.c.reason,
            func.mode().within_group(said),
            func.count(said.distinct()),
            count,
        )
        .join(
            Invitation,
            and_(
                Invitation.school_id == school_of(session),
                Invitation.id == latest.c.invitation_id,
            ),
        )
        .where(latest.c.state.in_(EXPLAINED))
        .group_by(latest.c.state, latest.c.reason)
        .order_by(count.desc())
        .limit(MOST_REASONS)
    )
    order = list(EXPLAINED)
    given = [
        GivenReason(
            state=state.value,
            state_words=MESSAGE[state.value],
            reason=reason_words(reason),
            said=_beyond(reason_words(reason), most_said),
            others_said=max(kinds - 1, 0),
            cause=reason or NO_CAUSE,
            count=number,
            is_release_worth_trying=state is MessageState.HELD or reason in _OF_THE_GATE,
        )
        for state, reason, most_said, kinds, number in rows
    ]
    return sorted(given, key=lambda one: order.index(MessageState(one.state)))


def held_copies(session: Session, campaign_id: UUID) -> list[GivenReason]:
    """Students' own copies that are kept here, by reason: they count nowhere among mail that asks."""
    count = func.count()
    rows = session.execute(
        select(Message.reason, Message.words, count)
        .where(
            Message.school_id == school_of(session),
            Message.campaign_id == campaign_id,
            Message.step == MessageStep.COPY,
            Message.state == MessageState.HELD,
        )
        .group_by(Message.reason, Message.words)
        .order_by(count.desc())
        .limit(MOST_REASONS)
    )
    held = MessageState.HELD.value
    return [
        GivenReason(
            state=held,
            state_words=HELD_COPY,
            reason=reason_words(reason),
            said=words,
            others_said=0,
            cause=reason or NO_CAUSE,
            count=number,
            is_release_worth_trying=True,
            is_of_asking=False,
        )
        for reason, words, number in rows
    ]


def _beyond(reason: str, said: str | None) -> str | None:
    """What was said, without the sentence that stands beside it as the reason."""
    return said and said.replace(f"{reason}. ", "", 1)


def _said(code: ColumnElement[Any], words: ColumnElement[Any]) -> ColumnElement[Any]:
    """The words of a mail server, with its code before them where they do not have it."""
    has_code = func.strpos(words, func.coalesce(code, "")) > 0
    return case(
        (words.is_(None), code),
        (or_(code.is_(None), has_code), words),
        else_=func.concat(code, " ", words),
    )
