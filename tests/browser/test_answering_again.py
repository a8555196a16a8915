"""A pupil over two school years, and a second link in one year, in a real browser."""

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from outreach.answering.again import Why, let_answer_again
from outreach.audit import OPERATOR
from outreach.campaigns.links import link_token
from outreach.campaigns.models import Link
from outreach.database import transaction
from outreach.schools.models import Role
from questionnaires.model import ChoiceQuestion
from tests.answered import answer_and_submit, invitation_of, launch_campaign
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.browser.test_staff_pages import SignIn
from tests.factories import run_workers

PLACE = 8
"""Of a pupil of the shop who has not answered."""


@pytest.fixture
def answered_thrice(shop: Shop) -> UUID:
    """One pupil answered last year, and twice this year. Gives their invitation of this year."""
    now, pupil = shop.wired.clock(), shop.pupils[PLACE]
    before = now - timedelta(days=366)
    with transaction(shop.wired.sessions, shop.school.id) as session:
        library = shop.wired.library
        last = launch_campaign(session, library, before, name="Last spring")
        scored = [q for q in library.latest("gcse").questions if isinstance(q, ChoiceQuestion)]
        unsure = {q.id: q.scoring.unsure[0] for q in scored if q.scoring and q.scoring.unsure}
        given = dict(list(unsure.items())[:4])
        answer_and_submit(session, library, last, pupil, before, is_positive=False, **given)
        answer_and_submit(session, library, shop.campaign_id, pupil, now)
        invitation_id = invitation_of(session, shop.campaign_id, pupil).id
        let_answer_again(session, invitation_id, None, Why.NOT_SAID, OPERATOR, now)
        answer_and_submit(session, library, shop.campaign_id, pupil, now)
    run_workers(shop.wired)
    return invitation_id


def link_of_a_second_campaign(shop: Shop, place: int) -> str:
    with transaction(shop.wired.sessions, shop.school.id) as session:
        campaign_id = launch_campaign(session, shop.wired.library, shop.wired.clock(), name="Again")
        invitation = invitation_of(session, campaign_id, shop.pupils[place])
        link_id = session.scalars(select(Link.id).where(Link.invitation_id == invitation.id)).one()
    return f"/q/{link_token(shop.wired.signer, shop.school.key, link_id)}"


def test_the_years_of_a_pupil_and_the_way_to_answer_again_are_accessible(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, answered_thrice: UUID
) -> None:
    for size in (PHONE, DESKTOP):
        page = open_page(size)
        sign_in(page, Role.CAREERS_LEADER)
        page.goto(f"/staff/pupils/{shop.pupils[PLACE]}")
        check_accessible(page)
        heads = page.locator("table:has(caption:text('Essential skills')) thead th")
        assert heads.count() == 3, "two school years beside the name"
        for summary in page.locator("main summary").all():
            summary.click()
        check_accessible(page)
        page.goto(f"/staff/invitations/{answered_thrice}/answer-again")
        check_accessible(page)
        page.get_by_label("Their plans have changed").check()
        assert page.get_by_role("button", name="Let them answer again").is_visible()


def test_a_student_who_has_answered_this_year_finds_an_accessible_page_that_says_so(
    open_page: OpenPage, shop: Shop
) -> None:
    link = link_of_a_second_campaign(shop, 1)
    for size in (PHONE, DESKTOP):
        for language in ("en", "ur"):
            page: Page = open_page(size)
            page.goto(f"{link}?language={language}")
            assert page.locator("form").count() == 0
            check_accessible(page)
