"""A staff member's browser, for journeys: fills in forms, and lets time pass."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from outreach import web
from outreach.clock import now

PASSWORD = "velvet otter parade"


def submit(
    client: FlaskClient, page: str, action: str | None = None, **fields: str
) -> TestResponse:
    """Open a page, take the token of its form, and post the fields to `action` or the page."""
    opened = client.get(page)
    token = re.search(r'name="csrf_token" value="([^"]+)"', opened.text)
    assert token is not None, (page, opened.status_code)
    return client.post(action or page, data={"csrf_token": token.group(1), **fields})


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    return submit(client, "/staff/sign-in", email=email, password=password)


def use_link(client: FlaskClient, link: str, password: str = PASSWORD) -> TestResponse:
    path = link[link.index("/staff/set-up/") :]
    return submit(client, path, password=password, again=password)


@contextmanager
def later(app: Flask, **passed: float) -> Iterator[datetime]:
    """The app's clock stands at some time from now, as `timedelta` takes it."""
    parts: web.Parts = app.extensions["outreach"]
    moment = now() + timedelta(**passed)
    app.extensions["outreach"] = replace(parts, clock=lambda: moment)
    try:
        yield moment
    finally:
        app.extensions["outreach"] = parts
