"""How easy it was: asked once after sending, kept as counts that no name leads to."""

import re
from collections.abc import Callable

from sqlalchemy import select

from outreach.answering.feedback_models import Ease, Feedback, count_key
from outreach.answering.models import Mode
from outreach.database import transaction
from outreach.schools.models import Role
from tests.factories import signed_in
from tests.journeys.dsl import BOTH_MODES, Browser, Launched

pytestmark = BOTH_MODES
Launch = Callable[..., Launched]


def send_feedback(student: Browser, **fields: str) -> Browser:
    """By the form beside the receipt."""
    return student.post("/answer/feedback", **student.token, **fields)


def test_it_is_given_once_and_names_nobody(launch: Launch, mode: Mode) -> None:
    launched = launch("choice")
    student = launched.browser().start()
    assert student.get("/answer/feedback").heading != "Your answers have been sent"
    while student.path != "/answer/check":
        student.skip()
    student.submit()
    assert "How easy was this questionnaire to answer?" in student.text
    assert student.forms == [], "the page that ends it asks for nothing more"

    assert send_feedback(student).status == 422
    assert "Choose one of the answers first." in student.text
    send_feedback(student, ease="easy")
    assert student.path == "/answer/receipt"
    assert "Thank you for telling us how easy it was." in student.text
    student.post("/answer/feedback", **_token(launched, student), ease="hard")

    with launched.in_school() as session:
        (kept,) = session.scalars(select(Feedback))
    assert kept.campaign_id == launched.campaign_id
    assert kept.counts == {f"{mode.value}.easy": 1}
    assert set(Feedback.__table__.columns.keys()) == {"school_id", "campaign_id", "counts", "shown"}
    assert launched.response is not None
    assert launched.response.gave_feedback


def _token(launched: Launched, student: Browser) -> dict[str, str]:
    """Of another page of the same browser, as the receipt has no form any more."""
    shown = student.client.get("/answer/sign-out").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', shown)
    assert found is not None
    return {"csrf_token": found[1]}


def test_it_is_asked_in_the_language_of_the_student(launch: Launch) -> None:
    student = launch("gcse").browser().start()
    student.change_way("pl")
    while student.path != "/answer/check":
        student.skip()
    student.submit()

    assert "Jak łatwo było odpowiedzieć na tę ankietę?" in student.text
    send_feedback(student, ease="very_hard")
    assert "Dziękujemy, że nam o tym mówisz." in student.text


def test_staff_see_counts_and_none_that_is_small(launch: Launch) -> None:
    launched = launch("choice")
    address = f"/staff/campaigns/{launched.campaign_id}/feedback"

    def given(mode: Mode, ease: Ease, count: int) -> None:
        with transaction(launched.parts.sessions, launched.school.id) as session:
            row = session.get(Feedback, (launched.school.id, launched.campaign_id))
            if row is None:
                row = Feedback(
                    school_id=launched.school.id,
                    campaign_id=launched.campaign_id,
                    counts={},
                    shown={},
                )
                session.add(row)
            key = count_key(mode, ease)
            row.counts = {**row.counts, key: row.counts.get(key, 0) + count}

    def cells() -> list[list[str]]:
        page = signed_in(launched.app, launched.school, Role.CAREERS_LEADER).get(address)
        assert page.status_code == 200
        rows = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
        found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
        return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found]

    def lines() -> list[list[str]]:
        return [row for row in cells() if row and row[0].startswith(("All", "One page", "As a"))]

    given(Mode.PAGES, Ease.EASY, 5)
    assert cells() == [], "five are too few"
    given(Mode.PAGES, Ease.EASY, 5)
    assert cells() == [], "all of them said the same"
    given(Mode.PAGES, Ease.HARD, 2)
    assert [line[:2] for line in lines()] == [["All students", "12"]]
    for _ in range(4):
        given(Mode.PAGES, Ease.HARD, 1)
        given(Mode.CHAT, Ease.VERY_EASY, 1)
        assert [line[:2] for line in lines()] == [["All students", "12"]], "one by one: waits"
    given(Mode.PAGES, Ease.EASY, 2)
    given(Mode.CHAT, Ease.HARD, 2)
    assert [line[:2] for line in lines()] == [["All students", "24"]], "small ones: not apart"
    assert "4" not in lines()[0]
    given(Mode.CHAT, Ease.VERY_EASY, 4)
    given(Mode.CHAT, Ease.HARD, 4)
    assert lines() == [
        ["All students", "32", "8", "12", "0", "12", "0"],
        ["One page at a time", "18", "0", "12", "0", "6", "0"],
        ["As a chat", "14", "8", "0", "0", "6", "0"],
    ]
