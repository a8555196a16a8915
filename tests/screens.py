"""Makes the pictures in docs/screens and the README's: `make screens`.

Runs the set as `make run` does, in a folder of its own, and looks at the demo school in Chromium,
on a phone and on a desktop. Ends by itself.
"""

import email
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from outreach.clock import london_date, now
from tests.browser.conftest import DESKTOP, QUIET_FLAGS
from tests.chromium import find_chromium
from tests.contract.catching import free_port
from tests.failing_mail import STOP, make_campaign
from tests.failures.running_set import RunningSet
from tests.screen_pages import STAFF_PAGES

DOCS = Path(__file__).parent.parent / "docs"
FOLDER = DOCS / "screens"
PHONE = {"width": 360, "height": 740}
SIZES = {"phone": PHONE, "desktop": DESKTOP}
TALLEST = 2_000
CLOSES_IN = 28
QUALITY = 55
LINK = re.compile(r"^(http://\S+/q/\S+)\s*$", re.MULTILINE)


@dataclass
class Album:
    """Pictures by name, each once a size, and documents as they are printed."""

    names: list[str] = field(default_factory=list)
    papers: list[str] = field(default_factory=list)

    def keep(self, name: str, document: bytes) -> None:
        assert document.startswith(b"%PDF-"), name
        self.papers.append(name)
        (FOLDER / f"{name}.pdf").write_bytes(document)

    def take(self, page: Page, name: str) -> None:
        self.names.append(name)
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            height = page.evaluate("document.documentElement.scrollHeight")
            whole = FloatRect(x=0, y=0, width=viewport["width"], height=min(height, TALLEST))
            page.screenshot(
                path=FOLDER / f"{name}-{size}.jpeg",
                type="jpeg",
                quality=QUALITY,
                full_page=True,
                clip=whole,
            )

    def write_index(self) -> None:
        lines = ["# What people see", "", "Made by `make screens` from the demo school.", ""]
        for name in self.names:
            lines += [f"## {name.replace('-', ' ')}", ""]
            lines += [f"![{name} on a {size}]({name}-{size}.jpeg)" for size in SIZES]
            lines += [""]
        lines += ["## On paper", "", *(f"- [{name}]({name}.pdf)" for name in self.papers), ""]
        (FOLDER / "README.md").write_text("\n".join(lines))


@dataclass
class Students:
    """Browsers of students who have not answered yet, by the links in their mails."""

    browser: Browser
    mails: Iterator[EmailMessage]

    def open(self, query: str = "") -> Page:
        page = self.browser.new_context(locale="en-GB").new_page()
        for mail in self.mails:
            page.goto(f"{link_in(mail)}{query}")
            if page.locator("main form button").count():
                return page
        raise AssertionError("every student of the demo school has answered")


def link_in(mail: EmailMessage) -> str | None:
    text = mail.get_body(("plain",))
    found = LINK.search(text.get_content()) if text else None
    return found[1] if found else None


def invites_in(folder: Path) -> Iterator[EmailMessage]:
    """Newest first: the demo answers in the order of the roster, from its beginning."""
    for path in sorted(folder.glob("*.eml"), reverse=True):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if link_in(mail):
            yield mail


def answer(page: Page) -> None:
    """The first of its answers, whichever way it is asked."""
    reply, choice = page.locator("main .reply").first, page.locator("main .choice input").first
    page.locator("main .reply, main .choice input, main #answer").first.wait_for()
    before = page.locator("h1").inner_text()
    if reply.count():
        reply.click()
    else:
        choice.check() if choice.count() else page.locator("main #answer").fill("7")
        page.locator("main .actions .button").first.click()
    page.wait_for_function("text => document.querySelector('h1').innerText !== text", arg=before)


def show_pages(album: Album, page: Page) -> None:
    """One student on pages, from the first page to their own copy."""
    album.take(page, "first-page")
    page.locator("main button[value=pages]").click()
    page.wait_for_url("**/answer/**")
    album.take(page, "question")
    page.locator("main .actions .button").first.click()
    page.locator(".error-summary, [role=alert] a").first.wait_for()
    album.take(page, "question-with-an-error")
    seen = set()
    while "/answer/check" not in page.url:
        kind = page.locator("main .choice input").first.get_attribute("type") or "number"
        if kind not in seen and kind != "radio":
            album.take(page, f"question-{kind}")
        seen.add(kind)
        answer(page)
    album.take(page, "check-your-answers")
    page.locator("main form button").click()
    page.locator(".receipt").wait_for()
    album.take(page, "receipt")
    page.locator("main a[href*=copy]").first.click()
    page.wait_for_url("**/copy**")
    album.take(page, "own-copy")
    album.keep("own-copy", page.request.get(f"{page.url}.pdf").body())
    page.goto(f"{page.url.partition('/answer')[0]}/answer/sign-out")
    album.take(page, "sign-out")


def show_chat(album: Album, page: Page) -> None:
    page.locator("main button[value=chat]").click()
    page.wait_for_url("**/answer/**")
    turns = {1: "chat-turn-1", 4: "chat-turn-4", 10: "chat-turn-10"}
    turn = 1
    while "/answer/check" not in page.url:
        if turn in turns:
            album.take(page, turns[turn])
        answer(page)
        turn += 1
    album.take(page, "chat-check")


