"""Whom students can ask: who sets it, where it is kept and shown, and what a launch says without."""

import json
import re
from collections.abc import Callable, Iterator
from uuid import UUID

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.cli import school as school_command
from outreach.cli.context import CommandContext
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.contacts import (
    BadContact,
    Contact,
    ContactDetails,
    Contacts,
    change_contacts,
    contacts_of,
)
from outreach.schools.models import Role, SchoolContact
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_school, run_workers, signed_in
from tests.journeys.dsl import Launched
from tests.journeys.staff_pages import submit
from tests.outbox import draft, launched

PAGE = "/staff/sharing/contacts"
TYPED = {
    "careers_name": "Careers office",
    "careers_email": "Careers@hill-test-school.example",
    "careers_phone": "020 7946 0000 ext 12",
    "protection_name": "Trust data protection officer",
    "protection_email": "dpo@hill-test-school.example",
    "notice_url": "https://hill-test-school.example/privacy",
}
MISSING = "A contact is missing"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, *Role)


@pytest.fixture
def admin(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.ADMIN)


def set_contacts(sessions: Sessions, school_id: UUID, **details: str) -> None:
    with transaction(sessions, school_id) as session:
        change_contacts(session, ContactDetails(**(details or TYPED)), OPERATOR, now())


def kept(sessions: Sessions, school_id: UUID) -> Contacts:
    with transaction(sessions, school_id) as session:
        return contacts_of(session)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DATA_PROTECTION], ids=lambda role: role.value)
def test_an_administrator_and_data_protection_set_the_contacts(
    app: Flask, sessions: Sessions, school: MadeSchool, role: Role
) -> None:
    client = signed_in(app, school, role)
    assert f'href="{PAGE}"' in client.get("/staff/sharing").text

    assert submit(client, PAGE, **TYPED).status_code == 303

    assert kept(sessions, school.id) == Contacts(
        Contact("Careers office", "careers@hill-test-school.example", "020 7946 0000 ext 12"),
        Contact("Trust data protection officer", "dpo@hill-test-school.example", None),
        "https://hill-test-school.example/privacy",
    )
    shown = client.get("/staff/sharing").text
    assert "Careers office, careers@hill-test-school.example" in shown
    assert 'value="Careers office"' in client.get(PAGE).text


def test_a_careers_leader_reads_the_contacts_and_cannot_change_them(
    app: Flask, sessions: Sessions, school: MadeSchool
) -> None:
    set_contacts(sessions, school.id)
    client = signed_in(app, school, Role.CAREERS_LEADER)

    shown = client.get("/staff/sharing").text

    assert "Careers office" in shown
    assert PAGE not in shown
    assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("careers_name", {"careers_name": ""}),
        ("careers_email", {"careers_email": ""}),
        ("careers_email", {"careers_email": "careers at hill"}),
        ("careers_phone", {"careers_phone": "ring the office"}),
        ("protection_email", {"protection_email": "", "protection_phone": "020 7946 0000"}),
        ("protection_name", {"protection_name": "x" * 201}),
        ("notice_url", {"notice_url": "javascript:alert(1)"}),
        ("notice_url", {"notice_url": "hill-test-school.example"}),
    ],
)
def test_what_cannot_be_right_is_told_beside_its_field_and_nothing_is_kept(
    sessions: Sessions, school: MadeSchool, admin: FlaskClient, field: str, typed: dict[str, str]
) -> None:
    answer = submit(admin, PAGE, **(TYPED | typed))

    assert answer.status_code == 400
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert kept(sessions, school.id) == Contacts()


def test_a_contact_whose_fields_are_all_emptied_is_gone(
    sessions: Sessions, school: MadeSchool, admin: FlaskClient
) -> None:
    set_contacts(sessions, school.id)

    submit(admin, PAGE, **(TYPED | dict.fromkeys(("protection_name", "protection_email"), "")))

    assert kept(sessions, school.id).protection is None
    assert kept(sessions, school.id).careers is not None


def test_the_audit_says_who_changed_which_contact_and_not_to_what(
    sessions: Sessions, school: MadeSchool, admin: FlaskClient
) -> None:
    submit(admin, PAGE, **TYPED)
    submit(admin, PAGE, **(TYPED | {"careers_phone": ""}))
    submit(admin, PAGE, **(TYPED | {"careers_phone": ""}))

    with transaction(sessions, school.id) as session:
        changed = AuditEvent.action == "school.contacts_changed"
        events = session.scalars(select(AuditEvent).where(changed).order_by(AuditEvent.at)).all()
    assert [event.detail for event in events] == [
        {"careers": True, "data_protection": True, "notice_address": True},
        {"careers": True, "data_protection": False, "notice_address": False},
    ]
    assert {event.actor_id for event in events} == {school.staff[Role.ADMIN]}


