"""Coming back on another device: a birthday, five tries, and the two other ways in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from outreach.answering.models import BirthCheckTry
from outreach.answering.resetting import forgive_tries
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.models import Link
from outreach.campaigns.states import MessageState
from outreach.errors import NotFound
from tests.contract.catching import Catcher
from tests.factories import run_workers, signed_in
from tests.journeys.dsl import BOTH_MODES, Browser, Launched

Launch = Callable[..., Launched]
pytestmark = BOTH_MODES
ASKS = "When is your birthday?"
LOCKED = "You have used all your tries"


@pytest.fixture
def begun(launched: Launched) -> Launched:
    """A student has answered one question in a browser of their own."""
    launched.browser().start().answer("not_sure")
    return launched


def on_new_device(launched: Launched) -> Browser:
    return launched.browser().start()


def use_up_tries(launched: Launched, number: int = 5) -> Browser:
    browser = on_new_device(launched)
    for _ in range(number):
        browser.prove(1, 1)
    return browser


def test_a_new_device_is_asked_before_anything_is_shown(begun: Launched) -> None:
    browser = on_new_device(begun)

    assert browser.heading == ASKS
    for page in ("/answer/", "/answer/met", "/answer/last", "/answer/check", "/answer/receipt"):
        assert browser.get(page).heading == ASKS
        assert "Met?" not in browser.text
        assert "Not sure" not in browser.text


def test_nothing_can_be_written_before_the_check(begun: Launched) -> None:
    browser = on_new_device(begun)
    hidden = browser.forms[0].hidden

    for page in ("/answer/met", "/answer/submit"):
        assert browser.post(page, **hidden, answer="yes").heading == ASKS
    assert begun.stored == {"met": "not_sure"}


def test_the_right_day_and_month_let_in(begun: Launched) -> None:
    browser = on_new_device(begun)

    assert browser.prove("14", "03").heading == "Last?"
    assert browser.back().heading == "Met?"
    assert browser.chosen == {"not_sure"}


def test_no_wrong_try_says_whether_it_was_near(begun: Launched) -> None:
    said = set()
    for day, month in ((14, 4), (13, 3), (1, 12)):
        browser = on_new_device(begun)
        said.add(browser.prove(day, month).words.split(" Tries you have")[0])
        with begun.in_school() as session:
            forgive_tries(session, begun.invitation_id, OPERATOR, begun.clock())

    assert len(said) == 1


def test_five_wrong_tries_lock_and_the_right_one_comes_too_late(begun: Launched) -> None:
    browser = on_new_device(begun)
    for left in (4, 3, 2, 1):
        browser.prove(1, 1)
        assert (browser.status, browser.heading) == (422, ASKS)
        assert f"Tries you have left: {left}." in browser.words
    form = browser.forms[0]

    browser.prove(1, 1)
    assert browser.heading == LOCKED
    assert not browser.forms
    browser.post(form.action, **form.hidden, **{"birthday-day": "14", "birthday-month": "3"})

    assert browser.heading == LOCKED
    assert on_new_device(begun).heading == LOCKED


def test_tries_count_over_devices_and_over_all_links_that_work(begun: Launched) -> None:
    use_up_tries(begun, 3)
    with begun.in_school() as session:
        other = Link(
            school_id=begun.school.id, invitation_id=begun.invitation_id, created_at=begun.clock()
        )
        session.add(other)
        session.flush()
        other_id = other.id

    elsewhere = use_up_tries(replace(begun, link_id=other_id), 2)

    assert elsewhere.heading == LOCKED
    assert on_new_device(begun).heading == LOCKED


def test_what_is_no_day_of_the_calendar_is_no_try(begun: Launched) -> None:
    browser = on_new_device(begun)

    for day, month in (("", ""), ("31", "2"), ("x", "3"), ("14", "March")):
        assert browser.prove(day, month).status == 422
        assert "did not count" in browser.words

    assert begun.count(BirthCheckTry) == 0


def test_a_burst_of_tries_gets_no_more_than_five(begun: Launched) -> None:
    browser = on_new_device(begun)
    form = browser.forms[0]
    cookie = browser.client.get_cookie(begun.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None

    def guess(day: int) -> int:
        client = begun.app.test_client()
        client.set_cookie(cookie.key, cookie.value)
        fields = {**form.hidden, "birthday-day": str(day), "birthday-month": "1"}
        return client.post(form.action, data=fields).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(guess, range(1, 13)))

    assert statuses == [422] * 12
    assert begun.count(BirthCheckTry) == 5


def test_the_browser_that_gave_the_answers_is_not_asked(begun: Launched) -> None:
    student = begun.browser().start()
    assert student.heading == ASKS
    student.prove(14, 3)

    begun.clock.turn(minutes=30)

    assert student.start().heading == "Last?"


def test_a_browser_left_idle_is_asked_again_since_computers_are_shared(begun: Launched) -> None:
    student = begun.browser().start()
    assert student.heading == ASKS
    student.prove(14, 3)

    begun.clock.turn(hours=2)

    assert student.start().heading == ASKS


def test_a_browser_that_signed_out_is_asked_again(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    student.get("/answer/sign-out").press()
    assert student.heading == "You have signed out"
    assert student.get("/answer/").status == 403

    assert student.start().heading == ASKS


def test_a_browser_that_pressed_start_before_any_answer_sees_none_of_them(
    launched: Launched,
) -> None:
    early = launched.browser().start()
    launched.browser().start().answer("not_sure")

    assert early.get("/answer/met").heading == ASKS
    assert early.get("/answer/check").heading == ASKS


def test_staff_let_a_locked_student_try_again(begun: Launched) -> None:
    browser = use_up_tries(begun)
    staff = Browser(signed_in(begun.app, begun.school), begun)

    staff.get(f"/staff/invitations/{begun.invitation_id}/let-in").press()

    assert staff.status == 200
    assert browser.get("/answer/").heading == ASKS
    assert browser.prove(14, 3).heading == "Last?"
    with begun.in_school() as session:
        actions = {event.action for event in session.query(AuditEvent)}
    assert "resuming.allowed" in actions


def test_staff_of_another_school_can_let_nobody_in(begun: Launched, launch: Launch) -> None:
    other = launch()
    browser = Browser(signed_in(begun.app, other.school), other)

    assert browser.get(f"/staff/invitations/{begun.invitation_id}/let-in").status == 404
    with other.in_school() as session, pytest.raises(NotFound):
        forgive_tries(session, begun.invitation_id, OPERATOR, begun.clock())


def test_a_new_link_is_mailed_the_old_one_ends_and_tries_begin_anew(begun: Launched) -> None:
    browser = use_up_tries(begun)
    begun.clock.turn(minutes=1)

    browser.get(browser.link_of("Get a new link by email")).press()

    assert browser.heading == "Look in your email"
    assert browser.get("/answer/").status == 410
    assert begun.browser().open().status == 410
    newest = begun.messages[-1]
    assert (newest.attempt, newest.state) == (2, MessageState.QUEUED)
    assert newest.link_id == begun.newest.link_id
    assert on_new_device(begun.newest).heading == ASKS
    assert on_new_device(begun.newest).prove(14, 3).heading == "Last?"


def test_the_mail_with_a_new_link_says_so_first_and_that_the_older_one_has_ended(
    launch: Launch, mailbox: Catcher
) -> None:
    launched = launch("gcse")
    run_workers(launched.parts)
    launched.browser().start().press(action="skip")
    launched.clock.turn(milliseconds=1)
    on_new_device(launched).get("/answer/new-link").press()
    run_workers(launched.parts)

    new = mailbox.mails[-1]
    first = next(mail for mail in mailbox.mails if mail.recipient == new.recipient)
    assert "new link" not in first.message["Subject"] + first.text
    assert new.message["Subject"] == "Your new link to the questionnaire of Hill Test School"
    words = " ".join(new.text.split()).partition(", ")[2]
    assert words.startswith("Here is your new link")
    assert "code that you had for it before has ended" in words
    assert launched.newest.token in new.text


def test_the_first_browser_carries_on_with_the_new_link_unasked(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    on_new_device(launched).get("/answer/new-link").press()
    assert student.get("/answer/").status == 410

    assert student.get(launched.newest.link).press().heading == "Did it help?"


def test_a_new_link_can_be_asked_for_three_times_a_day(begun: Launched) -> None:
    for _ in range(3):
        page = on_new_device(begun.newest).get("/answer/new-link").press()
        assert page.heading == "Look in your email"

    again = on_new_device(begun.newest).get("/answer/new-link").press()

    assert again.heading == "You have asked for enough links today"
    assert len(begun.messages) == 4
    begun.clock.turn(days=1)
    again = on_new_device(begun.newest).get("/answer/new-link").press()
    assert again.heading == "Look in your email"


def test_the_page_says_the_same_where_there_is_no_address_to_mail(launch: Launch) -> None:
    said = []
    for work in ("", None):
        launched = launch("branches", work=work)
        launched.browser().start().answer("yes")
        browser = on_new_device(launched)
        words = [browser.get("/answer/new-link").press().words]
        for _ in range(3):
            browser = on_new_device(launched.newest)
            words.append(browser.get("/answer/new-link").press().words)
        said.append(words)

    assert said[0] == said[1]
    assert not launched.messages
    assert on_new_device(launched).heading == ASKS, "the only link there is goes on working"


def test_without_a_birth_date_there_is_nothing_to_guess(launch: Launch) -> None:
    launched = launch("branches", date_of_birth=None)
    launched.browser().start().answer("yes")

    browser = on_new_device(launched)

    assert browser.heading == "We need to check that it is you"
    assert not browser.forms


def test_without_a_birth_date_staff_let_one_browser_in_once(launch: Launch) -> None:
    launched = launch("branches", date_of_birth=None)
    launched.browser().start().answer("yes")
    browser, other = on_new_device(launched), on_new_device(launched)
    with launched.in_school() as session:
        forgive_tries(session, launched.invitation_id, OPERATOR, launched.clock())

    assert browser.get("/answer/").heading == "Carry on with your answers"
    other.get("/answer/")
    assert browser.press().heading == "Did it help?"

    assert other.press().heading == "We need to check that it is you"


def test_staffs_word_lasts_a_day(launch: Launch) -> None:
    launched = launch("branches", date_of_birth=None)
    launched.browser().start().answer("yes")
    with launched.in_school() as session:
        forgive_tries(session, launched.invitation_id, OPERATOR, launched.clock())

    launched.clock.turn(hours=24)

    assert on_new_device(launched).heading == "We need to check that it is you"


def test_without_a_birth_date_a_newly_mailed_link_lets_in(launch: Launch) -> None:
    launched = launch("branches", date_of_birth=None)
    launched.browser().start().answer("yes")
    launched.clock.turn(minutes=1)
    on_new_device(launched).get("/answer/new-link").press()

    assert on_new_device(launched.newest).press().heading == "Did it help?"
