"""A careers leader writes questions of their own in a real browser, on a phone and at a desk."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible

SignIn = Callable[[Page, Role], None]
OWN = Path(__file__).parents[1] / "definitions" / "extra" / "own.yaml"


def looked_at(page: Page, name: str) -> None:
    """Accessible; and kept as a picture where somebody asks for pictures."""
    check_accessible(page)
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["320", "1280"])
def test_questions_are_written_checked_stored_and_offered(
    open_page: OpenPage, shop: Shop, sign_in: SignIn, size: dict[str, int]
) -> None:
    page = open_page(size)
    page.set_default_timeout(20_000)
    at = str(size["width"])
    sign_in(page, Role.CAREERS_LEADER)
    page.goto("/staff/questionnaires")
    looked_at(page, f"list-{at}")
    page.get_by_role("link", name="Add your own questions").click()
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator(".error-summary")).to_contain_text("Enter a title")
    looked_at(page, f"form-faults-{at}")

    page.get_by_label("GCSE years", exact=False).first.check()
    page.get_by_label("Title of the section").fill("Our careers fair")
    page.locator("#text-0").fill("The careers fair helped me.")
    page.locator("#text-1").fill("Which stall did you like most?")
    page.locator("#kind-1").select_option("choice")
    page.locator("#options-1").fill("Army\nBakery\nCollege")
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("h1")).to_have_text("Check before you store it")
    expect(page.locator("main")).to_contain_text("Which stall did you like most?")
    looked_at(page, f"preview-{at}")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator("#options-1")).to_have_value("Army\nBakery\nCollege")
    page.get_by_role("button", name="Check and preview").click()
    page.get_by_role("button", name="Store it").click()
    expect(page.locator(".error-summary")).to_contain_text("Say whose words these are")
    expect(page.locator(".error-summary")).to_contain_text("tick that none of them asks for this")
    looked_at(page, f"preview-faults-{at}")
    page.get_by_label("No question asks about who a student is", exact=False).check()
    page.get_by_label("We wrote these words ourselves").check()
    page.get_by_role("button", name="Store it").click()
    expect(page.locator("h1")).to_contain_text("with “Our careers fair”")
    looked_at(page, f"shown-{at}")
    page.goto("/staff/campaigns/new")
    expect(page.locator("main")).to_contain_text("with “Our careers fair”")

    page.goto("/staff/questionnaires/load")
    page.get_by_label("What is it?").select_option("gcse")
    page.get_by_label("Or paste its text").fill(OWN.read_text("utf-8").replace("own_came\n", "a\n"))
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("main table")).to_contain_text("does not begin with own_")
    looked_at(page, f"load-faults-{at}")
    page.get_by_label("File", exact=True).set_input_files(OWN)
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("main")).to_contain_text("Did you come to our careers fair?")
