"""Connecting a school in a real browser, and the progress bar that a sync moves."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from outreach.clock import london_date, now
from outreach.practice.server import Reply, Request, serving
from outreach.practice.wonde import WondePractice
from outreach.pupils.sources import making
from outreach.pupils.sync.models import SourceKind
from outreach.pupils.sync.syncing import sync
from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.journeys.source_systems import BRISK, IDS, make_system


@pytest.fixture
def wonde(app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[WondePractice]:
    monkeypatch.setattr(making, "PATIENCE", BRISK)
    system = make_system(SourceKind.WONDE, 450, london_date(now()))
    system.schools["A1"].urn = shop.school.urn
    wired = app.extensions["outreach"]
    with serving({"wonde": system}) as server:
        settings = replace(wired.settings, wonde_url=server.url("wonde"))
        app.extensions["outreach"] = replace(wired, settings=settings)
        yield system
        app.extensions["outreach"] = wired


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_a_school_is_connected_and_the_bar_moves_until_the_sync_is_done(
    app: Flask,
    open_page: OpenPage,
    shop: Shop,
    sign_in: Callable[[Page, Role], None],
    wonde: WondePractice,
    size: dict[str, int],
) -> None:
    page = open_page(size)
    sign_in(page, Role.ADMIN)
    page.goto("/staff/roster")
    page.get_by_role("link", name="Connect your information system").click()
    check_accessible(page)
    page.get_by_role("link", name="Connect by Wonde").click()
    check_accessible(page)
    external_id, secret = IDS[SourceKind.WONDE]
    page.get_by_label("Wonde school ID").fill(external_id)
    page.get_by_label("Token for this school").fill(secret)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
    check_accessible(page)

    may_go_on = threading.Event()

    def hold_the_last_page(request: Request) -> Reply | None:
        if request.query.get("page") == "3":
            may_go_on.wait(20)
        return None

    wonde.trouble = hold_the_last_page
    parts = app.extensions["outreach"]
    worker = threading.Thread(target=sync, args=(parts, shop.school.id))
    worker.start()
    expect(page.locator("#progress")).to_contain_text("400 of about 450", timeout=15_000)
    check_accessible(page)
    may_go_on.set()
    worker.join(30)

    # The shop's own eleven pupils are not in the system: too many to drop unasked.
    expect(page.locator("#progress")).to_contain_text("Held", timeout=15_000)
    check_accessible(page)
    page.get_by_role("button", name="They have gone").click()
    sync(parts, shop.school.id)
    page.goto("/staff/source")
    expect(page.locator("#progress")).to_contain_text("Done")
    check_accessible(page)
    page.get_by_role("link", name="Disconnect…").click()
    check_accessible(page)


def test_without_scripts_the_page_says_where_to_look_again(
    open_page: OpenPage,
    shop: Shop,
    sign_in: Callable[[Page, Role], None],
    wonde: WondePractice,
) -> None:
    page = open_page(scripts=False)
    sign_in(page, Role.ADMIN)
    page.goto("/staff/source/connect?kind=wonde")
    external_id, secret = IDS[SourceKind.WONDE]
    page.get_by_label("Wonde school ID").fill(external_id)
    page.get_by_label("Token for this school").fill(secret)
    page.get_by_role("button", name="Connect").click()

    page.get_by_role("link", name="Refresh this page").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
