"""What counts, what is kept apart, and when a score is given at all."""

import json

import pytest
from hypothesis import given

from questionnaires.answers import Value, from_json, to_json
from questionnaires.model import ESSENTIAL_SKILLS, ChoiceQuestion, Questionnaire
from questionnaires.path import walk
from questionnaires.scoring import Tally, _percentage, profile_facts, score
from tests.unit.questionnaires.tiny import GCSE, answered, asked, tiny

SCORING = tiny("scoring")


def test_a_score_is_the_positive_share_of_clear_answers() -> None:
    scores = score(SCORING, {"idea_1": "agree", "idea_2": "agree", "idea_3": "disagree"})
    assert scores.constructs["ideas"] == Tally(
        positive=2, not_positive=1, unsure=0, skipped=0, asked=3, score=66.7
    )


def test_not_sure_and_skipped_are_counted_apart_and_do_not_lower_a_score() -> None:
    scores = score(
        SCORING, {"idea_1": "agree", "idea_2": "not_sure", "idea_3": "agree", "worried": None}
    )
    assert scores.blocks["career_knowledge"] == Tally(
        positive=2, not_positive=0, unsure=1, skipped=1, asked=4, score=100.0
    )


def test_too_few_clear_answers_give_no_score() -> None:
    scores = score(SCORING, {"idea_1": "agree", "idea_2": "not_sure", "idea_3": None})
    assert scores.constructs["ideas"].score is None
    assert scores.constructs["ideas"].positive == 1


def test_exactly_the_minimum_share_is_enough() -> None:
    answers: dict[str, Value] = {"idea_1": "agree", "idea_2": "disagree"}
    assert score(SCORING, answers).readiness == 50.0
    assert score(SCORING, {"idea_1": "agree"}).readiness is None


def test_a_question_may_turn_its_scale_round() -> None:
    assert score(SCORING, {"worried": "disagree"}).constructs["guidance"].score == 100.0
    assert score(SCORING, {"worried": "agree"}).constructs["guidance"].score == 0.0


def test_readiness_is_career_knowledge_alone_and_skills_stand_beside_it() -> None:
    knows: dict[str, Value] = dict.fromkeys(["idea_1", "idea_2", "idea_3"], "agree")
    knows["worried"] = "disagree"
    without = score(SCORING, knows)
    with_skills = score(SCORING, {**knows, "team_1": "disagree", "team_2": "disagree"})
    assert without.readiness == with_skills.readiness == 100.0
    assert with_skills.essential_skills["teamwork"].score == 0.0
    assert with_skills.blocks["essential_skills"].score == 0.0


def test_what_is_not_scored_has_no_tally() -> None:
    scores = score(SCORING, {"like": "Football"})
    assert "likes" not in scores.constructs
    assert "interests" not in scores.blocks


def test_a_follow_up_off_the_path_is_neither_asked_nor_counted() -> None:
    branches = tiny("branches")
    scores = score(branches, {"met": "no", "helped": "yes", "plan": "yes", "last": "no"})
    assert scores.constructs["ideas"] == Tally(
        positive=0, not_positive=2, unsure=0, skipped=0, asked=2, score=0.0
    )


@pytest.mark.parametrize(
    ("part", "whole", "percentage"),
    [(0, 7, 0.0), (1, 16, 6.3), (2, 3, 66.7), (7, 7, 100.0), (1, 8, 12.5), (3, 16, 18.8)],
)
def test_percentages_round_halves_up(part: int, whole: int, percentage: float) -> None:
    assert _percentage(part, whole) == percentage


def test_the_best_and_the_worst_answers_to_gcse_give_100_and_0() -> None:
    scored = [q for q in GCSE.questions if isinstance(q, ChoiceQuestion) and q.scoring]
    best: dict[str, Value] = {q.id: q.scoring.positive[0] for q in scored if q.scoring}
    worst: dict[str, Value] = {
        q.id: next(v for v in q.values if v not in {*q.scoring.positive, *q.scoring.unsure})
        for q in scored
        if q.scoring
    }
    assert score(GCSE, best).readiness == 100.0
    assert score(GCSE, worst).readiness == 0.0
    assert tuple(score(GCSE, best).essential_skills) == ESSENTIAL_SKILLS
    assert all(tally.score == 100.0 for tally in score(GCSE, best).essential_skills.values())


@given(answered())
def test_scores_can_be_worked_out_again_from_exported_json_alone(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    questionnaire, answers = given_answers
    on_path = walk(questionnaire, answers).on_path(answers)
    exported = json.dumps({id: to_json(value) for id, value in on_path.items()})
    again = {id: from_json(asked(questionnaire, id), v) for id, v in json.loads(exported).items()}
    scores = score(questionnaire, answers)
    assert score(questionnaire, again) == scores
    assert json.loads(json.dumps(scores.as_json())) == scores.as_json()


@given(answered())
def test_counts_add_up_and_scores_stay_between_0_and_100(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    questionnaire, answers = given_answers
    scores = score(questionnaire, answers)
    complete = walk(questionnaire, answers).is_complete
    for tally in [*scores.constructs.values(), *scores.blocks.values()]:
        counted = tally.positive + tally.not_positive + tally.unsure + tally.skipped
        assert counted == tally.asked if complete else counted <= tally.asked
        assert tally.score is None or 0.0 <= tally.score <= 100.0
    for count in ("positive", "not_positive", "unsure", "skipped", "asked"):
        by_construct = sum(getattr(tally, count) for tally in scores.constructs.values())
        assert by_construct == sum(getattr(tally, count) for tally in scores.blocks.values())


@given(answered())
def test_answers_off_the_path_never_count(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    questionnaire, answers = given_answers
    on_path = walk(questionnaire, answers).on_path(answers)
    assert score(questionnaire, on_path) == score(questionnaire, answers)
    assert profile_facts(questionnaire, on_path) == profile_facts(questionnaire, answers)


def test_profile_facts_are_stable_values_by_field() -> None:
    answers: dict[str, Value] = {
        "liked": ("sport", "health"),
        "next": "college",
        "certain": "open",
    }
    assert profile_facts(tiny("profile"), answers) == {
        "interests": ["sport", "health"],
        "intended_destination": "college",
        "destination_certainty": "open",
    }


def test_what_was_skipped_or_left_the_path_writes_nothing_to_the_profile() -> None:
    answers: dict[str, Value] = {"liked": None, "next": "not_sure", "certain": "certain"}
    assert profile_facts(tiny("profile"), answers) == {"intended_destination": "not_sure"}
