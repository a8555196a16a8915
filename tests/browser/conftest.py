"""A real browser before the real app: Chromium by Playwright, the app on a loopback port."""

import logging
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from outreach import web
from outreach.database import transaction
from outreach.pupils.models import GroupKind
from outreach.schools.models import Role
from tests.answered import answer_and_submit, launch_campaign
from tests.browser.seeing import Shop
from tests.chromium import MISSING, find_chromium
from tests.factories import make_pupil, make_school, put_in_group, signed_in

QUIET_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def base_url(app: Flask) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, base_url: str) -> Iterator[OpenPage]:
    """`open_page(width=…, scripts=False)`: a fresh browser profile each time."""
    contexts: list[BrowserContext] = []

    def open_fresh(size: dict[str, int] = DESKTOP, *, scripts: bool = True) -> Page:
        context = chromium.new_context(
            base_url=base_url, viewport=size, java_script_enabled=scripts, locale="en-GB"
        )
        contexts.append(context)
        return context.new_page()

    yield open_fresh
    for context in contexts:
        context.close()


@pytest.fixture
def shop(app: Flask) -> Shop:
    """A school with a campaign under way: some sent in, one begun, some not to be mailed."""
    wired: web.Parts = app.extensions["outreach"]
    school = make_school(
        wired.sessions, Role.CAREERS_LEADER, Role.DATA_PROTECTION, Role.IT, Role.VIEWER
    )
    now = wired.clock()
    with transaction(wired.sessions, school.id) as session:
        names = ("Ada", "Bilal", "Cleo", "Dev", "Ezra", "Farah", "Gil", "Hana", "Isla", "Jude")
        pupils = [make_pupil(session, forename=name).id for name in names]
        pupils.append(make_pupil(session, forename="Kim", work=None).id)
        put_in_group(session, "10A", *pupils[:6])
        for number in range(15):
            kind = GroupKind.TEACHING
            put_in_group(session, f"10A/Ma{number}", *pupils[number % 8 :], kind=kind)
        campaign_id = launch_campaign(session, wired.library, now)
    with transaction(wired.sessions, school.id) as session:
        for pupil_id in pupils[:7]:
            answer_and_submit(session, wired.library, campaign_id, pupil_id, now)
    return Shop(app, wired, school, campaign_id, pupils)


@pytest.fixture
def sign_in(app: Flask, shop: Shop) -> Callable[[Page, Role], None]:
    """Put the cookie of a signed-in staff member into a page's browser."""

    def put(page: Page, role: Role) -> None:
        client = signed_in(app, shop.school, role)
        name = app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        page.context.add_cookies(
            [{"name": name, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}]
        )

    return put
