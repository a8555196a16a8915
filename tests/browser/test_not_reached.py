"""A careers leader finds who was not reached, and why, and sends again to just those, on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from outreach.campaigns.models import Message
from outreach.campaigns.states import MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import SuppressionReason
from outreach.pupils.suppressing import suppress
from outreach.schools.models import Role
from tests.answered import invitation_of
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.contract.catching import Catcher
from tests.factories import run_workers

SignIn = Callable[[Page, Role], None]
NEW_ADDRESS = "isla.new@hill-test-school.example"


def came_back(shop: Shop, place: int, reason: str, *, is_hard: bool) -> None:
    with transaction(shop.wired.sessions, shop.school.id) as session:
        invitation = invitation_of(session, shop.campaign_id, shop.pupils[place])
        address_hash = session.scalars(
            update(Message)
            .where(Message.invitation_id == invitation.id)
            .values(state=MessageState.BOUNCED, reason=reason)
            .returning(Message.address_hash)
        ).one()
        if is_hard:
            assert address_hash is not None
            suppress(session, address_hash, SuppressionReason.BOUNCED, "bounces", now())


@pytest.fixture
def troubled(shop: Shop, mailbox: Catcher) -> Shop:
    """Hana's mailbox was full, Isla's does not exist, Kim has no address; Jude has the mail."""
    run_workers(shop.wired)
    came_back(shop, 7, "mailbox_full", is_hard=False)
    came_back(shop, 8, "unknown_user", is_hard=True)
    mailbox.forget()
    return shop


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_whoever_was_not_reached_is_found_with_the_reason_and_mailed_again(
    open_page: OpenPage, troubled: Shop, sign_in: SignIn, mailbox: Catcher, *, scripts: bool
) -> None:
    page = open_page(PHONE, scripts=scripts)
    sign_in(page, Role.CAREERS_LEADER)
    page.goto("/staff/campaigns")
    page.get_by_role("link", name="Spring").click()
    page.get_by_role("link", name="See who, and why (3)").click()

    rows = page.get_by_role("row")
    expect(rows.filter(has_text="Hana")).to_contain_text("The mailbox is full")
    expect(rows.filter(has_text="Isla")).to_contain_text("no mailbox with this address")
    expect(rows.filter(has_text="Kim")).to_contain_text("Has no email address on the roster")

    page.get_by_role("link", name="Send again to all who can be mailed").click()
    expect(page.locator("h1")).to_contain_text("again to 1 pupil?")
    page.get_by_role("button", name="Send again").click()
    run_workers(troubled.wired)
    assert len(mailbox.mails) == 1

    page.get_by_role("link", name="See who, and why (2)").click()
    page.get_by_role("link", name="Fix the address of Isla Ashdown").click()
    page.get_by_label("New school email address").fill(NEW_ADDRESS)
    page.get_by_label("I have checked").check()
    page.get_by_role("button", name="Save and send").click()
    expect(page.locator("main")).to_contain_text("Staff gave another address")
    run_workers(troubled.wired)
    assert [mail.recipient for mail in mailbox.mails][1:] == [NEW_ADDRESS]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_the_pages_on_the_way_are_accessible(
    open_page: OpenPage, troubled: Shop, sign_in: SignIn, size: dict[str, int]
) -> None:
    page = open_page(size)
    sign_in(page, Role.CAREERS_LEADER)
    with transaction(troubled.wired.sessions, troubled.school.id) as session:
        isla = invitation_of(session, troubled.campaign_id, troubled.pupils[8]).id
    here = f"/staff/campaigns/{troubled.campaign_id}"
    for path in (
        *("", "/pupils", "/pupils?mail=unreached", "/resend/failed", "/how-far"),
        *(f"/invitations/{isla}", f"/invitations/{isla}/address"),
    ):
        answer = page.goto(f"{here}{path}")
        assert answer is not None
        assert answer.status == 200, path
        check_accessible(page)
