"""Every kind of staff page in a real browser: accessible, no sideways scrolling, no script faults."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.factories import run_workers

SignIn = Callable[[Page, Role], None]

PAGES = {
    Role.ADMIN: [
        "/staff/school/staff",
        "/staff/school/staff/{viewer}",
        "/staff/school/staff/{viewer}/groups",
        "/staff/sharing",
        "/staff/sharing/check?item.sen=off&connection=revoked",
        "/staff/sharing/annex",
        "/staff/sharing/contacts",
        "/staff/sharing/small-numbers",
        "/staff/audit",
        "/staff/roster",
        "/staff/safeguarding",
        "/staff/chat",
    ],
    Role.CAREERS_LEADER: [
        "/staff/campaigns",
        "/staff/campaigns/new",
        "/staff/campaigns/{campaign}",
        "/staff/campaigns/{campaign}/audience",
        "/staff/campaigns/{campaign}/pupils",
        "/staff/campaigns/{campaign}/preview/questionnaire",
        "/staff/campaigns/{campaign}/preview/mail",
        "/staff/campaigns/{campaign}/preview/mail?step=reminder_2&find=a",
        "/staff/campaigns/{campaign}/words/reminder_1",
        "/staff/campaigns/{campaign}/reminders",
        "/staff/school/terms",
        "/staff/campaigns/{campaign}/pause",
        "/staff/campaigns/{campaign}/slips",
        "/staff/campaigns/{campaign}/results",
        "/staff/campaigns/{campaign}/results/years",
        "/staff/campaigns/{campaign}/feedback",
        "/staff/campaigns/{campaign}/how-far",
        "/staff/questionnaires",
        "/staff/questionnaires/access",
        "/staff/questionnaires/questions?base=gcse",
        "/staff/questionnaires/load",
        "/staff/pupils",
        "/staff/pupils/supported",
        "/staff/pupils/{pupil}",
        "/staff/pupils/{pupil}/objection",
        "/staff/reach",
        "/staff/reach/pupils?mender=mis_office",
        "/staff/objections",
        "/staff/objections/told",
        "/staff/lists",
    ],
    Role.VIEWER: ["/staff/campaigns", "/staff/pupils", "/staff/pupils/{pupil}"],
    Role.IT: ["/staff/it-team", "/staff/it-team/check", "/staff/it-team/tests"],
}
CASES = [(role, path) for role, paths in PAGES.items() for path in paths]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_every_kind_of_staff_page_is_accessible(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, size: dict[str, int]
) -> None:
    run_workers(shop.wired)
    for role, paths in PAGES.items():
        page = open_page(size)
        faults: list[str] = []
        page.on(
            "console",
            lambda line, seen=faults: seen.append(line.text) if line.type == "error" else None,
        )
        sign_in(page, role)
        for path in paths:
            viewer = shop.school.staff[Role.VIEWER]
            answer = page.goto(
                path.format(campaign=shop.campaign_id, pupil=shop.pupils[0], viewer=viewer)
            )
            assert answer is not None
            assert answer.status == 200, (role, path, answer.status)
            check_accessible(page)
        assert faults == [], (role, faults)


@pytest.mark.parametrize(
    "path", ["/", "/code", "/staff/sign-in", "/staff/forgotten", "/privacy", "/nowhere"]
)
def test_public_pages_are_accessible(open_page: OpenPage, shop: Shop, path: str) -> None:
    for size in (PHONE, DESKTOP):
        page = open_page(size)
        page.goto(path)
        check_accessible(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_careers_leader_makes_and_launches_a_campaign(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    sign_in(page, Role.CAREERS_LEADER)
    page.goto("/staff/campaigns/new")
    page.get_by_label("Name", exact=False).first.fill("Winter check")
    page.get_by_label("GCSE years", exact=False).first.check()
    page.get_by_label("Year 10", exact=False).first.check()
    page.locator("main form button").last.click()
    expect(page.locator("h1")).to_contain_text("Winter check")
    page.get_by_role("link", name="Launch", exact=False).click()
    page.locator("main form button").click()

    expect(page.locator("main")).to_contain_text("launched")
