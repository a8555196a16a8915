"""Mail that a scanner or a full mailbox stopped, as staff see it and start it again."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.campaigns import muting
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.scanner_alarms import MANY, note_one_click
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import PupilAddress, SuppressionReason
from outreach.pupils.suppressing import suppress
from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.factories import run_workers

SignIn = Callable[[Page, Role], None]


def click_for_all(session: Session) -> None:
    """As a scanner does: every mail of the campaign, seconds after it came."""
    session.execute(update(Message).values(changed_at=now(), domain="hill-test-school.example"))
    invitations = session.scalars(select(Invitation).where(Invitation.submitted_at.is_(None))).all()
    for invitation in invitations:
        if muting.stop_mail(session, invitation, now()):
            note_one_click(session, invitation, "Mimecast", "192.0.2.1", now())


def fill_mailbox(session: Session, pupil_id: UUID) -> None:
    here = select(PupilAddress.address_hash).where(PupilAddress.pupil_id == pupil_id)
    until = now() + timedelta(days=14)
    reason, source = SuppressionReason.BOUNCED, "smtp_in/mailbox_full"
    suppress(session, session.scalars(here).one(), reason, source, now(), expires_at=until)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_careers_leader_starts_mail_again_that_a_scanner_and_a_full_mailbox_stopped(
    open_page: OpenPage,
    shop: Shop,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    *,
    scripts: bool,
) -> None:
    monkeypatch.setattr("outreach.campaigns.scanner_alarms.MANY", MANY - 3)
    run_workers(shop.wired)
    pupil = shop.pupils[8]
    with transaction(shop.wired.sessions, shop.school.id) as session:
        click_for_all(session)
        fill_mailbox(session, pupil)

    page = open_page(PHONE, scripts=scripts)
    sign_in(page, Role.CAREERS_LEADER)
    for size in (PHONE, DESKTOP) if scripts else ():
        page.set_viewport_size(size)
        for path in (f"/staff/campaigns/{shop.campaign_id}", f"/staff/pupils/{pupil}"):
            page.goto(path)
            check_accessible(page)

    page.goto(f"/staff/campaigns/{shop.campaign_id}")
    expect(page.locator("main")).to_contain_text("Mimecast")
    page.get_by_role("button", name="It was a scanner").click()
    expect(page.locator("main")).not_to_contain_text("mail scanner may have stopped")

    page.goto(f"/staff/pupils/{pupil}")
    expect(page.locator("main")).to_contain_text("The mailbox is full.")
    page.get_by_role("button", name="Mail may go to the school address again").click()
    expect(page.locator("main")).not_to_contain_text("No mail to the school address")