def test_contacts_are_one_schools_own(sessions: Sessions, school: MadeSchool) -> None:
    set_contacts(sessions, school.id)

    assert kept(sessions, make_school(sessions).id) == Contacts()
    with transaction(sessions, make_school(sessions).id) as session:
        assert session.scalars(select(SchoolContact)).all() == []


def test_a_launch_without_contacts_is_warned_of_and_goes(app: Flask, wired: web.Parts) -> None:
    outbox = draft(wired)
    launch = f"/staff/campaigns/{outbox.campaign_id}/launch"
    leader, admin = (
        signed_in(app, outbox.school, role) for role in (Role.CAREERS_LEADER, Role.ADMIN)
    )

    for_leader, for_admin = leader.get(launch).text, admin.get(launch).text

    assert MISSING in for_leader
    assert "about the questionnaire or about data protection" in for_leader
    assert "An administrator or the data protection lead can set it" in for_leader
    assert PAGE not in for_leader
    assert f'href="{PAGE}"' in for_admin
    assert submit(leader, launch).status_code == 303
    assert outbox.campaign.launched_at is not None


def test_a_launch_with_both_contacts_is_not_warned_of(app: Flask, wired: web.Parts) -> None:
    outbox = draft(wired)
    launch = f"/staff/campaigns/{outbox.campaign_id}/launch"
    client = signed_in(app, outbox.school)
    set_contacts(wired.sessions, outbox.school.id, careers_name="A", careers_email="a@b.example")
    assert "whom to ask about data protection" in client.get(launch).text

    set_contacts(wired.sessions, outbox.school.id)

    assert MISSING not in client.get(launch).text


def test_the_first_steps_name_the_contacts_and_do_not_hold_up_a_campaign(
    app: Flask, sessions: Sessions
) -> None:
    school = make_school(sessions)

    page = signed_in(app, school, Role.ADMIN).get("/staff/campaigns").text

    assert "Students know whom to ask" in page
    assert f'href="{PAGE}"' in page
    assert PAGE not in signed_in(app, school).get("/staff/campaigns").text
    set_contacts(sessions, school.id)
    assert "Both contacts are set." in signed_in(app, school).get("/staff/campaigns").text


def test_the_first_page_names_whom_to_ask(launched: Launched) -> None:
    assert "ask your careers leader or tutor at Hill Test School" in launched.browser().open().words
    set_contacts(launched.parts.sessions, launched.school.id)

    page = launched.browser().open()

    assert 'href="#contact"' in page.text
    assert 'id="contact"' in page.text
    text = re.sub(r"<[^>]+>", "", page.text)
    assert "Careers office, careers@hill-test-school.example" in text
    assert "020 7946 0000 ext 12" in text
    assert "Trust data protection officer, dpo@hill-test-school.example" in text
    assert [form.action for form in page.forms] == [f"{launched.link}/start"]


def test_the_mail_names_whom_to_ask(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired)
    set_contacts(wired.sessions, outbox.school.id)

    run_workers(wired)

    (mail,) = mailbox.mails
    assert "Questions? Ask Careers office at Hill Test School:" in mail.text
    assert "careers@hill-test-school.example, 020 7946 0000 ext 12" in mail.text
    html = mail.message.get_body(("html",))
    assert html is not None
    assert 'href="mailto:careers@hill-test-school.example"' in html.get_content()


def test_the_mail_without_a_contact_says_tutor_or_careers_leader(
    wired: web.Parts, mailbox: Catcher
) -> None:
    launched(wired)

    run_workers(wired)

    (mail,) = mailbox.mails
    assert "Questions? Ask your tutor or the careers leader at Hill Test School." in mail.text


Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, school: MadeSchool) -> Iterator[Run]:
    """`outreach school contact` of this school, in this process."""
    [command] = school_command.commands
    with click.Context(command) as context:
        yield lambda *words: CliRunner().invoke(
            command, ["contact", "--school", school.urn, *words], obj=CommandContext(context)
        )


def test_the_command_sets_what_is_given_and_leaves_the_rest(run: Run) -> None:
    given = ("--contact-name", "Careers office", "--contact-email", "careers@b.example")
    assert run(*given).exit_code == 0

    result = run("--dpo-name", "DPO", "--dpo-email", "dpo@b.example", "--json")

    assert json.loads(result.stdout) == {
        "contact": {"name": "Careers office", "email": "careers@b.example", "phone": None},
        "dpo": {"name": "DPO", "email": "dpo@b.example", "phone": None},
        "notice_url": None,
    }


def test_the_command_shows_what_is_set_and_changes_nothing(
    sessions: Sessions, school: MadeSchool, run: Run
) -> None:
    assert "Data protection: not set" in run().stdout
    assert json.loads(run("--json").stdout)["contact"]["email"] is None
    with transaction(sessions, school.id) as session:
        assert session.scalars(select(SchoolContact)).all() == []


def test_the_command_refuses_half_a_contact(run: Run) -> None:
    result = run("--contact-name", "Careers office")

    assert isinstance(result.exception, BadContact)
    assert "Enter the email address" in result.exception.words
