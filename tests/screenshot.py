"""Makes docs/campaign.png from a running demo: python -m tests.screenshot http://127.0.0.1:8000 data"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import QUIET_FLAGS
from tests.chromium import find_chromium

TARGET = Path(__file__).parent.parent / "docs" / "campaign.png"


def main(address: str, data_dir: str) -> None:
    lines = (Path(data_dir) / "demo-logins.txt").read_text().splitlines()
    email, password = next(line.split("\t")[:2] for line in lines if "careers_leader" in line)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET_FLAGS)
        page = browser.new_page(base_url=address, viewport={"width": 1100, "height": 880})
        page.goto("/staff/sign-in")
        page.get_by_label("Email", exact=False).first.fill(email)
        page.locator("input[type=password]").fill(password)
        page.locator("main form button").click()
        page.wait_for_url("**/staff/")
        page.locator("main table a").first.click()
        page.wait_for_url("**/campaigns/*")
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
