"""Which questions come, in which order, and what a changed answer does to the rest."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import Value
from questionnaires.model import Questionnaire
from questionnaires.path import Progress, walk
from tests.unit.questionnaires.tiny import answered, tiny, values_for

BRANCHES = tiny("branches")
NOTES = tiny("note")


def ids(questions: object) -> list[str]:
    return [question.id for question in questions]  # type: ignore[attr-defined]


def test_a_follow_up_comes_only_after_the_answer_it_follows() -> None:
    assert ids(walk(BRANCHES, {}).questions) == ["met", "last"]
    assert ids(walk(BRANCHES, {"met": "no"}).questions) == ["met", "last"]
    assert ids(walk(BRANCHES, {"met": "yes"}).questions) == ["met", "helped", "last"]


def test_changing_an_earlier_answer_drops_the_answers_that_hung_on_it() -> None:
    answers: dict[str, Value] = {"met": "yes", "helped": "yes", "plan": "no", "last": None}
    assert walk(BRANCHES, answers).on_path(answers) == answers
    answers["met"] = "no"
    assert walk(BRANCHES, answers).on_path(answers) == {"met": "no", "last": None}


def test_an_answer_left_over_from_an_abandoned_branch_opens_nothing() -> None:
    path = walk(BRANCHES, {"met": "no", "helped": "yes"})
    assert "plan" not in ids(path.questions)


def test_skipping_is_an_answer_and_a_gap_is_not() -> None:
    assert walk(BRANCHES, {"met": None}).next_to_answer == BRANCHES.question("last")
    assert walk(BRANCHES, {}).next_to_answer == BRANCHES.question("met")
    assert walk(BRANCHES, {"met": None, "last": None}).is_complete
    assert ids(walk(BRANCHES, {"last": "no"}).missing) == ["met"]


def test_nobody_may_jump_over_an_unanswered_question() -> None:
    path = walk(BRANCHES, {"met": "yes"})
    assert [path.may_visit(id) for id in ("met", "helped", "last")] == [True, True, False]
    assert not path.may_visit("plan")
    assert not path.may_visit("nowhere")


def test_progress_counts_only_what_is_asked_on_this_path() -> None:
    assert walk(BRANCHES, {"met": "yes", "plan": "yes"}).progress == Progress(1, 3)
    assert walk(NOTES, {"before": "x"}).progress == Progress(1, 2)


def test_notes_are_passed_but_never_asked() -> None:
    path = walk(NOTES, {"before": "x"})
    assert ids(path.questions) == ["welcome", "before", "half_way", "last"]
    assert ids(path.asked) == ["before", "last"]
    assert path.first == NOTES.question("welcome")
    assert path.next_to_answer == NOTES.question("last")
    assert path.may_visit("half_way")
    assert not walk(NOTES, {}).may_visit("half_way")


def test_next_and_previous_follow_the_path() -> None:
    path = walk(BRANCHES, {"met": "yes", "helped": "no"})
    assert path.after("helped") == BRANCHES.question("last")
    assert path.before("last") == BRANCHES.question("helped")
    assert path.before("met") is None
    assert path.after("last") is None


def test_a_page_left_behind_by_a_changed_answer_still_leads_on() -> None:
    path = walk(BRANCHES, {"met": "no"})
    assert path.after("plan") == BRANCHES.question("last")
    assert path.before("plan") == BRANCHES.question("met")
    with pytest.raises(KeyError):
        path.after("nowhere")


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ({"pet": "cat"}, ["on_is"]),
        ({"pet": "dog"}, ["on_is_not"]),
        ({"sports": ("rowing", "chess")}, ["on_any_of"]),
        ({"sports": ("chess",)}, ["on_none_of"]),
        ({"hours": 5}, ["on_at_least"]),
        ({"hours": 4}, ["on_at_most"]),
        ({}, []),
        ({"pet": None, "sports": None, "hours": None}, []),
    ],
)
def test_each_operator_holds_for_its_answers_and_never_for_a_skip(
    answers: dict[str, Value], shown: list[str]
) -> None:
    path = walk(tiny("operators"), answers)
    assert [id for id in ids(path.questions) if id.startswith("on_")] == shown


@given(answered(), st.randoms())
def test_the_order_of_answering_does_not_matter(
    given_answers: tuple[Questionnaire, dict[str, Value]], chance: random.Random
) -> None:
    questionnaire, answers = given_answers
    shuffled = list(answers.items())
    chance.shuffle(shuffled)
    one, other = walk(questionnaire, answers), walk(questionnaire, dict(shuffled))
    assert one == other
    assert list(one.on_path(answers)) == list(other.on_path(dict(shuffled)))


@given(answered())
def test_what_is_off_the_path_changes_nothing(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    questionnaire, answers = given_answers
    path = walk(questionnaire, answers)
    assert walk(questionnaire, path.on_path(answers)) == path


@given(answered())
def test_going_forward_visits_each_question_once_and_backward_undoes_it(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    path = walk(*given_answers)
    visited = []
    question = path.first
    while question is not None:
        visited.append(question)
        assert len(visited) <= len(path.questions)
        question = path.after(question.id)
    assert tuple(visited) == path.questions
    assert [path.before(q.id) for q in visited] == [None, *visited[:-1]]


@given(st.data())
def test_answering_what_comes_next_always_ends(data: st.DataObject) -> None:
    questionnaire, answers = data.draw(answered())
    answers = dict(answers)
    for _ in questionnaire.questions:
        question = walk(questionnaire, answers).next_to_answer
        if question is None:
            break
        assert walk(questionnaire, answers).may_visit(question.id)
        answers[question.id] = data.draw(values_for(question))
    path = walk(questionnaire, answers)
    assert path.is_complete
    assert path.progress == Progress(len(path.asked), len(path.asked))
