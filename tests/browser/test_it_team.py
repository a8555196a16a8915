"""The IT team's pages with everything on them: accessible at both widths, and values that copy."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from outreach import web
from outreach.audit import OPERATOR
from outreach.database import transaction
from outreach.it_team.checking import check
from outreach.it_team.mailing import test_token as token_of_test
from outreach.it_team.page_links import links, make_link
from outreach.it_team.sender import sender_details
from outreach.it_team.testing import sealer, send_test
from outreach.schools.models import Role, School
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.dns_server import serve_dns, txt
from tests.factories import run_workers

SignIn = Callable[[Page, Role], None]
HEADERS = (
    "Authentication-Results: spf=pass smtp.mailfrom=outreach.example; dmarc=fail\n"
    "X-Forefront-Antispam-Report: SCL:5;CAT:SPM;"
)


def fill(wired: web.Parts, shop: Shop) -> tuple[str, str, str]:
    """A check with faults, a link and a test: the addresses of the test, its link and the page's."""
    with (
        serve_dns({"outreach.example": txt("v=spf1 ?all")}) as dns,
        transaction(wired.sessions, shop.school.id) as session,
    ):
        check(session, sender_details(wired.settings), dns.place, OPERATOR, wired.clock())
        make_link(session, OPERATOR, wired.clock())
        sealing = sealer(wired.settings.secret_keys)
        address = "it.test@hill-test-school.example"
        test_id = send_test(session, sealing, "Year 10 students", address, OPERATOR, wired.clock())
        school = session.get_one(School, shop.school.id)
        token = token_of_test(wired.signer, school, test_id)
        by_link = links(session, wired.signer)[0].token
    run_workers(wired)
    return f"/staff/it-team/tests/{test_id}", f"/it-test/{token}", f"/it/{by_link}"


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_every_page_of_the_it_team_is_accessible(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, size: dict[str, int]
) -> None:
    staff, stranger = open_page(size), open_page(size)
    sign_in(staff, Role.IT)
    test, reply, by_link = fill(shop.wired, shop)
    for address in (reply, by_link, "/it/nowhere"):
        stranger.goto(address)
        check_accessible(stranger)
    stranger.goto(reply)
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.locator(".error-summary")).to_be_visible()
    check_accessible(stranger)
    stranger.get_by_label("Junk").check()
    stranger.get_by_label("Headers of the mail", exact=False).fill(HEADERS)
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.locator("main")).to_contain_text("goes to junk")
    check_accessible(stranger)

    for address in ("/staff/it-team", "/staff/it-team/check", "/staff/it-team/tests", test):
        staff.goto(address)
        check_accessible(staff)
    expect(staff.locator("main")).to_contain_text("Nobody but the person who answered")


def test_a_value_can_be_copied_and_the_page_works_without_scripts(
    open_page: OpenPage, shop: Shop, sign_in: SignIn
) -> None:
    page, plain = open_page(), open_page(scripts=False)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for one in (page, plain):
        sign_in(one, Role.IT)
        one.goto("/staff/it-team")
    page.get_by_role("button", name="Copy outreach.example", exact=True).first.click()

    expect(page.locator("[data-copied]")).to_contain_text("Copied: outreach.example")
    assert page.evaluate("navigator.clipboard.readText()") == "outreach.example"
    expect(plain.locator(".copy")).to_have_count(0)
    plain.get_by_role("button", name="Make a link").click()
    expect(plain.locator("main")).to_contain_text("/it/")
