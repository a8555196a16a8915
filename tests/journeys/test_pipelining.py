"""Statements by the express: one school at a time, and a lost connection is not noticed outside."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from outreach import web
from outreach.pipelining import Express
from tests.factories import make_school
from tests.parts import Parts as Embedded

NAMES = text("SELECT name FROM campaign_directory")
SCHOOL = text("SELECT current_setting('outreach.school_id', true), :one + 1")
END_OTHERS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


def test_each_statement_runs_in_its_own_school_and_leaves_nothing_behind(wired: web.Parts) -> None:
    for school_id in (uuid4(), uuid4()):
        ((named, two),) = wired.express.rows(school_id, SCHOOL, {"one": 1})
        assert (named, two) == (str(school_id), 2)

    rows = text("SELECT count(*) FROM pupil")
    make_school(wired.sessions)
    assert wired.express.rows(uuid4(), rows, {}) == [(0,)]


def test_a_connection_that_was_lost_is_made_anew(wired: web.Parts, parts: Embedded) -> None:
    wired.express.rows(uuid4(), SCHOOL, {"one": 1})
    with wired.sessions() as session:
        session.connection().exec_driver_sql("RESET ROLE")
        session.execute(END_OTHERS)
        session.rollback()

    assert wired.express.rows(uuid4(), SCHOOL, {"one": 1})[0][1] == 2


def test_a_database_out_of_reach_is_said_as_everywhere() -> None:
    express = Express("postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1")

    with pytest.raises(OperationalError):
        express.rows(uuid4(), SCHOOL, {"one": 1})


def test_a_statement_that_is_refused_shows_no_value(wired: web.Parts) -> None:
    with pytest.raises(DBAPIError) as refused:
        wired.express.rows(uuid4(), text("SELECT cast(:one AS int)"), {"one": "a secret"})

    assert "a secret" not in str(refused.value.statement)
    assert refused.value.hide_parameters
