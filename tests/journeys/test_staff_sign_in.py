"""Signing in and out, limits, and sessions that end."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.models import Account, AccountAttempt, AccountSession, Role
from outreach.schools.passwords import set_password
from tests.factories import MadeSchool, make_school
from tests.journeys.staff_pages import PASSWORD, later, sign_in, submit

HOMES = {
    Role.ADMIN: "/staff/",
    Role.CAREERS_LEADER: "/staff/",
    Role.VIEWER: "/staff/",
    Role.DATA_PROTECTION: "/staff/sharing",
    Role.IT: "/staff/it-team",
    Role.SAFEGUARDING: "/staff/safeguarding",
}


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    made = make_school(sessions, *Role)
    with transaction(sessions) as session:
        for account in session.scalars(select(Account)):
            set_password(session, account, PASSWORD, now(), is_proven=False)
    return made


@pytest.fixture
def dpo(client: FlaskClient, school: MadeSchool) -> FlaskClient:
    sign_in(client, school.emails[Role.DATA_PROTECTION])
    return client


@pytest.mark.parametrize("role", list(Role))
def test_each_role_begins_at_its_own_home(
    client: FlaskClient, school: MadeSchool, role: Role
) -> None:
    answer = sign_in(client, school.emails[role])

    assert (answer.status_code, answer.location) == (303, HOMES[role])


def test_the_address_may_be_typed_in_capitals(client: FlaskClient, school: MadeSchool) -> None:
    assert sign_in(client, school.emails[Role.ADMIN].upper()).status_code == 303


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(
    client: FlaskClient, school: MadeSchool
) -> None:
    wrong = sign_in(client, school.emails[Role.ADMIN], "not the password")
    unknown = sign_in(client, "nobody@hill-test-school.example", "not the password")

    assert wrong.status_code == unknown.status_code == 400
    said = "The email address or the password is not right."
    assert said in wrong.text
    assert said in unknown.text


def test_a_refused_form_keeps_the_address_and_never_the_password(
    client: FlaskClient, school: MadeSchool
) -> None:
    answer = sign_in(client, school.emails[Role.ADMIN], "not the password")

    assert f'value="{school.emails[Role.ADMIN]}"' in answer.text
    assert "not the password" not in answer.text


def test_an_empty_form_names_what_is_missing(client: FlaskClient, school: MadeSchool) -> None:
    answer = submit(client, "/staff/sign-in")

    assert "Enter your email address." in answer.text
    assert "Enter your password." in answer.text


@pytest.mark.parametrize("is_known", [True, False])
def test_ten_wrong_tries_close_sign_in_for_fifteen_minutes(
    app: Flask, client: FlaskClient, school: MadeSchool, is_known: bool
) -> None:
    email = school.emails[Role.ADMIN] if is_known else "nobody@hill-test-school.example"
    for _ in range(10):
        assert sign_in(client, email, "not the password").status_code == 400

    closed = sign_in(client, email)

    assert closed.status_code == 429
    assert "Wait 15 minutes" in closed.text
    with later(app, minutes=16):
        assert sign_in(client, email).status_code == (303 if is_known else 400)


def test_one_persons_wrong_tries_close_nobody_else_out(
    client: FlaskClient, school: MadeSchool
) -> None:
    for _ in range(11):
        sign_in(client, school.emails[Role.ADMIN], "not the password")

    assert sign_in(client, school.emails[Role.VIEWER]).status_code == 303


def test_a_right_password_forgets_the_wrong_tries_before_it(
    client: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    for _ in range(9):
        sign_in(client, school.emails[Role.ADMIN], "not the password")
    sign_in(client, school.emails[Role.ADMIN])

    with transaction(sessions) as session:
        assert session.scalars(select(AccountAttempt)).all() == []


def test_refused_tries_hold_no_address(
    client: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    sign_in(client, "somebody@hill-test-school.example", "not the password")

    with transaction(sessions) as session:
        attempt = session.scalars(select(AccountAttempt)).one()
    assert b"somebody" not in attempt.subject_hash


def test_an_hour_without_a_page_ends_the_session(app: Flask, dpo: FlaskClient) -> None:
    with later(app, minutes=61):
        answer = dpo.get("/staff/sharing")
        assert answer.location == "/staff/sign-in?next=/staff/sharing"
        assert "You were signed out" in dpo.get("/staff/sign-in").text


def test_a_page_now_and_then_keeps_the_session(app: Flask, dpo: FlaskClient) -> None:
    for minutes in (50, 100, 150):
        with later(app, minutes=minutes):
            assert dpo.get("/staff/sharing").status_code == 200


def test_twelve_hours_end_a_session_in_use(
    app: Flask, dpo: FlaskClient, sessions: Sessions
) -> None:
    with later(app, hours=12, minutes=1) as moment:
        with transaction(sessions) as session:
            session.execute(update(AccountSession).values(last_seen_at=moment))
        assert dpo.get("/staff/sharing").status_code == 302


def test_signing_out_ends_the_row_and_not_only_the_cookie(
    app: Flask, dpo: FlaskClient, sessions: Sessions
) -> None:
    stolen = app.test_client()
    with dpo.session_transaction() as cookie, stolen.session_transaction() as copy:
        copy.update(cookie)
    assert stolen.get("/staff/sharing").status_code == 200

    submit(dpo, "/staff/sharing", "/staff/sign-out")

    assert stolen.get("/staff/sharing").status_code == 302
    assert "You have signed out." in dpo.get("/staff/sign-in").text


def test_signing_in_keeps_nothing_that_was_in_the_cookie_before(
    client: FlaskClient, school: MadeSchool
) -> None:
    client.get("/staff/sign-in")
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
        before = cookie["csrf"]

    sign_in(client, school.emails[Role.ADMIN])

    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie.get("csrf") != before


def test_the_page_wanted_before_comes_after_signing_in(
    client: FlaskClient, school: MadeSchool
) -> None:
    turned_away = client.get("/staff/audit?page=2")
    answer = submit(
        client,
        turned_away.location,
        "/staff/sign-in",
        email=school.emails[Role.ADMIN],
        password=PASSWORD,
        next="/staff/audit?page=2",
    )

    assert answer.location == "/staff/audit?page=2"


def test_a_wish_for_another_site_is_not_followed(client: FlaskClient, school: MadeSchool) -> None:
    answer = submit(
        client,
        "/staff/sign-in?next=//evil.example/staff/",
        "/staff/sign-in",
        email=school.emails[Role.ADMIN],
        password=PASSWORD,
        next="//evil.example/staff/",
    )

    assert answer.location == "/staff/"


def test_a_role_that_does_not_include_a_page_is_told_so(
    client: FlaskClient, school: MadeSchool
) -> None:
    sign_in(client, school.emails[Role.IT])

    for page in ("/staff/sharing", "/staff/audit", "/staff/school/staff"):
        assert client.get(page).status_code == 403


def test_the_home_page_leads_to_sign_in_and_then_to_work(
    client: FlaskClient, school: MadeSchool
) -> None:
    assert 'href="/staff/sign-in"' in client.get("/").text

    sign_in(client, school.emails[Role.DATA_PROTECTION])

    assert 'href="/staff/sharing"' in client.get("/").text


def test_what_an_earlier_person_was_told_is_not_shown_to_the_next_at_the_same_browser(
    app: Flask, dpo: FlaskClient
) -> None:
    with dpo.session_transaction() as cookie:
        cookie["_flashes"] = [("success", "Something for the earlier person.")]
        cookie["has_choice"] = True

    with later(app, hours=2):
        dpo.get("/staff/sharing")
        page = dpo.get("/staff/sign-in").text

    assert "You were signed out" in page
    assert "Something for the earlier person." not in page
    with dpo.session_transaction() as cookie:
        assert set(cookie) <= {"csrf"}
