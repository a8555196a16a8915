"""Every pupil of a campaign has a next step, and it says who takes it."""

from datetime import UTC, datetime
from itertools import product

import pytest

from outreach.campaigns.held_mail import DOMAIN_HELD
from outreach.campaigns.next_steps import Action, Standing, next_step
from outreach.campaigns.states import CampaignState, InvitationState, MessageState
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.reach.why import WHYS, Detail, Why

TUESDAY = datetime(2026, 12, 1, 9, tzinfo=UTC)
OPEN, WAITS = CampaignState.SENDING, InvitationState.NOT_STARTED


def told(**standing: object) -> tuple[str, Action | None]:
    step = next_step(Standing(**{"campaign": OPEN, "state": WAITS, **standing}))
    return step.words, step.action


@pytest.mark.parametrize(
    ("standing", "words", "action"),
    [
        ({"state": InvitationState.WRITTEN_BACK}, "Nothing: answered", None),
        ({"campaign": CampaignState.CLOSED}, "Nothing: the campaign is closed", None),
        ({"why": Why(Reason.SUPPRESSED)}, "Fix the address", Action.FIX_ADDRESS),
        ({"why": Why(Reason.NO_ADDRESS)}, "Fix the address", Action.FIX_ADDRESS),
        ({"why": Why(Reason.STUDENT_EMAIL_OFF)}, "Data protection lead", None),
        ({"why": Why(Reason.OBJECTED)}, "Print a slip", Action.SLIP),
        (
            {"why": Why(Reason.SUPPRESSED, Detail.COMPLAINT)},
            "Print a slip",
            Action.SLIP,
        ),
        ({"mail": MessageState.HELD, "mail_reason": DOMAIN_HELD}, "IT team: allow", None),
        ({}, "send the invitation", Action.SEND_AGAIN),
        ({"mail": MessageState.ACCEPTED, "reminder_at": TUESDAY}, "on Tuesday 1 December", None),
        ({"mail": MessageState.ACCEPTED}, "No reminder is planned", None),
        (
            {"mail": MessageState.DEFERRED, "next_attempt_at": TUESDAY},
            "on Tuesday 1 December at 09:00",
            None,
        ),
        (
            {
                "mail": MessageState.REFUSED,
                "status_code": "5.1.1",
                "said": "550 5.1.1 No such user",
            },
            "Fix the address",
            Action.FIX_ADDRESS,
        ),
        (
            {
                "mail": MessageState.REFUSED,
                "status_code": "5.7.1",
                "said": "550 5.7.1 Not permitted",
            },
            "IT team",
            Action.SEND_AGAIN,
        ),
        (
            {"mail": MessageState.BOUNCED, "mail_reason": "mailbox_full"},
            "empty the mailbox",
            Action.SEND_AGAIN,
        ),
        (
            {"state": InvitationState.STOPPED, "stopped_reason": "not_me"},
            "reached somebody else",
            Action.FIX_ADDRESS,
        ),
        ({"mail_stopped": True, "mail": MessageState.ACCEPTED}, "Print a slip", Action.SLIP),
        (
            {"campaign": CampaignState.PAUSED, "mail": MessageState.QUEUED},
            "Resume the campaign",
            Action.RESUME,
        ),
    ],
)
def test_the_next_step_follows_from_where_a_pupil_stands(
    standing: dict[str, object], words: str, action: Action | None
) -> None:
    said, offered = told(**standing)

    assert words in said
    assert offered is action


def test_whatever_the_states_something_is_said_and_a_viewer_is_not_told_why() -> None:
    for campaign, state, why, mail in product(
        CampaignState, InvitationState, [None, *WHYS], [None, *MessageState]
    ):
        step = next_step(Standing(campaign, state, why=why, mail=mail))
        assert step.words
        assert not step.words.endswith(".")
        for telling in ("address", "IT team", "Sharing", "mailbox"):
            assert telling not in step.for_viewers


def test_a_reminder_is_said_in_london_time() -> None:
    late = datetime(2026, 7, 6, 23, 30, tzinfo=UTC)

    assert "Tuesday 7 July" in told(mail=MessageState.ACCEPTED, reminder_at=late)[0]
