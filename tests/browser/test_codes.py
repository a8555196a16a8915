"""The code page and the page before staff open questions beside a pupil, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_making import codes_of, make_codes
from outreach.campaigns.code_tries import BROWSER
from outreach.campaigns.codes import draw_code, write_code
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.slip_parts import in_parts
from outreach.campaigns.views import slips
from outreach.database import transaction
from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible

SignIn = Callable[[Page, Role], None]
LAST = -1


def invitation_and_code(shop: Shop) -> tuple[str, str]:
    """Of the last pupil, who has no mailbox."""
    with transaction(shop.wired.sessions, shop.school.id) as session:
        pupil = shop.pupils[LAST]
        asked = select(Invitation.id).where(Invitation.pupil_id == pupil)
        id = session.scalars(asked).one()
        keys = CodeKeys(shop.wired.settings.secret_keys)
        campaign = session.get_one(Campaign, (shop.school.id, shop.campaign_id))
        make_codes(session, keys, campaign, [id], shop.wired.clock())
        return str(id), codes_of(session, keys, [id])[id].code


def type_code(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    page.locator("main form button").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_student_without_a_mailbox_types_the_code_and_starts(
    open_page: OpenPage, shop: Shop, *, scripts: bool
) -> None:
    _, code = invitation_and_code(shop)
    page = open_page(PHONE, scripts=scripts)
    page.goto("/")
    page.get_by_role("link", name="enter the code on your slip").click()

    type_code(page, draw_code())
    expect(page.locator("main .error-text")).to_contain_text("We do not know this code")
    if scripts:
        check_accessible(page)
    type_code(page, write_code(code).lower())

    expect(page.locator("main")).to_contain_text("is asking you to answer some questions")
    page.locator("main button[value=pages]").click()
    page.wait_for_url("**/answer/**")


def test_the_pages_round_codes_are_accessible_in_every_language(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slips, "in_parts", lambda chosen: in_parts(chosen, most=2))
    invitation, code = invitation_and_code(shop)
    page = open_page(PHONE)
    for language in ("cy", "pl", "uk", "ur"):
        page.goto(f"/code?language={language}")
        check_accessible(page)
        assert page.locator("html").get_attribute("lang") == language
    page.goto("/code")
    type_code(page, code)
    page.get_by_role("link", name="This is not for me").click()
    expect(page.locator("main")).to_contain_text("give it to your tutor")
    check_accessible(page)
    page.get_by_role("link", name="tell us that instead").click()
    check_accessible(page)
    page.locator("main form button").click()
    expect(page.locator("main")).to_contain_text("ask your tutor for a new slip")
    check_accessible(page)
    page.goto("/code")
    for _ in range(BROWSER.tries + 1):
        type_code(page, draw_code())
    expect(page.locator("h1")).to_have_text("Too many wrong codes")
    check_accessible(page)
    for size in (PHONE, DESKTOP):
        staff = open_page(size)
        sign_in(staff, Role.CAREERS_LEADER)
        staff.goto(f"/staff/invitations/{invitation}/beside")
        check_accessible(staff)
        staff.goto(f"/staff/campaigns/{shop.campaign_id}/slips?group=year:10")
        expect(staff.locator("main")).to_contain_text("nobody is in two of them")
        check_accessible(staff)
