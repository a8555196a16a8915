"""The alert about a mail domain, on the campaign's page and the IT team's, and its one button."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from outreach.campaigns.diagnosing import rules
from outreach.campaigns.held_domains import note_policy
from outreach.clock import now
from outreach.database import transaction
from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible

SignIn = Callable[[Page, Role], None]

DOMAIN = "students.a-school-with-quite-a-long-name.example"
SAID = "550 5.7.1 The domain has a policy that prohibited the mail that you sent"


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_the_alert_is_accessible_and_its_button_works_without_scripts(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, size: dict[str, int]
) -> None:
    with transaction(shop.wired.sessions, shop.school.id) as session:
        for _ in range(rules().run.refused):
            note_policy(session, shop.campaign_id, DOMAIN, "restricted_delivery", SAID, now())
    for role, path in (
        (Role.CAREERS_LEADER, f"/staff/campaigns/{shop.campaign_id}"),
        (Role.IT, "/staff/it-team"),
    ):
        page = open_page(size)
        sign_in(page, role)
        page.goto(path)
        expect(page.locator(".banner-bad .banner-title").first).to_have_text(
            f"Google restrict delivery: mail to {DOMAIN} is held"
        )
        check_accessible(page)
    page = open_page(size, scripts=False)
    sign_in(page, Role.CAREERS_LEADER)
    page.goto(f"/staff/campaigns/{shop.campaign_id}")
    page.get_by_role("button", name="It is mended", exact=False).click()
    expect(page.locator(".banner-title", has_text="is held")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Nothing waits for this domain")
