"""Law 12: a link is a key to a student's answers, so no log and no row may quote it."""

import logging

import pytest
from flask import Flask
from sqlalchemy import text

from outreach import web
from outreach.database import transaction
from tests.factories import Role, make_school, signed_in
from tests.journeys.dsl import Launched


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_no_log_line_of_a_whole_journey_holds_the_token(
    launched: Launched, lines: pytest.LogCaptureFixture
) -> None:
    launched.browser().start().answer("no").answer("yes").submit()

    assert "answering" in lines.text
    assert launched.token not in lines.text
    assert launched.token.split(".")[0] not in lines.text


def test_a_commit_that_fails_is_answered_as_an_outage_and_logs_no_path(
    launched: Launched, lines: pytest.LogCaptureFixture, wired: web.Parts
) -> None:
    student = launched.browser().open()
    form = student.forms[0]
    engine = wired.sessions.kw["bind"]

    from sqlalchemy import event

    def cut(connection: object) -> None:
        with engine.connect() as other:
            other.execute(text("RESET ROLE"))
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    event.listen(engine, "commit", cut, once=True)
    answer = student.client.post(form.action or launched.link + "/start", data=form.hidden)

    assert answer.status_code == 503
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "POST answering.start 503" in lines.text
    assert launched.token not in lines.text
    assert launched.token.split(".")[0] not in lines.text
    assert student.open().press().status == 200


def test_null_characters_are_refused_kindly(app: Flask, wired: web.Parts) -> None:
    client = signed_in(app, make_school(wired.sessions), Role.ADMIN)

    assert client.get("/staff/campaigns?page=%00").status_code == 400
    page = app.test_client().get("/staff/sign-in")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    stranger = app.test_client()
    with stranger.session_transaction() as cookie:
        cookie["csrf"] = "x"
    assert token
    assert stranger.get("/staff/sign-in?next=%00").status_code == 400


def test_only_a_static_file_of_its_own_version_is_kept_for_long(app: Flask) -> None:
    client = app.test_client()
    address = client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]

    def kept(of: str) -> str:
        with client.get(of) as answer:
            return answer.headers["Cache-Control"]

    assert "immutable" in kept(address)
    assert kept(address[:-2] + "00") == "no-store"
    assert kept("/static/nope.css") == "no-store"


def test_a_search_of_thousands_of_words_is_answered_at_once(app: Flask, wired: web.Parts) -> None:
    from outreach.pupils.finding import MOST_WORDS, list_pupils

    school = make_school(wired.sessions)
    statements: list[str] = []
    with transaction(wired.sessions, school.id) as session:
        from sqlalchemy import event

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(session.connection(), "before_cursor_execute", note)
        list_pupils(session, search="ab " * 5000, now=wired.clock())

    assert max(one.count("pupil.forename") for one in statements) <= MOST_WORDS + 4
