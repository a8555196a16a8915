"""Uploading a roster in a real browser: columns, faults, import; with and without scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from outreach.schools.models import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible
from tests.journeys.roster_files import upn
from tests.workbooks import Cell, workbook

SignIn = Callable[[Page, Role], None]

ROWS: list[list[Cell]] = [
    ["Unique no", "Forename", "Surname", "Year", "House", "Email", "DOB"],
    *(
        [upn(number), f"Name{number}", "Nowak", 9, "Red", f"p{number}@hill.example", "04/09/2011"]
        for number in range(1, 6)
    ),
    [upn(6), "=1+1", "Nowak", "nine", "Blue", "p6@hill.example", "31/02/2011"],
]


@pytest.mark.parametrize(
    ("size", "scripts"), [(PHONE, True), (DESKTOP, False)], ids=["320", "1280 without scripts"]
)
def test_a_workbook_whose_headings_say_too_little_is_checked_and_imported(
    open_page: OpenPage,
    shop: Shop,
    sign_in: SignIn,
    tmp_path: Path,
    size: dict[str, int],
    *,
    scripts: bool,
) -> None:
    file = tmp_path / "pupils.xlsx"
    file.write_bytes(workbook(ROWS))
    page = open_page(size, scripts=scripts)
    sign_in(page, Role.CAREERS_LEADER)
    page.goto("/staff/roster")
    page.get_by_label("Roster file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("alert")).to_contain_text("no column for: UPN or MIS ID")
    look(page, scripts=scripts)

    page.get_by_label("What Unique no is").select_option("upn")
    page.get_by_label("What Email is").select_option("work_email")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("table", name="What kept a row out")).to_contain_text("no such day")
    look(page, scripts=scripts)

    page.get_by_role("button", name="Import the file").click()
    expect(page.get_by_role("status")).to_contain_text("The roster was imported.")
    look(page, scripts=scripts)


def look(page: Page, *, scripts: bool) -> None:
    """Axe is a script itself."""
    if scripts:
        check_accessible(page)
