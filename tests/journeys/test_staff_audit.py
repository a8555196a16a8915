"""The audit page: who did what, newest first, page by page, for two roles only."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from outreach.audit import SYSTEM, record
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.models import Role
from outreach.schools.trail import PAGE_LENGTH
from tests.factories import MadeSchool, make_school, signed_in


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, *Role)


@pytest.fixture
def admin(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.ADMIN)


def lines(page: str) -> list[str]:
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [re.sub(r"<[^>]+>|\s+", " ", line) for line in body.split("</tr>") if line.strip()]


def test_events_read_as_words_and_name_who_acted(admin: FlaskClient, school: MadeSchool) -> None:
    page = admin.get("/staff/audit").text

    assert "School added" in page
    assert "Staff member added" in page
    assert "The operator of the service" in page
    assert "Test admin" in page
    assert str(school.staff[Role.VIEWER]) in page


def test_a_change_reads_from_what_to_what(admin: FlaskClient) -> None:
    assert "setting: home email; from off to on" in admin.get("/staff/audit").text


def test_addresses_are_not_in_the_audit(admin: FlaskClient, school: MadeSchool) -> None:
    page = admin.get("/staff/audit").text

    assert not any(email in page for email in school.emails.values())


def test_the_newest_comes_first_and_the_rest_on_further_pages(
    admin: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    begun = now()
    with transaction(sessions, school.id) as session:
        for number in range(PAGE_LENGTH + 5):
            at = begun + timedelta(seconds=number)
            record(session, at, SYSTEM, "campaign.launched", "campaign", None, audience=number)

    first = lines(admin.get("/staff/audit").text)
    second = lines(admin.get("/staff/audit?page=2").text)

    assert len(first) == PAGE_LENGTH
    assert f"audience: {PAGE_LENGTH + 4}" in first[0]
    assert "Campaign launched" in first[0]
    assert "audience: 4 " in second[0]


@pytest.mark.parametrize("asked", ["0", "-3", "999999", "last"])
def test_a_page_that_is_not_there_gives_the_nearest(admin: FlaskClient, asked: str) -> None:
    assert admin.get(f"/staff/audit?page={asked}").status_code == 200


def test_another_schools_events_are_not_shown(
    app: Flask, sessions: Sessions, admin: FlaskClient
) -> None:
    other = make_school(sessions, name="Dale Test School")
    with transaction(sessions, other.id) as session:
        record(session, now(), SYSTEM, "campaign.cancelled", "campaign", None)

    assert "Campaign cancelled" not in admin.get("/staff/audit").text
    shown = signed_in(app, other, Role.ADMIN).get("/staff/audit").text
    assert "Campaign cancelled" in shown


@pytest.mark.parametrize("role", [Role.CAREERS_LEADER, Role.VIEWER, Role.IT])
def test_the_audit_is_for_administrators_and_data_protection(
    app: Flask, school: MadeSchool, role: Role
) -> None:
    assert signed_in(app, school, role).get("/staff/audit").status_code == 403
