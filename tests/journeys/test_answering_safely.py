"""What must hold on every answering page: one student, one browser, one school, little weight."""

import gzip
import re
from collections.abc import Callable

from flask import Flask

from outreach.answering.models import AnsweringSession
from tests.journeys.dsl import BOTH_MODES, Browser, Launched

Launch = Callable[..., Launched]
pytestmark = BOTH_MODES


def test_a_form_without_its_token_or_with_anothers_is_refused(launch: Launch) -> None:
    mine, theirs = launch().browser().start(), launch().browser().start()
    form = mine.forms[0]

    for token in ("", "x", "\x00", theirs.forms[0].hidden["csrf_token"]):
        page = mine.post(form.action, csrf_token=token, answer="yes")
        assert page.status == 400

    assert mine.launched.stored == {}


def test_another_schools_student_sees_only_their_own(launch: Launch) -> None:
    mine, theirs = launch(), launch()
    mine.browser().start().answer("yes")
    other = theirs.browser().start().answer("no")

    assert other.heading == "Last?"
    assert theirs.stored == {"met": "no"}
    assert mine.stored == {"met": "yes"}


def test_the_next_student_at_the_same_computer_never_answers_for_the_last(
    launch: Launch,
) -> None:
    first, second = launch(), launch()
    tab = first.browser().start().answer("yes")
    left_open = tab.forms[0]
    now_here = Browser(tab.client, second).start()
    assert now_here.heading == "Met?"

    late = Browser(tab.client, first).post(left_open.action, **left_open.hidden, answer="yes")

    assert late.status == 400
    assert second.stored == {}
    assert first.stored == {"met": "yes"}


def test_start_leaves_nothing_of_an_earlier_person_in_the_cookie(launched: Launched) -> None:
    student = launched.browser()
    with student.client.session_transaction() as cookie:
        cookie["staff"] = "somebody's secret"

    student.start()

    with student.client.session_transaction() as cookie:
        assert set(cookie) == {"csrf", "answering"}


def test_signing_out_empties_the_cookie_and_ends_the_visit(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    form = student.forms[0]
    before = student.client.get_cookie(launched.app.config["SESSION_COOKIE_NAME"])
    assert before is not None
    student.get("/answer/sign-out").press()

    assert student.get("/answer/met").status == 403
    student.client.set_cookie(before.key, before.value)
    assert student.post(form.action, **form.hidden, answer="yes").status == 403
    assert launched.stored == {"met": "yes"}


def test_without_a_visit_every_page_says_to_open_the_link(app: Flask, launched: Launched) -> None:
    stranger = launched.browser()
    for page in (
        "/answer/",
        "/answer/met",
        "/answer/check",
        "/answer/receipt",
        "/answer/birthday",
        "/answer/new-link",
        "/answer/sign-out",
    ):
        assert stranger.get(page).status == 403
        assert stranger.heading == "Open the link in your email again"


def test_a_made_up_secret_opens_nothing(launched: Launched) -> None:
    stranger = launched.browser()
    with stranger.client.session_transaction() as cookie:
        cookie["answering"] = {"school": str(launched.school.id), "secret": "guess"}

    assert stranger.get("/answer/").status == 403


def test_the_secret_is_kept_as_a_hash_only(launched: Launched) -> None:
    student = launched.browser().start()
    with student.client.session_transaction() as cookie:
        secret = cookie["answering"]["secret"]

    with launched.in_school() as session:
        (kept,) = session.query(AnsweringSession)
        assert secret.encode() not in kept.secret_hash
        assert len(kept.secret_hash) == 32


def test_answer_pages_are_kept_by_nobody_and_tell_nobody_where_they_are(
    launched: Launched,
) -> None:
    student = launched.browser().open()
    for page in (student, student.press(), student.answer("yes")):
        headers = page.shown.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Robots-Tag"] == "noindex"


def test_every_page_has_one_heading_and_a_title_that_says_the_same(launched: Launched) -> None:
    student = launched.browser()
    addresses = [
        launched.link,
        f"{launched.link}/no-thanks",
        f"{launched.link}/not-me",
        launched.stop_link,
        f"{launched.stop_link}/all",
        "/privacy",
        "/answer/signed-out",
        "/q/broken",
    ]
    for address in addresses:
        student.get(address)
        assert student.title == f"{student.heading} – Future Skills Questionnaire"
    student.start()
    for address in ("/answer/met", "/answer/check", "/answer/sign-out"):
        student.get(address)
        assert student.title == f"{student.heading} – Future Skills Questionnaire"


def test_first_page_and_first_question_are_light(launch: Launch) -> None:
    """40 kB on the wire for both together with an empty cache, at most 4 requests each."""
    student = launch("gcse").browser()
    pages = [student.open().text, student.press().text]
    files: set[str] = set()
    for page in pages:
        needed = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
        assert len(needed) + 1 <= 4
        assert not re.findall(r'(?:src|href)="https?://', page.split("<main")[0])
        files |= needed

    weight = sum(len(gzip.compress(page.encode())) for page in pages)
    for file in files:
        with student.client.get(file, headers={"Accept-Encoding": "gzip"}) as answer:
            weight += len(answer.data)

    assert weight <= 40_000


def test_the_notice_names_the_controller_the_basis_the_rights_and_the_ico(
    launched: Launched,
) -> None:
    words = launched.browser().get("/privacy").words

    for said in (
        "Your school is the controller",
        "task in the public interest",
        "What is kept",
        "Who sees it",
        "How long",
        "Your rights",
        "Information Commissioner",
    ):
        assert said in words
