"""What a question page and the check page are made of."""

from pathlib import Path as File

import pytest

from outreach.answering.showing import check_page, question_page
from questionnaires.loading import load_file, load_library
from questionnaires.model import Questionnaire
from questionnaires.path import walk

TINY = File(__file__).parents[2] / "definitions"


@pytest.fixture(scope="module")
def gcse() -> Questionnaire:
    return load_library().latest("gcse")


def tiny(name: str) -> Questionnaire:
    return load_file(TINY / f"{name}.yaml")


def test_a_note_is_shown_before_the_next_question_and_is_not_counted() -> None:
    questionnaire = tiny("note")
    path = walk(questionnaire, {"before": "x"})

    first = question_page(path, path.asked[0], "en")
    last = question_page(path, path.asked[1], "en")

    assert (first.notes, first.number, first.total, first.before) == (("Hello.",), 1, 2, None)
    assert (last.notes, last.number, last.before) == (("Half way.",), 2, "before")


def test_a_sections_own_words_stand_on_its_first_question_only(gcse: Questionnaire) -> None:
    path = walk(gcse, {})
    skills = [q for q in path.asked if gcse.section_of(q.id).id == "skills"]

    assert question_page(path, skills[0], "en").introduction
    assert question_page(path, skills[1], "en").introduction is None
    assert question_page(path, skills[1], "en").section == "Your skills"


def test_what_was_saved_is_chosen_again() -> None:
    path = walk(tiny("choices"), {})

    options = question_page(path, path.asked[0], "en", saved=("apple", "date")).field.options

    assert [value for value, _, is_chosen in options if is_chosen] == ["apple", "date"]


def test_what_could_not_be_taken_is_shown_again_in_place_of_what_was_saved() -> None:
    path = walk(tiny("text"), {})

    field = question_page(path, path.asked[0], "en", saved="old", typed=["far too long"]).field

    assert field.value == "far too long"


def test_the_check_page_shows_the_path_in_words_and_counts_what_is_missing() -> None:
    questionnaire = tiny("branches")
    answers = {"met": "no", "helped": "yes", "last": None}

    page = check_page(walk(questionnaire, answers), answers, "en")

    rows = [(row.question_id, row.answer) for _, section in page.sections for row in section]
    assert rows == [("met", "No"), ("last", "Skipped")]
    assert page.is_complete


def test_an_answer_that_opens_a_branch_leaves_something_missing() -> None:
    questionnaire = tiny("branches")
    answers = {"met": "yes", "last": "no"}

    page = check_page(walk(questionnaire, answers), answers, "en")

    assert (page.missing, page.is_complete) == (1, False)


def test_a_number_says_its_limits_before_any_error() -> None:
    path = walk(tiny("number"), {})

    assert question_page(path, path.asked[0], "en").field.hint == "A whole number from 0 to 20."
