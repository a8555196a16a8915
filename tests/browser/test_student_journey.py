"""A student answers in a real browser, with and without JavaScript, and by keyboard alone."""

from playwright.sync_api import Page, expect
from sqlalchemy import select

from outreach.answering.models import Response
from outreach.database import transaction
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.seeing import Shop, check_accessible, check_reflow


def press(page: Page, name: str) -> None:
    """A button after which another heading stands there, whether or not a page was loaded."""
    before = page.locator("h1").inner_text()
    page.get_by_role("button", name=name).first.click()
    expect(page.locator("h1")).not_to_have_text(before)


def answer_every_question(page: Page) -> int:
    """Choose the first option of each question until the check page; how many there were."""
    for number in range(60):
        if "/answer/check" in page.url:
            return number
        page.locator("main input[name=answer]").first.check()
        press(page, "Continue")
    raise AssertionError("sixty questions and no end")


def test_every_page_a_student_sees_is_accessible_at_320_and_1280(
    open_page: OpenPage, shop: Shop
) -> None:
    for size in (PHONE, {"width": 1280, "height": 900}):
        page = open_page(size)
        page.goto(shop.link(9))
        check_accessible(page)
        page.goto("/privacy")
        check_accessible(page)
        page.goto(shop.stop_link(9))
        check_accessible(page)
        page.goto(shop.link(9) + "/no-thanks")
        check_accessible(page)
        page.goto(shop.link(9) + "/not-me")
        check_accessible(page)
        page.goto(shop.link(0))
        check_accessible(page)
        page.goto("/q/not-a-link")
        check_accessible(page)


def test_every_question_and_the_check_page_are_accessible_on_a_phone(
    open_page: OpenPage, shop: Shop
) -> None:
    page = open_page(PHONE)
    page.goto(shop.link(8))
    press(page, "Start")
    check_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("There is a problem")
    check_accessible(page)
    page.locator("main input[name=answer]").first.check()
    press(page, "Continue")
    while "/answer/check" not in page.url:
        check_reflow(page)
        page.locator("main input[name=answer]").first.check()
        press(page, "Continue")
    check_accessible(page)
    with page.expect_navigation():
        page.locator("main form button").click()
    check_accessible(page)


def test_a_student_can_answer_with_the_keyboard_alone(open_page: OpenPage, shop: Shop) -> None:
    page = open_page()
    page.goto(shop.link(8))
    _press_until_focused(page, "button", "Start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer/**")
    first = page.url
    _press_until_focused(page, "input", "")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != first)


def _press_until_focused(page: Page, tag: str, words: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.tagName.toLowerCase(), document.activeElement.innerText]"
        )
        if focused[0] == tag and words in (focused[1] or ""):
            return
    raise AssertionError(f"thirty tabs and no {tag} {words}")


def test_landing_and_first_question_cost_at_most_40_kilobytes_and_four_requests_each(
    open_page: OpenPage, shop: Shop
) -> None:
    page = open_page(PHONE)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: dict[str, float] = {}
    asked: list[str] = []
    wire.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.on("request", lambda request: asked.append(request.url))

    page.goto(shop.link(8), wait_until="networkidle")
    landing = len(asked)
    press(page, "Start")
    page.wait_for_load_state("networkidle")
    question = [url for url in asked[landing:] if not url.endswith("/start")]

    assert sum(sizes.values()) <= 40_000
    assert landing <= 4
    assert len(question) <= 5  # one of them the redirect from Start
    assert all(url.startswith("http://127.0.0.1:") for url in asked)


def test_a_double_tap_on_submit_sends_one_response(open_page: OpenPage, shop: Shop) -> None:
    page = open_page(PHONE)
    page.goto(shop.link(8))
    press(page, "Start")
    answer_every_question(page)
    page.locator("main form button").dblclick()
    expect(page.locator("main")).to_contain_text("FSQ-")

    with transaction(shop.wired.sessions, shop.school.id) as session:
        submitted = session.scalars(select(Response).where(Response.submitted_at.is_not(None)))
        assert len(submitted.all()) == 8
