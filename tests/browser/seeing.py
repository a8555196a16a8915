"""What a browser test looks at: accessibility, reflow, and the school it visits."""

from dataclasses import dataclass
from uuid import UUID

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select

from outreach import web
from outreach.campaigns.links import link_token, stop_token
from outreach.campaigns.models import Invitation, Link
from outreach.database import transaction
from tests.factories import MadeSchool


@dataclass
class Shop:
    """The school of the browser tests and what is in it."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign_id: UUID
    pupils: list[UUID]

    def link_id(self, place: int) -> UUID:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.scalars(
                select(Link.id)
                .join(Invitation, Invitation.id == Link.invitation_id)
                .where(
                    Invitation.campaign_id == self.campaign_id,
                    Invitation.pupil_id == self.pupils[place],
                )
            ).one()

    def link(self, place: int) -> str:
        return f"/q/{link_token(self.wired.signer, self.school.key, self.link_id(place))}"

    def stop_link(self, place: int) -> str:
        return f"/stop/{stop_token(self.wired.signer, self.school.key, self.link_id(place))}"


def check_accessible(page: Page) -> None:
    """WCAG 2.2 AA as far as a machine can tell, and no sideways scrolling."""
    found = Axe().run(
        page,
        options={
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        },
    )
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    check_reflow(page)


def check_reflow(page: Page) -> None:
    sideways = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert sideways <= 0, f"{page.url} scrolls sideways by {sideways} px"
