"""A journey over https: strict referrer policies send no Referer, and cookies are Secure."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.http import parse_cookie

from outreach import web
from outreach.app import create_app
from tests.journeys.dsl import launch_for, tiny_library_and_clock

SITE = "https://questions.outreach.example"


@pytest.fixture
def secure_app(wired: web.Parts) -> Iterator[Flask]:
    app = create_app(replace(wired.settings, public_url=SITE))
    app.config["SERVER_NAME"] = None
    yield app
    own: web.Parts = app.extensions["outreach"]
    own.sessions.kw["bind"].dispose()
    own.redis.close()


def test_a_student_answers_over_https_without_a_referer(secure_app: Flask) -> None:
    with tiny_library_and_clock(secure_app) as clock:
        launched = launch_for(secure_app, clock)
        student = launched.browser()
        student.client.environ_base["wsgi.url_scheme"] = "https"
        student.client.environ_base["HTTP_HOST"] = "questions.outreach.example"

        student.start().answer("no").answer("yes").submit()

        assert "FSQ-" in student.words
        assert launched.response is not None
        assert launched.response.submitted_at is not None


def test_cookies_are_host_bound_and_secure_over_https(secure_app: Flask) -> None:
    answer = secure_app.test_client().get("/staff/sign-in", base_url=SITE)
    cookie = answer.headers["Set-Cookie"]

    assert next(iter(parse_cookie(cookie))) == "__Host-outreach"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"]


def test_cookies_are_plain_over_http_and_named_by_port(app: Flask) -> None:
    cookie = app.test_client().get("/staff/sign-in").headers["Set-Cookie"]

    assert next(iter(parse_cookie(cookie))) == "outreach-8000"
    assert "Secure" not in cookie


def test_a_host_that_is_not_ours_is_refused(secure_app: Flask) -> None:
    answer = secure_app.test_client().get("/", base_url="https://elsewhere.example")

    assert answer.status_code == 400
