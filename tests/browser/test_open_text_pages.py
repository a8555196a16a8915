"""A box for own words in a real browser, the question after sending, and the pages of the lead."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from outreach.answering.models import Mode
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import check_accessible
from tests.browser.test_answering import SCRIPTS, begin, onward
from tests.factories import signed_in
from tests.journeys.dsl import BOTH_MODES, Launched, launch_for, tiny_library_and_clock

Launch = Callable[[str], Launched]
SEEN = os.environ.get("SEEN_FOLDER")


@pytest.fixture
def launch(app: Flask) -> Iterator[Launch]:
    with tiny_library_and_clock(app) as clock:
        yield lambda questionnaire: launch_for(app, clock, questionnaire)


def look(page: Page, name: str, *, scripts: bool = True) -> None:
    """axe is a script itself."""
    if scripts:
        check_accessible(page)
    if SEEN:
        page.screenshot(path=Path(SEEN) / f"{name}.png", full_page=True)


@BOTH_MODES
@SCRIPTS
def test_a_box_its_limit_and_the_question_after_sending(
    open_page: OpenPage, launch: Launch, mode: Mode, *, scripts: bool
) -> None:
    page = open_page(PHONE, scripts=scripts)
    page.set_default_timeout(20_000)
    begin(page, launch("text"), mode)
    look(page, f"box-{mode.value}-{scripts}", scripts=scripts)
    expect(page.locator(".help-lines")).to_contain_text("0800 1111")
    page.locator("#answer").fill("twenty-one letters ok")
    if scripts:
        expect(page.locator("#answer-most")).to_have_text("Characters too many: 1")
    page.locator("main .actions .button").first.click()
    expect(page.locator(".error-summary")).to_contain_text("21 characters")
    expect(page.locator("#answer")).to_have_value("twenty-one letters ok")
    look(page, f"too-long-{mode.value}-{scripts}", scripts=scripts)
    page.locator("#answer").fill("Baker")
    onward(page, page.locator("main .actions .button").first.click)
    page.locator("#answer").fill("I like\nto draw.")
    onward(page, page.locator("main .actions .button").first.click)
    onward(page, page.locator("main form button").click)

    look(page, f"receipt-{mode.value}-{scripts}", scripts=scripts)
    page.get_by_role("button", name="Tell us").click()
    expect(page.locator("#feedback-error")).to_be_visible()
    look(page, f"receipt-error-{mode.value}-{scripts}", scripts=scripts)
    page.get_by_label("Very easy").check()
    page.get_by_role("button", name="Tell us").click()
    expect(page.locator(".feedback")).to_contain_text("Thank you")
    look(page, f"thanks-{mode.value}-{scripts}", scripts=scripts)
    page.goto("/answer/copy")
    look(page, f"copy-{mode.value}-{scripts}", scripts=scripts)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_the_safeguarding_lead_reads_and_marks(
    app: Flask, open_page: OpenPage, launch: Launch, size: dict[str, int]
) -> None:
    launched = launch("text")
    student = launched.browser().start().answer("He hits me").answer("I like to draw.")
    student.submit()
    page = open_page(size)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = signed_in(app, launched.school, Role.SAFEGUARDING).get_cookie(name)
    assert cookie is not None
    kept = {"name": name, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}
    page.context.add_cookies([kept])

    page.goto("/staff/safeguarding")
    look(page, f"list-{size['width']}")
    page.locator("main table a").first.click()
    expect(page.locator("main")).to_contain_text("He hits me")
    look(page, f"flag-{size['width']}")
    page.get_by_role("button", name="I have read it and acted").click()
    expect(page.locator("main table")).to_have_count(2)
    look(page, f"read-{size['width']}")
    with launched.in_school() as session:
        unread = select(SafeguardingFlag.id).where(SafeguardingFlag.seen_at.is_(None))
        assert len(session.scalars(unread).all()) == 1
