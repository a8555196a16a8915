"""Every page is public on purpose or asks for a role; every form is protected."""

import re
from uuid import uuid4

import pytest
from flask import Flask

from outreach import web
from outreach.schools.access import public_reason, staff_roles

SAFE = {"GET", "HEAD", "OPTIONS"}


def rules(app: Flask) -> list:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_route_is_public_with_a_reason_or_asks_for_a_role(app: Flask) -> None:
    for rule in rules(app):
        view = app.view_functions[rule.endpoint]
        assert bool(public_reason(view)) != bool(staff_roles(view)), rule


def test_staff_routes_and_no_others_live_under_staff(app: Flask) -> None:
    public_pages = {"/staff/sign-in", "/staff/forgotten"}
    for rule in rules(app):
        is_staff = bool(staff_roles(app.view_functions[rule.endpoint]))
        may_be_public = rule.rule in public_pages or rule.rule.startswith("/staff/set-up/")
        assert is_staff == (rule.rule.startswith("/staff") and not may_be_public), rule


def test_every_staff_route_sends_a_stranger_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    for rule in rules(app):
        if not staff_roles(app.view_functions[rule.endpoint]) or "GET" not in rule.methods:
            continue
        answer = client.get(_address(rule))
        assert answer.status_code == 302, rule
        assert "/staff/sign-in" in answer.location, rule


def test_every_post_without_a_token_is_refused_but_for_those_on_the_list(app: Flask) -> None:
    client = app.test_client()
    for rule in rules(app):
        if rule.methods <= SAFE or rule.endpoint in web.CSRF_EXEMPT:
            continue
        answer = client.post(_address(rule))
        assert answer.status_code == 400, rule
        assert "open too long" in answer.text, rule


def test_the_exemptions_name_routes_that_exist(app: Flask) -> None:
    assert set(web.CSRF_EXEMPT) <= set(app.view_functions)


@pytest.mark.parametrize("header", ["Content-Security-Policy", "Referrer-Policy", "X-Robots-Tag"])
def test_every_answer_carries_the_protecting_headers(app: Flask, header: str) -> None:
    answer = app.test_client().get("/nowhere-at-all")

    assert answer.status_code == 404
    assert answer.headers[header]
    assert answer.headers["Cache-Control"] == "no-store"


def _address(rule) -> str:
    filled = re.sub(r"<uuid:[^>]+>", str(uuid4()), rule.rule)
    filled = re.sub(r"<int:[^>]+>", "1", filled)
    return re.sub(r"<[^>]+>", "x", filled)
