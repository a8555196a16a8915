"""One question a page, each answer saved as it is given, sent once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.answering.models import Answer, Mode, Response
from outreach.answering.saving import save_answer
from outreach.answering.submitting import submit
from outreach.audit import OPERATOR
from outreach.campaigns import steering
from outreach.campaigns.states import InvitationState
from outreach.queues import DueWork, Work
from questionnaires.model import ChoiceQuestion, Note
from tests.journeys.dsl import BOTH_MODES, Browser, Launched, statements_of

Launch = Callable[..., Launched]
pytestmark = BOTH_MODES


def test_launch_open_start_answer_back_submit_stored(launched: Launched) -> None:
    student = launched.browser().start()
    assert student.heading == "Met?"
    assert student.answer("yes").heading == "Did it help?"
    assert student.back().heading == "Met?"
    assert student.chosen == {"yes"}
    student.answer("yes").answer("no")
    assert student.heading == "Last?"
    assert student.answer("yes").heading == "Check your answers"

    student.press()

    assert student.heading == "Your answers have been sent"
    assert not student.forms
    response = launched.response
    assert response is not None
    assert response.reference in student.text
    assert launched.stored == {"met": "yes", "helped": "no", "last": "yes"}
    assert launched.invitation.state is InvitationState.SUBMITTED


def test_started_means_that_a_first_answer_is_saved(launched: Launched) -> None:
    student = launched.browser().start()
    assert launched.invitation.state is InvitationState.NOT_STARTED

    student.skip()

    assert launched.invitation.state is InvitationState.STARTED
    assert launched.stored == {"met": None}


def test_a_response_pins_the_version_and_each_answer_says_how_it_was_given(
    launched: Launched, mode: Mode
) -> None:
    launched.browser().start().answer("no")

    response, questionnaire = launched.response, launched.parts.library.latest("branches")
    assert response is not None
    assert (response.version, response.sha256) == (questionnaire.version, questionnaire.sha256)
    with launched.in_school() as session:
        answer = session.get_one(Answer, (launched.school.id, response.id, "met"))
    assert (answer.mode, answer.language) == (mode, "en")


def test_every_question_of_the_published_questionnaire_can_be_answered(launch: Launch) -> None:
    launched = launch("gcse")
    questionnaire = launched.parts.library.latest("gcse")
    asked = [q.id for q in questionnaire.questions if not isinstance(q, Note)]
    student = launched.browser().start()
    seen = []

    while (question := student.forms[0].question) is not None:
        seen.append(student.path.removeprefix("/answer/"))
        student.answer(question.values[0])

    assert seen == asked
    student.press()
    assert "FSQ-" in student.words
    assert set(launched.stored) == set(asked)


def test_a_program_that_reads_forms_knows_what_to_send(launched: Launched) -> None:
    student = launched.browser().start()
    form = student.forms[0]

    assert list(form.hidden) == ["csrf_token"]
    assert form.question is not None
    assert (form.question.name, form.question.values) == ("answer", ["yes", "no", "not_sure"])


def test_no_page_but_the_first_lacks_a_way_back(launched: Launched) -> None:
    student = launched.browser().start()
    with pytest.raises(AssertionError, match="no link"):
        student.back()

    student.answer("yes").answer("yes").answer("no")

    assert [student.back().heading for _ in range(3)] == [
        "Do you have a plan?",
        "Did it help?",
        "Met?",
    ]


def test_progress_is_in_words(launched: Launched, mode: Mode) -> None:
    first, second = {
        Mode.PAGES: ("Question 1 of about 2", "Question 2 of about 3"),
        Mode.CHAT: ("This is the first question.", "Nearly there."),
    }[mode]
    student = launched.browser().start()
    assert first in student.words
    assert second in student.answer("yes").words


def test_a_student_cannot_jump_ahead(launched: Launched) -> None:
    student = launched.browser().start()

    assert student.get("/answer/last").heading == "Met?"
    assert student.get("/answer/plan").heading == "Met?"
    form = student.forms[0]
    assert student.post("/answer/plan", **form.hidden, answer="yes").heading == "Met?"
    assert launched.stored == {}


def test_an_unknown_question_is_not_found(launch: Launch) -> None:
    student = launch("note").browser().start()

    for question_id in ("nothing", "welcome", "met%00", "x" * 3000):
        assert student.get(f"/answer/{question_id}").status == 404


def test_an_answer_that_changes_the_path_keeps_what_was_said_and_asks_on(
    launched: Launched,
) -> None:
    student = launched.browser().start().answer("yes").answer("yes").answer("no").answer("no")
    assert student.heading == "Check your answers"

    student.change("met").answer("no")

    assert student.heading == "Check your answers"
    assert "Did it help?" not in student.words
    assert launched.stored["helped"] == "yes"

    student.change("met").answer("yes")
    assert student.says("Did it help?", "Yes")


def test_a_change_that_opens_a_question_leads_to_it_and_then_back_to_the_check(
    launched: Launched,
) -> None:
    student = launched.browser().start().answer("no").answer("no")

    assert student.change("met").answer("yes").heading == "Did it help?"
    assert student.answer("no").heading == "Check your answers"


def test_nothing_can_be_sent_while_something_is_missing(launched: Launched) -> None:
    student = launched.browser().start().answer("no").answer("no")
    send = student.forms[0]
    student.change("met").answer("yes")

    student.get("/answer/check")
    assert not student.forms
    assert "Questions without an answer: 1." in student.words
    student.post(send.action, **send.hidden)

    assert student.heading == "Did it help?"
    assert launched.response is not None
    assert launched.response.submitted_at is None


@pytest.mark.parametrize(
    ("questionnaire", "sent", "words"),
    [
        ("choice", {}, "Choose one answer"),
        ("choice", {"answer": ""}, "Choose one answer"),
        ("choice", {"answer": "forged"}, "did not recognise"),
        ("choice", {"answer": "\x00"}, "did not recognise"),
        ("choices", {"answer": ["apple"]}, "Choose at least 2"),
        ("choices", {"answer": ["apple", "none"]}, "Choose one or the other"),
        ("choices", {"answer": ["apple", "banana", "cherry", "date"]}, "Choose up to 3"),
        ("number", {"answer": "many"}, "Enter a whole number from 0 to 20"),
        ("number", {"answer": "9" * 400_000}, "Enter a whole number from 0 to 20"),
        ("text", {"answer": "x" * 21}, "21 characters long"),
        ("text", {"answer": " \x00\u202e "}, "Write an answer"),
    ],
)
def test_what_cannot_be_taken_is_shown_again_with_what_to_do(
    launch: Launch, questionnaire: str, sent: dict[str, str | list[str]], words: str
) -> None:
    launched = launch(questionnaire)
    student = launched.browser().start()
    address = student.address

    student.press(**sent)

    assert (student.status, student.address) == (422, address)
    assert student.title.startswith("Error: ")
    assert student.words.startswith("There is a problem")
    assert words in student.words
    assert launched.stored == {}
    assert student.skip().status == 200


def test_what_was_chosen_is_still_chosen_after_an_error(launch: Launch) -> None:
    student = launch("choices").browser().start().answer(["cherry"])

    assert student.chosen == {"cherry"}


def test_text_is_escaped_wherever_it_is_shown_again(launch: Launch) -> None:
    launched = launch("text")
    nasty = "<b>\"&'</b>"
    student = launched.browser().start().answer(nasty)
    student.answer("</textarea><script>alert(1)</script>\nsecond line")
    assert student.heading == "Check your answers"

    for page in ("/answer/check", "/answer/line", "/answer/box"):
        text = student.get(page).text
        assert "<script>alert" not in text
        assert "<b>" not in text
    assert launched.stored["line"] == nasty
    assert launched.stored["box"].endswith("\nsecond line")


def test_a_note_is_read_before_the_next_question(launch: Launch) -> None:
    student = launch("note").browser().start()

    assert "Hello." in student.words
    assert "Half way." in student.answer("x").words
    assert student.heading == "Last?"


def test_in_two_tabs_the_latest_answer_wins_and_none_is_lost(launched: Launched) -> None:
    first = launched.browser().start()
    second = Browser(first.client, launched).get("/answer/met")

    first.answer("no")
    second.answer("yes")
    assert (first.heading, second.heading) == ("Last?", "Did it help?")
    first.answer("not_sure")

    assert launched.stored == {"met": "yes", "last": "not_sure"}
    assert first.heading == "Did it help?", "what the other tab opened is still to be answered"


def test_a_double_tap_is_one_answer(launched: Launched) -> None:
    student = launched.browser().start()
    form = student.forms[0]

    for _ in range(2):
        student.post(form.action, **form.hidden, answer="no")
        assert student.heading == "Last?"

    assert launched.count(Answer) == launched.count(Response) == 1


def test_first_answers_in_two_tabs_at_the_same_moment_make_one_response(
    launched: Launched,
) -> None:
    student = launched.browser().start()
    form = student.forms[0]
    cookie = student.client.get_cookie(launched.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None

    def tap(value: str) -> str:
        tab = launched.app.test_client()
        tab.set_cookie(cookie.key, cookie.value)
        answer = tab.post(form.action, data={**form.hidden, "answer": value})
        return answer.location.removesuffix("#now")

    with ThreadPoolExecutor(6) as pool:
        led_to = list(pool.map(tap, ["yes"] * 6))

    assert led_to == ["/answer/helped"] * 6
    assert launched.count(Response) == launched.count(Answer) == 1


def test_sending_twice_has_one_effect(launched: Launched) -> None:
    student = launched.browser().start().answer("no").answer("no")
    send = student.forms[0]
    student.press()
    first = launched.response
    launched.clock.turn(minutes=5)

    student.post(send.action, **send.hidden)

    assert student.heading == "Your answers have been sent"
    second = launched.response
    assert first is not None
    assert second is not None
    assert (second.reference, second.submitted_at) == (first.reference, first.submitted_at)


def test_sent_from_many_tabs_at_once_there_is_one_reference(launched: Launched) -> None:
    student = launched.browser().start().answer("no").answer("no")
    send = student.forms[0]
    cookie = student.client.get_cookie(launched.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None

    def press(_number: int) -> str:
        tab = Browser(launched.app.test_client(), launched)
        tab.client.set_cookie(cookie.key, cookie.value)
        tab.post(send.action, **send.hidden)
        return tab.words

    with ThreadPoolExecutor(4) as pool:
        receipts = set(pool.map(press, range(4)))

    assert len(receipts) == 1
    assert "FSQ-" in receipts.pop()


def test_sending_calls_for_write_back_and_stops_waiting_mail(launched: Launched) -> None:
    launched.browser().start().answer("no").answer("no").submit()

    with launched.in_school() as session:
        assert session.get(DueWork, (launched.school.id, Work.WRITE_BACK)) is not None


def test_what_is_saved_after_sending_is_turned_away_plainly(launched: Launched) -> None:
    student = launched.browser().start()
    form = student.forms[0]
    student.answer("no").answer("no").submit()

    student.post(form.action, **form.hidden, answer="yes")

    assert (student.status, student.heading) == (200, "Your answers have already been sent")
    assert launched.stored == {"met": "no", "last": "no"}
    for page in ("/answer/", "/answer/met", "/answer/check", "/answer/submit"):
        assert student.get(page).heading == "Your answers have already been sent"
    assert student.get(student.link_of("See your reference")).heading.endswith("have been sent")


def test_the_receipt_is_not_there_before_sending(launched: Launched) -> None:
    student = launched.browser().start().answer("no")

    assert student.get("/answer/receipt").heading == "Last?"


def test_the_campaign_closes_while_answering_and_answers_are_kept(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    with launched.in_school() as session:
        steering.close(session, launched.campaign_id, OPERATOR, launched.clock())

    student.answer("no")

    assert (student.status, student.heading) == (410, "This questionnaire has closed")
    assert "are kept" in student.words
    assert launched.stored == {"met": "yes"}


def test_after_an_idle_hour_the_page_closes_and_the_link_carries_on(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    launched.clock.turn(minutes=61)

    student.answer("no")
    assert (student.status, student.heading) == (403, "Open the link in your email again")
    assert "safe" in student.words

    assert student.start().heading == "When is your birthday?"  # computers are shared
    assert student.prove(14, 3).heading == "Did it help?"


def test_a_student_who_goes_on_answering_is_never_put_out(launched: Launched) -> None:
    student = launched.browser().start()
    for value in ("yes", "yes", "no", "no"):
        launched.clock.turn(minutes=45)
        assert student.answer(value).status == 200

    assert student.submit().heading == "Your answers have been sent"
    assert launched.response is not None
    assert launched.response.submitted_at - launched.response.started_at == timedelta(minutes=135)


def test_a_saved_answer_costs_few_queries(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    form = student.forms[0]

    with statements_of(launched) as statements:
        student.client.post(form.action, data={**form.hidden, "answer": "no"})

    assert len(statements) == 2, "one to read the visit with its answers, one to save"


def test_no_question_is_named_like_a_page(launched: Launched) -> None:
    pages = {
        rule.rule.removeprefix("/answer/").strip("/")
        for rule in launched.app.url_map.iter_rules()
        if rule.rule.startswith("/answer/") and not rule.arguments
    }
    library = launched.parts.library
    named = {q.id for one in library.ids for q in library.latest(one).questions}

    assert "check" in pages
    assert not pages & named


def test_an_answer_that_meets_a_sending_half_way_comes_wholly_before_or_is_turned_away(
    launched: Launched,
) -> None:
    """The answer waits for the other tab's transaction, and then sees that it has sent."""
    launched.browser().start().answer("no").answer("no")
    question = launched.parts.library.latest("branches").question("met")
    assert isinstance(question, ChoiceQuestion)

    def save() -> bool:
        with launched.in_school() as session:
            response = session.scalars(select(Response)).one()
            mode, moment = Mode.PAGES, launched.clock()
            return save_answer(
                session, response, question, "yes", mode=mode, language="en", now=moment
            )

    with ThreadPoolExecutor(1) as pool:
        with launched.in_school() as session:
            submit(session, session.scalars(select(Response)).one(), launched.clock())
            saving = pool.submit(save)
            with pytest.raises(TimeoutError):
                saving.result(timeout=0.5)
        assert saving.result(timeout=10) is False

    assert launched.stored["met"] == "no"


def test_an_answer_too_large_for_any_form_is_refused_and_harms_nothing(launched: Launched) -> None:
    student = launched.browser().start()

    assert student.press(answer="x" * 1_100_000).status == 413
    assert launched.stored == {}
    assert student.get("/answer/").heading == "Met?"
