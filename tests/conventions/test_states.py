"""The transition tables know every state, and only states."""

from enum import Enum

import pytest

from outreach.campaigns import wording
from outreach.campaigns.states import (
    CAMPAIGN_MOVES,
    INVITATION_MOVES,
    MESSAGE_MOVES,
    REMINDER_MOVES,
    CampaignState,
    InvitationState,
    MessageState,
    MessageStep,
    ReminderState,
    WrongMove,
    check_move,
    states_before,
)

TABLES = [
    (CampaignState, CAMPAIGN_MOVES),
    (InvitationState, INVITATION_MOVES),
    (MessageState, MESSAGE_MOVES),
    (ReminderState, REMINDER_MOVES),
]


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_every_state_has_its_row_and_leads_to_known_states(states: type[Enum], moves) -> None:
    assert set(moves) == set(states)
    assert all(onward <= set(states) for onward in moves.values())


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_every_state_but_the_first_can_be_reached(states: type[Enum], moves) -> None:
    reached = {next(iter(states))}
    while onward := {after for state in reached for after in moves[state]} - reached:
        reached |= onward

    assert reached == set(states)


def test_an_unknown_message_is_never_queued_again() -> None:
    assert MessageState.QUEUED not in MESSAGE_MOVES[MessageState.UNKNOWN]
    assert MessageState.SENDING not in MESSAGE_MOVES[MessageState.UNKNOWN]


@pytest.mark.parametrize(
    "final", [MessageState.REFUSED, MessageState.BOUNCED], ids=lambda state: state.value
)
def test_final_message_states_stay(final: MessageState) -> None:
    assert not MESSAGE_MOVES[final]


def test_a_submitted_invitation_cannot_be_stopped() -> None:
    with pytest.raises(WrongMove):
        check_move(INVITATION_MOVES, InvitationState.SUBMITTED, InvitationState.STOPPED)


def test_the_states_before_a_state_are_those_that_lead_to_it() -> None:
    before = states_before(MESSAGE_MOVES, MessageState.ACCEPTED)

    assert set(before) == {MessageState.SENDING, MessageState.UNKNOWN}


def test_every_state_and_step_has_words() -> None:
    assert set(wording.CAMPAIGN) == set(CampaignState)
    assert set(wording.INVITATION) == set(InvitationState)
    assert {state.value for state in MessageState} <= set(wording.MESSAGE)
    assert set(wording.STEP_NAMES) == set(MessageStep)
