"""Pages or chat, one language or another: changed at any point, and nothing of what was said lost."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from outreach.answering.models import Answer, Mode
from outreach.answering.stepping import ADDRESS_HEADER, PART_HEADER
from questionnaires.model import Note
from tests.journeys.dsl import BOTH_MODES, Browser, Launched

Launch = Callable[..., Launched]
MOST_BYTES = 8_000
OTHER = {Mode.PAGES: "chat", Mode.CHAT: "pages"}


def rows(launched: Launched) -> dict[str, tuple[object, Mode, str]]:
    with launched.in_school() as session:
        kept = session.execute(
            select(Answer.question_id, Answer.value, Answer.mode, Answer.language)
        )
        return {id: (value, mode, language) for id, value, mode, language in kept}


def test_the_first_page_offers_both_ways_and_pages_is_what_its_form_sends(
    launched: Launched,
) -> None:
    page = launched.browser().open()

    (start,) = page.forms
    assert start.buttons["mode"].values == ["pages", "chat"]
    assert "Question 1 of about 2" in page.press().words
    chat = launched.browser(Mode.CHAT).start()
    assert "Nobody is writing to you" in chat.words


def test_both_ways_store_the_same_answers(launch: Launch) -> None:
    stored = []
    for mode in Mode:
        launched = launch("gcse")
        student = launched.browser(mode).start()
        while (question := student.forms[0].question) is not None:
            student.answer(question.values[-1])
        student.press()
        assert student.heading == "Your answers have been sent"
        assert {mode} == {kept for _, kept, _ in rows(launched).values()}
        stored.append(launched.stored)

    assert stored[0] == stored[1]


@BOTH_MODES
def test_changing_over_stays_at_the_question_and_keeps_every_answer(
    launched: Launched, mode: Mode
) -> None:
    student = launched.browser().start().answer("yes").answer("no")

    student.change_way(OTHER[mode])
    assert (student.heading, student.path) == ("Last?", "/answer/last")
    student.answer("not_sure").change_way(mode.value)

    assert student.heading == "Check your answers"
    assert {id: value for id, (value, _, _) in rows(launched).items()} == {
        "met": "yes",
        "helped": "no",
        "last": "not_sure",
    }
    assert [kept.value for _, kept, _ in rows(launched).values()].count(OTHER[mode]) == 1


@BOTH_MODES
def test_what_is_typed_and_not_saved_yet_comes_along(launch: Launch, mode: Mode) -> None:
    launched = launch("text")
    student = launched.browser().start()

    student.change_way(OTHER[mode], answer="half a thou")
    assert 'value="half a thou"' in student.text
    student.change_way("en", answer="half a thought")

    assert 'value="half a thought"' in student.text
    assert launched.stored == {}
    assert student.press(answer="half a thought").heading == "Several lines?"


@BOTH_MODES
def test_what_is_no_way_to_answer_changes_nothing(launched: Launched) -> None:
    student = launched.browser().start()
    before = student.words

    for to in ("", "xx", "smoke", "\x00"):
        assert student.change_way(to).words == before


def test_a_student_behind_the_birth_check_may_change_the_language_and_sees_no_answer(
    launch: Launch,
) -> None:
    launched = launch("languages")
    launched.browser().start().answer("red")
    other = launched.browser().start()
    assert other.heading == "When is your birthday?"

    other.post("/answer/ways?at=colour", **other.token, to="cy")

    assert other.heading == "Pryd mae eich pen-blwydd?"
    assert "Coch" not in other.text


def test_the_chat_shows_the_last_turns_and_all_of_them_when_asked(launch: Launch) -> None:
    launched = launch("gcse")
    student = launched.browser(Mode.CHAT).start()
    asked = []
    for _ in range(10):
        asked.append(student.heading)
        student.answer(student.forms[0].question.values[0])

    assert [one in student.words for one in asked] == [False] * 7 + [True] * 3
    here = student.heading
    student.get(student.link_of("Show everything you have said"))
    assert all(one in student.words for one in asked)
    assert student.heading == here


def test_every_past_turn_can_be_changed_and_the_chat_goes_on_where_it_was(
    launched: Launched,
) -> None:
    student = launched.browser(Mode.CHAT).start().answer("yes").answer("yes")

    student.get("/answer/met?from=check")
    assert "So far you said: Yes" in student.words
    assert student.answer("not_sure").heading == "Last?"
    assert student.says("Met?", "Not sure")


@pytest.mark.parametrize("language", ["en", "ur"])
def test_no_question_weighs_more_than_8_kilobytes_however_long_the_chat(
    launch: Launch, language: str
) -> None:
    """As sent, with the compression that every browser asks for. Headers are below 1 kB."""
    for mode in Mode:
        student = launch("gcse").browser(mode).start()
        student.change_way(language)
        while (question := student.forms[0].question) is not None:
            for address in (student.address, f"{student.path}?said=all"):
                sent = student.client.get(address, headers={"Accept-Encoding": "gzip"})
                assert sent.headers["Content-Encoding"] == "gzip"
                assert len(sent.data) < MOST_BYTES - 1_000
            student.answer(question.values[0])


@BOTH_MODES
def test_a_script_gets_the_next_step_alone_in_one_request(launched: Launched) -> None:
    student = launched.browser().start()
    form = student.forms[0]

    def send(answer: str) -> tuple[int, str | None, str]:
        sent = student.client.post(
            form.action, data={**form.hidden, "answer": answer}, headers={PART_HEADER: "1"}
        )
        return sent.status_code, sent.headers.get(ADDRESS_HEADER), sent.text

    status, address, part = send("yes")
    assert (status, address) == (200, "/answer/helped")
    assert part.lstrip().startswith("<title>Did it help? – Future Skills Questionnaire</title>")
    assert 'id="step"' in part
    assert "<header" not in part

    status, address, part = send("forged")
    assert (status, address) == (422, None)
    assert part.lstrip().startswith("<title>Error: Met?")
    assert launched.stored == {"met": "yes"}


@BOTH_MODES
def test_a_part_of_an_ended_visit_is_the_page_that_says_so(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    form = student.forms[0]
    Browser(student.client, launched).get("/answer/sign-out").press()

    late = student.client.post(
        form.action, data={**form.hidden, "answer": "no"}, headers={PART_HEADER: "1"}
    )

    assert late.status_code in {400, 403}
    assert 'id="step"' in late.text
    assert launched.stored == {"met": "yes"}


@BOTH_MODES
def test_a_language_is_chosen_on_the_first_page_and_changed_while_answering(
    launch: Launch, mode: Mode
) -> None:
    launched = launch("languages")
    student = launched.browser().open()
    student.get(student.link_of("Cymraeg"))
    assert student.heading == "Ieithoedd"
    assert 'lang="cy"' in student.text

    student.press(mode=mode.value)
    assert student.heading == "Pa liw?"
    assert "Coch" in student.words
    student.change_way("en")
    assert student.heading == "Which colour?"
    student.change_way("cy").answer("red")

    assert student.heading == "Gwiriwch eich atebion"
    assert "Coch" in student.words
    assert rows(launched) == {"colour": ("red", mode, "cy")}
    assert student.press().heading == "Mae eich atebion wedi'u hanfon"


@BOTH_MODES
@pytest.mark.parametrize("language", ["cy", "pl", "uk", "ur"])
def test_every_page_that_a_machine_translated_says_so_and_values_stay_the_same(
    launch: Launch, language: str
) -> None:
    launched = launch("access")
    student = launched.browser().get(f"{launched.link}?language={language}")
    mark = student.text.split('<aside class="ways"')[1].split("<p>")[1].split("</p>")[0]
    assert mark

    student.press(mode=student.mode.value)
    asked = 0
    while (question := student.forms[0].question) is not None:
        assert mark in student.text
        assert (
            f'<html lang="{language}" dir="{"rtl" if language == "ur" else "ltr"}">' in student.text
        )
        assert student.press(answer="").status == 422
        assert mark in student.text
        assert "skip this question" not in student.words
        student.answer(question.values[0])
        asked += 1
    assert mark in student.text
    student.press()
    assert mark in student.text
    assert mark in student.get("/answer/sign-out").text
    assert mark in student.press().text

    known = launched.parts.library.latest("access")
    assert asked == len([one for one in known.questions if not isinstance(one, Note)])
    assert {kept for _, _, kept in rows(launched).values()} == {language}


def test_an_english_page_says_nothing_of_machines(launch: Launch) -> None:
    student = launch("gcse").browser().open()

    assert 'class="ways"' not in student.text
    assert "machine" not in student.press().words


def test_a_language_that_the_questionnaire_lacks_is_not_given(launched: Launched) -> None:
    student = launched.browser().get(f"{launched.link}?language=ur")
    assert student.heading == "Branches"
    assert 'lang="en-GB"' in student.text

    student.press(language="ur")

    assert student.heading == "Met?"


@BOTH_MODES
def test_options_of_the_supported_version_have_symbols_that_say_nothing_twice(
    launch: Launch,
) -> None:
    student = launch("access").browser().start()

    drawn = student.text.count('class="symbol"')
    assert drawn == len(student.forms[0].question.values)
    assert (
        student.text.count(
            'class="symbol" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"'
        )
        == drawn
    )
