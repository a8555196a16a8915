"""Answering in a real browser: what a script makes nicer, and what axe alone cannot see."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from outreach.answering.models import Mode
from outreach.audit import OPERATOR
from outreach.campaigns import steering
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.seeing import check_accessible, check_reflow
from tests.journeys.dsl import BOTH_MODES, Launched, launch_for, tiny_library_and_clock

Launch = Callable[[str], Launched]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
VOICE = """
    window.heard = [];
    Object.defineProperty(window, "speechSynthesis", { value: {
        getVoices: () => [{ lang: "en-GB" }],
        speak: (said) => { window.heard.push(said.text); window.speaking = said; },
        cancel: () => { window.speaking = null; },
        addEventListener: () => {},
    } });
    window.SpeechSynthesisUtterance = function (text) { this.text = text; };
"""
KEPT_ANYWHERE = """async () => [
    localStorage.length, sessionStorage.length,
    (await indexedDB.databases()).length, (await caches.keys()).length, document.cookie,
]"""


@pytest.fixture
def launch(app: Flask) -> Iterator[Launch]:
    with tiny_library_and_clock(app) as clock:
        yield lambda questionnaire: launch_for(app, clock, questionnaire)


def begin(page: Page, launched: Launched, mode: Mode, language: str | None = None) -> None:
    page.goto(launched.link + (f"?language={language}" if language else ""))
    page.locator(f"main button[value={mode.value}]").click()
    page.wait_for_url("**/answer/**")


def onward(page: Page, act: Callable[[], None]) -> None:
    """Do something after which another heading stands there."""
    before = page.locator("h1").inner_text()
    act()
    expect(page.locator("h1")).not_to_have_text(before)


def answer(page: Page, text: str = "7") -> None:
    """The first of its answers, whichever way the question is asked."""
    reply, choice = page.locator("main .reply").first, page.locator("main .choice input").first
    if reply.count():
        onward(page, reply.click)
        return
    if choice.count():
        choice.check()
    else:
        page.locator("main #answer").fill(text)
    onward(page, page.locator("main .actions .button").first.click)


def answer_all(page: Page) -> None:
    while not page.url.endswith("/answer/check"):
        answer(page)


@BOTH_MODES
@SCRIPTS
def test_a_student_answers_from_the_link_to_the_receipt(
    open_page: OpenPage, launch: Launch, mode: Mode, *, scripts: bool
) -> None:
    launched = launch("access")
    page = open_page(PHONE, scripts=scripts)
    begin(page, launched, mode)
    answer_all(page)
    onward(page, page.locator("main form button").click)

    expect(page.locator("main")).to_contain_text("FSQ-")
    asked = launched.parts.library.latest("access").questions
    assert set(launched.stored) == {one.id for one in asked if one.kind != "note"}


@BOTH_MODES
def test_each_step_moves_the_focus_says_saved_and_changes_title_and_address(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    page = open_page(PHONE)
    begin(page, launch("branches"), mode)
    loads: list[str] = []
    page.on("domcontentloaded", lambda _page: loads.append(page.url))
    expect(page.locator("#status")).to_be_empty()

    for heading, place in (("Did it help?", "helped"), ("Do you have a plan?", "plan")):
        answer(page)
        expect(page.locator("h1")).to_be_focused()
        expect(page.locator("h1")).to_be_in_viewport()
        expect(page.locator("#status")).to_have_text("Saved")
        assert page.title() == f"{heading} – Future Skills Questionnaire"
        assert page.url.endswith(f"/answer/{place}")

    onward(page, page.go_back)
    expect(page.locator("h1")).to_have_text("Did it help?")
    expect(page.locator("h1")).to_be_focused()
    assert page.locator("main :checked, main .reply-now").get_attribute("value") == "yes"
    onward(page, page.go_forward)
    expect(page.locator("h1")).to_have_text("Do you have a plan?")
    assert loads == []


@BOTH_MODES
def test_an_error_is_in_the_title_and_takes_the_focus(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    page = open_page(PHONE)
    begin(page, launch("number"), mode)

    page.locator("main .actions .button").first.click()

    expect(page.locator(".error-summary")).to_be_focused()
    assert page.title().startswith("Error: How old?")
    page.locator(".error-summary a").click()
    expect(page.locator("#answer")).to_be_focused()
    answer(page)
    assert page.title().startswith("Check your answers")


def test_saved_is_not_said_beside_an_answer_that_was_not_saved(
    open_page: OpenPage, launch: Launch
) -> None:
    page = open_page(PHONE)
    begin(page, launch("branches"), Mode.PAGES)
    answer(page)
    expect(page.locator("#status")).to_have_text("Saved")

    page.locator("main .actions .button").first.click()

    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#status")).to_be_empty()


@BOTH_MODES
def test_an_answer_given_without_a_network_is_kept_in_the_tab_and_sent_when_it_is_back(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    launched = launch("branches")
    page = open_page(PHONE)
    begin(page, launched, mode)
    page.context.set_offline(True)

    page.locator("main [name=answer]").first.click()
    if mode is Mode.PAGES:
        page.locator("main .button").first.click()
    expect(page.locator("#unsent")).to_contain_text("Not saved yet")
    expect(page.locator("h1")).to_have_text("Met?")
    assert page.evaluate(KEPT_ANYWHERE) == [0, 0, 0, 0, ""]
    assert launched.stored == {}
    check_accessible(page)

    onward(page, lambda: page.context.set_offline(False))
    expect(page.locator("#unsent")).to_be_empty()
    expect(page.locator("#status")).to_have_text("Saved")
    assert launched.stored == {"met": "yes"}


def test_what_was_not_sent_is_gone_after_signing_out(open_page: OpenPage, launch: Launch) -> None:
    launched = launch("branches")
    page = open_page()
    begin(page, launched, Mode.CHAT)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.method)
        route.abort()

    page.route("**/answer/met", refuse)
    page.locator(".reply").first.click()
    expect(page.locator("#unsent")).not_to_be_empty()
    page.on("dialog", lambda dialog: dialog.accept())
    onward(page, page.get_by_role("link", name="Stop for now").click)
    page.unroute("**/answer/met")
    onward(page, page.get_by_role("button", name="Sign out").click)

    page.go_back()
    page.wait_for_timeout(200)
    page.goto("/answer/met")
    expect(page.locator("h1")).to_have_text("Open the link in your email again")
    assert asked == ["POST"]
    assert launched.stored == {}


def test_a_double_tap_in_the_chat_is_one_answer_and_none_to_the_next_question(
    open_page: OpenPage, launch: Launch
) -> None:
    launched = launch("branches")
    page = open_page()
    begin(page, launched, Mode.CHAT)

    onward(page, page.locator(".reply").first.dblclick)

    page.wait_for_timeout(300)
    expect(page.locator("h1")).to_have_text("Did it help?")
    assert launched.stored == {"met": "yes"}


@SCRIPTS
def test_changing_over_keeps_what_is_typed(
    open_page: OpenPage, launch: Launch, *, scripts: bool
) -> None:
    page = open_page(PHONE, scripts=scripts)
    begin(page, launch("text"), Mode.PAGES)
    page.locator("#answer").fill("half a thought")

    page.get_by_role("button", name="Answer as a chat").click()

    expect(page.locator("main.chat")).to_be_visible()
    expect(page.locator("#answer")).to_have_value("half a thought")


def test_urdu_runs_from_right_to_left_and_fits(open_page: OpenPage, launch: Launch) -> None:
    page = open_page(PHONE)
    for mode in Mode:
        begin(page, launch("access"), mode, "ur")
        for _ in range(3):
            assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
            check_reflow(page)
            answer(page)
        check_accessible(page)


def test_a_question_is_read_aloud_where_there_is_a_voice_and_a_second_press_stops_it(
    open_page: OpenPage, launch: Launch
) -> None:
    page = open_page()
    page.add_init_script(VOICE)
    for mode in Mode:
        begin(page, launch("branches"), mode)
        page.get_by_role("button", name="Read aloud").click()
        assert page.evaluate("heard.at(-1)") == "Met?. Yes. No. Not sure"
        check_accessible(page)
        page.get_by_role("button", name="Stop reading").click()
        assert page.evaluate("speaking") is None

        page.get_by_role("button", name="Read aloud").click()
        answer(page)
        assert page.evaluate("speaking") is None
        expect(page.get_by_role("button", name="Read aloud")).to_have_count(1)

    begin(page, launch("access"), Mode.PAGES, "pl")
    expect(page.locator(".read-aloud")).to_have_count(0)


def check_both(page: Page) -> None:
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        check_accessible(page)


@BOTH_MODES
def test_a_question_of_each_type_is_accessible_asked_and_with_an_error(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    page = open_page(PHONE)
    for questionnaire in ("choice", "choices", "number", "text", "note"):
        begin(page, launch(questionnaire), mode)
        check_both(page)
        if page.locator("main .reply").count() == 0:
            page.locator("main .actions .button").first.click()
            expect(page.locator(".error-summary")).to_be_visible()
            check_both(page)
        if questionnaire == "text":
            answer(page)
            check_both(page)


@BOTH_MODES
def test_first_tenth_and_last_step_change_check_receipt_and_end_are_accessible(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    launched = launch("access")
    page = open_page(PHONE)
    page.goto(launched.link)
    check_both(page)
    begin(page, launched, mode)
    check_both(page)
    last = launched.parts.library.latest("access").questions[-1]
    number = 1
    while not page.url.endswith("/answer/check"):
        if number == 10 or page.url.endswith(last.id):
            check_both(page)
        number += 1
        answer(page)
    check_both(page)
    onward(page, page.get_by_role("link", name="Change").first.click)
    check_both(page)
    page.goto("/answer/check")
    onward(page, page.locator("main form button").click)
    check_both(page)
    page.goto("/answer/sign-out")
    check_both(page)


@BOTH_MODES
def test_a_closed_questionnaire_a_new_device_and_the_statement_are_accessible(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    launched = launch("branches")
    page = open_page(PHONE)
    begin(page, launched, mode)
    answer(page)
    other = open_page(PHONE)
    begin(other, launched, mode)
    expect(other.locator("h1")).to_have_text("When is your birthday?")
    check_both(other)
    with launched.in_school() as session:
        steering.close(session, launched.campaign_id, OPERATOR, launched.clock())
    answer(page)
    expect(page.locator("h1")).to_have_text("This questionnaire has closed")
    check_both(page)
    page.goto("/accessibility")
    check_both(page)


@BOTH_MODES
def test_large_text_forced_colours_and_less_movement_leave_everything_in_place(
    open_page: OpenPage, launch: Launch, mode: Mode
) -> None:
    page = open_page(PHONE)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    begin(page, launch("choices"), mode)
    check_accessible(page)
    still = "getComputedStyle(document.querySelector('main .button')).transitionDuration"
    assert page.evaluate(still) == "0s"
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    check_reflow(page)
    answer_with_keys(page)


def answer_with_keys(page: Page) -> None:
    """Two ticks and the button, by Tab, Space and Enter alone."""
    page.locator("h1").focus()
    for key in ("Tab", "Space", "Tab", "Space", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("h1")).to_have_text("Check your answers")
    expect(page.locator("h1")).to_be_focused()
