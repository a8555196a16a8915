"""Law 12: a link is a key to a student's answers, so no log and no row may quote it."""

import logging

import pytest
from sqlalchemy import event, text

from outreach import web
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