def show_other_ends(album: Album, browser: Browser, page: Page) -> None:
    """Saying no, coming back on another device, and what is said of all these pages."""
    link = page.url
    for name, path in {"no-thanks": "/no-thanks", "not-me": "/not-me"}.items():
        page.goto(link + path)
        album.take(page, name)
    page.goto(link)
    page.locator("main button[value=pages]").click()
    page.wait_for_url("**/answer/**")
    answer(page)
    elsewhere = browser.new_context(locale="en-GB").new_page()
    elsewhere.goto(link)
    elsewhere.locator("main button[value=pages]").click()
    elsewhere.wait_for_url("**/answer/**")
    album.take(elsewhere, "birthday")
    elsewhere.goto(f"{link.partition('/q/')[0]}/accessibility")
    album.take(elsewhere, "accessibility")


def show_languages(album: Album, page: Page) -> None:
    album.take(page, "first-page-urdu")
    page.locator("main button[value=pages]").click()
    page.wait_for_url("**/answer/**")
    album.take(page, "question-urdu")


def sign_in(page: Page, address: str, password: str) -> None:
    page.goto("/staff/sign-in")
    page.get_by_label("Email", exact=False).first.fill(address)
    page.locator("input[type=password]").fill(password)
    page.locator("main form button").click()
    page.wait_for_url("**/staff/**")


def show_staff(
    album: Album, browser: Browser, base_url: str, log_ins: dict[str, list[str]], failing: str
) -> None:
    for role, pages in STAFF_PAGES.items():
        page = browser.new_context(base_url=base_url, locale="en-GB").new_page()
        if role == "careers_leader":
            page.goto("/staff/sign-in")
            album.take(page, "sign-in")
        sign_in(page, *log_ins[role])
        places = places_in(page, failing) if role == "careers_leader" else {}
        for name, path in pages.items():
            page.goto(path.format(**places))
            album.take(page, name)
        if places:
            keep_papers(album, page, f"/staff/campaigns/{places['campaign']}")
        if role == "it":
            page.goto("/staff/it-team")
            page.get_by_role("button", name="Make a link").click()
            page.goto(page.locator("a[href^='/it/']").first.get_attribute("href") or "")
            album.take(page, "it-team-by-link")


def keep_papers(album: Album, page: Page, campaign: str) -> None:
    page.goto(f"{campaign}/slips")
    with page.expect_download() as download:
        page.locator("main form button").last.click()
    album.keep("slips", download.value.path().read_bytes())
    album.keep("results-for-governors", page.request.get(f"{campaign}/results.pdf").body())


def places_in(page: Page, failing: str) -> dict[str, str]:
    """The demo's campaign, one of it who has answered and one who has not, and the first's pupil;
    and of the campaign whose mail fails one whose mail came back."""
    page.goto("/staff/campaigns")
    link = page.get_by_role("link", name="GCSE years, this term (demo)")
    campaign = link.first.get_attribute("href") or ""
    invited = {}
    for state in ("answered", "not_started"):
        page.goto(f"{campaign}/pupils?state={state}")
        link = page.locator("main tbody th a").first.get_attribute("href")
        invited[state] = last_part(link, 1)
    page.goto(f"{campaign}/invitations/{invited['answered']}")
    pupil = page.get_by_role("link", name="Everything about").get_attribute("href")
    page.goto(f"/staff/campaigns/{failing}/pupils?mail=bounced&group=10A")
    bounced = page.locator("main tbody th a").first.get_attribute("href")
    return {
        "failing": failing,
        "bounced": last_part(bounced, 1),
        "campaign": last_part(campaign, 1),
        "pupil": last_part(pupil, 1),
        "answered": invited["answered"],
        "waiting": invited["not_started"],
    }


def last_part(address: str | None, number: int) -> str:
    return (address or "").split("/")[-number]


def show_mail(album: Album, browser: Browser, mail: EmailMessage) -> None:
    html = mail.get_body(("html",))
    assert html is not None
    page = browser.new_context(locale="en-GB").new_page()
    page.set_content(html.get_content())
    album.take(page, "mail-invite")


def show_stopping(album: Album, browser: Browser, mail: EmailMessage) -> None:
    """The pages behind a mail's footer."""
    page = browser.new_context(locale="en-GB").new_page()
    found = STOP.search(str(mail["List-Unsubscribe"]))
    assert found is not None
    page.goto(found[1])
    album.take(page, "stop-mail")
    page.goto(f"{found[1]}/all")
    album.take(page, "stop-all-mail")


def make_pictures(running: RunningSet, port: int) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    album, base_url = Album(), f"http://127.0.0.1:{port}"
    lines = (running.data_dir / "demo-logins.txt").read_text().splitlines()
    log_ins = {line.split("\t")[2]: line.split("\t")[:2] for line in lines}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET_FLAGS)
        students = Students(browser, invites_in(running.data_dir / "mailbox"))
        mail = next(students.mails)
        show_mail(album, browser, mail)
        show_stopping(album, browser, mail)
        show_pages(album, students.open())
        show_chat(album, students.open())
        show_languages(album, students.open("?language=ur"))
        show_other_ends(album, browser, students.open())
        page = browser.new_context(base_url=base_url).new_page()
        page.goto("/code")
        album.take(page, "code")
        page.locator("main form input:not([type=hidden])").first.fill("K7M 3QX 94TD")
        page.locator("main form button").first.click()
        page.locator("[role=alert]").first.wait_for()
        album.take(page, "code-with-an-error")
        closes = london_date(now()) + timedelta(days=CLOSES_IN)
        failing = make_campaign(running.data_dir, closes.isoformat())
        show_staff(album, browser, base_url, log_ins, failing)
        browser.close()
    album.write_index()


def main() -> None:
    folder, port = Path(tempfile.mkdtemp(prefix="outreach-screens-")), free_port()
    running = RunningSet(folder / "data", PORT=str(port))
    try:
        running.wait_until_ready()
        make_pictures(running, port)
    finally:
        running.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
