"""The switches: who may move them, what the pages say, history, and two people at once."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from outreach.audit import AuditEvent
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.queues import DueWork, Work
from outreach.schools.models import Connection, Role
from outreach.schools.past_changes import history
from outreach.schools.sharing import (
    ChangedMeanwhile,
    SharingChanges,
    agreement,
    change_sharing,
)
from outreach.schools.staffing import staff_member
from tests.factories import MadeSchool, make_school, signed_in
from tests.journeys.staff_pages import submit

SHARING = "/staff/sharing"
EVERYTHING_ON = {
    "connection": "authorised",
    "student_email": "on",
    "work_email": "on",
    "home_email": "on",
}


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, *Role, is_sharing=False)


@pytest.fixture
def dpo(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.DATA_PROTECTION)


def check_page(client: FlaskClient, **chosen: str) -> TestResponse:
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(SHARING).text)
    assert seen is not None
    return client.get(f"{SHARING}/check", query_string={"seen": seen.group(1), **chosen})


def confirm(client: FlaskClient, page: TestResponse) -> TestResponse:
    """Press the button of the page that says what the change does."""
    fields = dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page.text))
    return client.post(SHARING, data=fields, follow_redirects=True)


def in_words(sessions: Sessions, school: MadeSchool) -> tuple[Connection, bool, bool, bool]:
    with transaction(sessions, school.id) as session:
        now_in_force = agreement(session)
        return (
            now_in_force.connection,
            now_in_force.student_email,
            now_in_force.work_email,
            now_in_force.home_email,
        )


def test_a_new_school_shares_nothing(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    assert in_words(sessions, school) == (Connection.NOT_CONNECTED, False, False, False)
    assert "No mail goes to students" in dpo.get(SHARING).text
    assert "Nothing has been changed yet." in dpo.get(SHARING).text


def test_a_change_says_what_it_does_before_it_is_made(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    page = check_page(dpo, **EVERYTHING_ON)

    assert "From Not connected to Authorised." in page.text
    assert "a private address only where" in page.text
    assert in_words(sessions, school)[0] is Connection.NOT_CONNECTED


def test_a_confirmed_change_is_in_force_and_in_the_history(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    answer = confirm(dpo, check_page(dpo, **EVERYTHING_ON))

    assert "Sharing was changed." in answer.text
    assert in_words(sessions, school) == (Connection.AUTHORISED, True, True, True)
    with transaction(sessions, school.id) as session:
        moved = {(past.setting, past.before, past.after) for past in history(session)}
    assert ("connection", "not_connected", "authorised") in moved
    assert ("home_email", "off", "on") in moved
    assert "Test data_protection" in answer.text


def test_turning_off_says_that_queued_mail_stops(dpo: FlaskClient) -> None:
    confirm(dpo, check_page(dpo, **EVERYTHING_ON))

    page = check_page(dpo, **EVERYTHING_ON | {"student_email": "off"})

    assert "Queued mail stops." in page.text
    assert "From Authorised" not in page.text


def test_a_change_rings_for_the_mail_that_is_queued(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    confirm(dpo, check_page(dpo, **EVERYTHING_ON))

    with transaction(sessions) as session:
        assert session.get(DueWork, (school.id, Work.DELIVER)) is not None


def test_choosing_what_is_in_force_changes_nothing(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    answer = check_page(dpo, student_email="off")

    assert answer.location == SHARING
    with transaction(sessions, school.id) as session:
        assert history(session) == []


def test_each_change_is_audited_with_states_and_no_names(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    confirm(dpo, check_page(dpo, student_email="on"))

    with transaction(sessions, school.id) as session:
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "sharing.changed")
        ).one()
    assert event.actor_id == school.staff[Role.DATA_PROTECTION]
    assert event.detail == {"setting": "student_email", "before": "off", "after": "on"}


def test_of_two_people_who_change_sharing_at_once_the_later_is_told(
    app: Flask, sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    admin = signed_in(app, school, Role.ADMIN)
    hers, his = check_page(dpo, student_email="on"), check_page(admin, home_email="on")

    confirm(dpo, hers)
    told = confirm(admin, his)

    assert "Somebody else changed sharing while you were deciding" in told.text
    assert in_words(sessions, school)[1:] == (True, False, False)


def test_a_change_in_between_is_noticed_under_the_lock(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        by = staff_member(session, school.staff[Role.ADMIN])
        seen = agreement(session).changed_at
        change_sharing(session, SharingChanges(work_email=True), by, now(), seen=seen)
    with transaction(sessions, school.id) as session, pytest.raises(ChangedMeanwhile):
        change_sharing(session, SharingChanges(home_email=True), by, now(), seen=seen)


@pytest.mark.parametrize("role", [Role.CAREERS_LEADER, Role.VIEWER, Role.IT])
def test_other_roles_change_nothing(
    app: Flask, sessions: Sessions, school: MadeSchool, dpo: FlaskClient, role: Role
) -> None:
    other = signed_in(app, school, role)
    page = check_page(dpo, **EVERYTHING_ON)
    fields = dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page.text))
    del fields["csrf_token"]

    answer = submit(other, "/staff/schools", SHARING, **fields)

    assert answer.status_code == 403
    assert other.get(f"{SHARING}/check").status_code == 403
    assert in_words(sessions, school)[0] is Connection.NOT_CONNECTED


def test_a_careers_leader_sees_the_switches_without_a_form(app: Flask, school: MadeSchool) -> None:
    page = signed_in(app, school, Role.CAREERS_LEADER).get(SHARING).text

    assert "No mail goes to students" in page
    assert 'name="student_email"' not in page


def test_a_posted_value_that_is_no_choice_is_not_taken(
    sessions: Sessions, school: MadeSchool, dpo: FlaskClient
) -> None:
    page = check_page(dpo, student_email="on")
    fields = dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page.text))

    dpo.post(SHARING, data=fields | {"connection": "not_connected", "student_email": "perhaps"})

    assert in_words(sessions, school) == (Connection.NOT_CONNECTED, False, False, False)


def test_another_schools_history_is_not_shown(
    app: Flask, sessions: Sessions, dpo: FlaskClient
) -> None:
    other = make_school(sessions, name="Dale Test School", is_sharing=True)

    assert "Nothing has been changed yet." in dpo.get(SHARING).text
    shown = signed_in(app, other, Role.ADMIN).get(SHARING).text
    assert "Nothing has been changed yet." not in shown
