"""The states of a campaign, an invitation and a message, and every move between them."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar


class CampaignState(Enum):
    DRAFT = "draft"
    LAUNCHING = "launching"
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class InvitationState(Enum):
    """`preparing` is never stored: it counts invitations that launching has yet to write."""

    PREPARING = "preparing"
    NOT_STARTED = "not_started"
    STARTED = "started"
    SUBMITTED = "submitted"
    WRITTEN_BACK = "written_back"
    STOPPED = "stopped"


class MessageState(Enum):
    """`unknown`: the body may have left and no reply was recorded. Never resent by itself."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    HELD = "held"
    REFUSED = "refused"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


class MessageStep(Enum):
    INVITE = "invite"
    REMINDER_1 = "reminder_1"
    REMINDER_2 = "reminder_2"
    REMINDER_3 = "reminder_3"
    LAST_CHANCE = "last_chance"
    COPY = "copy"
    """The student's own copy of what they sent, where they asked for it by mail."""


REMINDERS = (
    MessageStep.REMINDER_1,
    MessageStep.REMINDER_2,
    MessageStep.REMINDER_3,
    MessageStep.LAST_CHANCE,
)
"""In their order. There is no fifth: nobody is reminded more often than that."""

ASKING = (MessageStep.INVITE, *REMINDERS)
"""The steps that ask a student to answer, and so stop when one has."""


class ReminderState(Enum):
    """`asks`: its time passed while nothing could go out, so a person says whether it still goes."""

    PLANNED = "planned"
    ASKS = "asks"
    SENT = "sent"
    SKIPPED = "skipped"
    OFF = "off"


CAN_ANSWER = frozenset({InvitationState.NOT_STARTED, InvitationState.STARTED})
ANSWERED = frozenset({InvitationState.SUBMITTED, InvitationState.WRITTEN_BACK})


class WrongMove(Exception):
    """A move that the table does not have: a mistake of ours, never of a person."""


_C, _I, _M, _R = CampaignState, InvitationState, MessageState, ReminderState

CAMPAIGN_MOVES: Mapping[CampaignState, frozenset[CampaignState]] = {
    _C.DRAFT: frozenset({_C.LAUNCHING, _C.CANCELLED}),
    _C.LAUNCHING: frozenset({_C.SENDING, _C.PAUSED, _C.CANCELLED, _C.CLOSED}),
    _C.SENDING: frozenset({_C.PAUSED, _C.CANCELLED, _C.CLOSED}),
    _C.PAUSED: frozenset({_C.LAUNCHING, _C.SENDING, _C.CANCELLED, _C.CLOSED}),
    _C.CANCELLED: frozenset(),
    _C.CLOSED: frozenset(),
}

INVITATION_MOVES: Mapping[InvitationState, frozenset[InvitationState]] = {
    _I.PREPARING: frozenset({_I.NOT_STARTED, _I.STOPPED}),
    _I.NOT_STARTED: frozenset({_I.STARTED, _I.SUBMITTED, _I.STOPPED}),
    _I.STARTED: frozenset({_I.SUBMITTED, _I.STOPPED}),
    _I.SUBMITTED: frozenset({_I.WRITTEN_BACK, _I.NOT_STARTED}),  # back: staff let them answer again
    _I.WRITTEN_BACK: frozenset({_I.NOT_STARTED}),
    _I.STOPPED: frozenset({_I.NOT_STARTED, _I.STARTED}),
}

MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    _M.QUEUED: frozenset({_M.SENDING, _M.HELD, _M.STOPPED}),
    _M.SENDING: frozenset(
        {_M.QUEUED, _M.ACCEPTED, _M.DEFERRED, _M.HELD, _M.REFUSED, _M.UNKNOWN, _M.STOPPED}
    ),
    _M.DEFERRED: frozenset({_M.SENDING, _M.HELD, _M.REFUSED, _M.STOPPED}),
    _M.HELD: frozenset({_M.QUEUED, _M.STOPPED}),
    _M.STOPPED: frozenset({_M.QUEUED}),
    _M.UNKNOWN: frozenset({_M.ACCEPTED, _M.REFUSED, _M.BOUNCED, _M.DEFERRED}),
    _M.ACCEPTED: frozenset({_M.BOUNCED}),
    _M.REFUSED: frozenset(),
    _M.BOUNCED: frozenset(),
}

REMINDER_MOVES: Mapping[ReminderState, frozenset[ReminderState]] = {
    _R.PLANNED: frozenset({_R.ASKS, _R.SENT, _R.SKIPPED, _R.OFF}),
    _R.ASKS: frozenset({_R.SENT, _R.SKIPPED, _R.PLANNED, _R.OFF}),
    _R.OFF: frozenset({_R.PLANNED}),
    _R.SENT: frozenset(),
    _R.SKIPPED: frozenset(),
}


S = TypeVar("S", bound=Enum)


def states_before(moves: Mapping[S, frozenset[S]], after: S) -> list[S]:
    """Every state from which `after` may be reached: the WHERE of a set-based move."""
    return [state for state, onward in moves.items() if after in onward]


def check_move(moves: Mapping[S, frozenset[S]], before: S, after: S) -> None:
    if after not in moves[before]:
        message = f"{before.value} does not lead to {after.value}"
        raise WrongMove(message)
