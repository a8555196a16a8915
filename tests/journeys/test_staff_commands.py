"""`outreach school`, `staff` and `sharing`, as the contract has them."""

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from outreach.cli import school, sharing, staff
from outreach.cli.context import CommandContext
from outreach.database import Sessions, transaction
from outreach.errors import Refusal
from outreach.schools.models import School
from tests.journeys.staff_pages import sign_in, use_link

Run = Callable[..., Result]
EMAIL = "lead@hill-test-school.example"


@pytest.fixture
def run(client: FlaskClient) -> Run:
    """Runs a command in this process, on the settings in the environment."""
    commands = {
        command.name: command for module in (school, staff, sharing) for command in module.commands
    }

    def run_command(name: str, *arguments: str) -> Result:
        with click.Context(commands[name]) as context:
            return CliRunner().invoke(commands[name], arguments, obj=CommandContext(context))

    return run_command


@pytest.fixture
def urn(run: Run) -> str:
    assert run("school", "add", "--urn", "100001", "--name", "Hill Test School").exit_code == 0
    return "100001"


def add_lead(run: Run, urn: str, role: str = "careers_leader") -> str:
    result = run(
        "staff", "add", "--school", urn, "--email", EMAIL, "--name", "Lead", "--role", role
    )
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def shown(run: Run, urn: str) -> dict[str, Any]:
    result = run("sharing", "show", "--school", urn, "--json")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_school_is_added_and_told_as_json(run: Run, sessions: Sessions) -> None:
    result = run("school", "add", "--urn", "100002", "--name", "  Dale  Test School ", "--json")

    document = json.loads(result.stdout)
    assert (document["urn"], document["name"]) == ("100002", "Dale Test School")
    with transaction(sessions) as session:
        assert str(session.query(School).one().id) == document["id"]


@pytest.mark.parametrize("bad", ["12345", "1000001", "099999", "10000a", "١٠٠٠٠١", ""])
def test_a_urn_has_six_digits(run: Run, bad: str) -> None:
    result = run("school", "add", "--urn", bad, "--name", "Hill Test School")

    assert isinstance(result.exception, Refusal)
    assert "six digits" in result.exception.words


def test_a_urn_is_added_once(run: Run, urn: str) -> None:
    result = run("school", "add", "--urn", urn, "--name", "Another")

    assert isinstance(result.exception, Refusal)
    assert "already" in result.exception.words


def test_a_staff_member_is_added_by_a_link_alone_on_stdout(
    run: Run, urn: str, client: FlaskClient
) -> None:
    link = add_lead(run, urn)

    assert link.startswith("http://127.0.0.1:8000/staff/set-up/")
    assert use_link(client, link).location == "/staff/"


def test_a_reset_prints_a_link_that_sets_another_password(
    run: Run, urn: str, client: FlaskClient
) -> None:
    use_link(client, add_lead(run, urn))

    result = run("staff", "reset", "--school", urn, "--email", EMAIL.upper())

    use_link(client.application.test_client(), result.stdout.strip(), "copper lantern field")
    fresh = client.application.test_client()
    assert sign_in(fresh, EMAIL, "copper lantern field").status_code == 303


def test_a_role_that_is_none_is_wrong_use(run: Run, urn: str) -> None:
    result = run(
        "staff", "add", "--school", urn, "--email", EMAIL, "--name", "Lead", "--role", "head"
    )

    assert result.exit_code == 2


def test_an_unknown_school_or_member_is_refused_with_the_mend(run: Run, urn: str) -> None:
    no_school = run("sharing", "show", "--school", "999999", "--json")
    no_member = run("staff", "reset", "--school", urn, "--email", "nobody@hill.example")

    assert isinstance(no_school.exception, Refusal)
    assert isinstance(no_member.exception, Refusal)


def test_sharing_starts_off_and_is_set_by_any_staff_member_set_up_or_not(
    run: Run, urn: str
) -> None:
    add_lead(run, urn, "careers_leader")
    before = shown(run, urn)
    off = {"student_email": False, "work_email": False, "home_email": False}
    assert before.items() >= (off | {"connection": "not_connected", "history": []}).items()

    result = run(
        "sharing",
        "set",
        *("--school", urn, "--connection", "authorised"),
        *("--student-email", "on", "--work-email", "on", "--by", EMAIL),
    )

    assert result.exit_code == 0
    after = shown(run, urn)
    assert (after["connection"], after["student_email"], after["work_email"]) == (
        "authorised",
        True,
        True,
    )
    assert after["home_email"] is False
    assert {(line["setting"], line["from"], line["to"]) for line in after["history"]} == {
        ("connection", "not_connected", "authorised"),
        ("student_email", "off", "on"),
        ("work_email", "off", "on"),
    }
    assert {line["by"] for line in after["history"]} == {EMAIL}


def test_setting_nothing_is_wrong_use(run: Run, urn: str) -> None:
    add_lead(run, urn)

    assert run("sharing", "set", "--school", urn, "--by", EMAIL).exit_code == 2


def test_a_school_cannot_be_set_back_to_not_connected(run: Run, urn: str) -> None:
    add_lead(run, urn)

    result = run("sharing", "set", "--school", urn, "--connection", "not_connected", "--by", EMAIL)

    assert result.exit_code == 2
