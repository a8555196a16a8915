"""`outreach campaign`, as the contract has it."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner, Result

from outreach import web
from outreach.campaigns.states import InvitationState, MessageState
from outreach.cli import campaign
from outreach.cli.context import CommandContext
from outreach.database import transaction
from outreach.errors import NotFound, Refusal
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_pupil, make_school, run_workers

Run = Callable[..., Result]


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    school = make_school(wired.sessions)
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
        make_pupil(session)
        make_pupil(session, work=None)
    return school


@pytest.fixture
def run(wired: web.Parts) -> Run:
    (group,) = campaign.commands

    def run_command(*arguments: str) -> Result:
        with click.Context(group) as context:
            return CliRunner().invoke(group, arguments, obj=CommandContext(context))

    return run_command


def create(run: Run, school: MadeSchool, *more: str) -> dict[str, Any]:
    words = ("--questionnaire", "gcse", "--name", "Spring", "--year", "10", *more, "--json")
    made = run("create", "--school", school.urn, *words)
    assert made.exit_code == 0, made.output
    document: dict[str, Any] = json.loads(made.stdout)
    return document


def status(run: Run, campaign_id: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("status", campaign_id, "--json").stdout)
    return document


def test_a_campaign_is_created_launched_and_told_as_json(
    run: Run, school: MadeSchool, wired: web.Parts, mailbox: Catcher
) -> None:
    audience = {"asked": 3, "mailable": 2, "excluded": {"no_address": 1}}
    made = create(run, school, "--closes", "2099-07-01")
    assert made == {"id": made["id"], "state": "draft", "audience": audience}
    assert run("launch", made["id"]).exit_code == 0
    assert status(run, made["id"])["invitations"]["preparing"] == 3
    run_workers(wired)
    told = status(run, made["id"])
    assert (told["id"], told["state"], told["audience"]) == (made["id"], "sending", audience)
    assert told["messages"] == {state.value: 0 for state in MessageState} | {"accepted": 2}
    assert told["invitations"] == {state.value: 0 for state in InvitationState} | {"not_started": 3}
    assert len(mailbox.mails) == 2


def test_a_draft_adds_up_too_and_follows_the_roster(
    run: Run, school: MadeSchool, wired: web.Parts
) -> None:
    made = create(run, school)
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
    told = status(run, made["id"])
    assert told["audience"]["asked"] == 4 == sum(told["invitations"].values())


def test_pause_resume_close_and_cancel_are_told_by_status(run: Run, school: MadeSchool) -> None:
    first, second = create(run, school)["id"], create(run, school)["id"]
    run("launch", first)
    seen = []
    for verb in ("pause", "resume", "close"):
        assert run(verb, first).exit_code == 0
        seen.append(status(run, first)["state"])
    assert seen == ["paused", "launching", "closed"]
    assert run("cancel", second).exit_code == 0
    assert status(run, second)["state"] == "cancelled"


def test_what_cannot_be_done_is_refused_with_the_reason(run: Run, wired: web.Parts) -> None:
    empty = make_school(wired.sessions)
    made = create(run, empty)
    refused = run("launch", made["id"])
    assert isinstance(refused.exception, Refusal)
    assert isinstance(run("launch", str(uuid4())).exception, NotFound)


@pytest.mark.parametrize(
    "words",
    [
        ("launch", "nonsense"),
        ("resend", "00000000-0000-4000-8000-000000000001", "--state", "accepted"),
        ("create",),
    ],
)
def test_wrong_use_exits_with_2(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_resend_says_how_many_are_queued_again(run: Run, school: MadeSchool) -> None:
    made = create(run, school)
    run("launch", made["id"])
    run("pause", made["id"])
    again = run("resend", made["id"], "--state", "unknown")
    assert (again.exit_code, again.stdout) == (0, "0 messages are queued again.\n")
