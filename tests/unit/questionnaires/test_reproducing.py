"""A stranger with an export and the definition file it names reaches the same scores.

Everything in the stranger's part reads plain JSON and plain YAML, by docs/scoring.md alone.
"""

import hashlib
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import Value, to_json
from questionnaires.loading import DEFINITIONS, UnknownQuestionnaire
from questionnaires.model import Questionnaire
from questionnaires.path import walk
from questionnaires.scoring import score
from tests.unit.questionnaires.tiny import LIBRARY, PUBLISHED, answers_to

FILES = {
    hashlib.sha256(path.read_bytes()).hexdigest(): yaml.safe_load(path.read_text())
    for path in DEFINITIONS.glob("*/v*.yaml")
}


@st.composite
def answered_published(draw: st.DrawFn) -> tuple[Questionnaire, dict[str, Value]]:
    questionnaire = draw(st.sampled_from(PUBLISHED))
    return questionnaire, draw(answers_to(questionnaire))


def export(questionnaire: Questionnaire, answers: dict[str, Value]) -> str:
    on_path = walk(questionnaire, answers).on_path(answers)
    said = {id: to_json(value) for id, value in on_path.items()}
    return json.dumps({"sha256": questionnaire.sha256, "answers": said})


def strangers_scores(exported: str) -> dict[str, dict[str, Any]]:
    """Construct to counts and score, worked out by hand as it were."""
    row = json.loads(exported)
    definition, answers = FILES[row["sha256"]], row["answers"]
    outcomes: dict[str, list[str]] = {}
    for section in definition["sections"]:
        for question in section["questions"]:
            scale = definition["scales"].get(question.get("scale"), {})
            scoring = question.get("scoring") or scale.get("scoring")
            if scoring and is_asked(question, answers):
                said = said_of(question["id"], scoring, answers)
                outcomes.setdefault(question["construct"], []).append(said)
    share = definition["minimum_answered"]
    return {key: counted(of, share) for key, of in outcomes.items()}


def is_asked(question: dict[str, Any], answers: dict[str, Any]) -> bool:
    condition = question.get("show_if")
    if condition is None:
        return True
    value = answers.get(condition["question"])
    assert set(condition) == {"question", "is_not"}  # the only operator that these six use
    return value is not None and value != condition["is_not"]


def said_of(id: str, scoring: dict[str, list[str]], answers: dict[str, Any]) -> str:
    if id not in answers:
        return "gap"
    if answers[id] is None:
        return "skipped"
    if answers[id] in scoring["positive"]:
        return "positive"
    return "unsure" if answers[id] in scoring.get("unsure", []) else "not_positive"


def counted(outcomes: list[str], share: float) -> dict[str, Any]:
    counts: dict[str, Any] = {
        kind: outcomes.count(kind) for kind in ("positive", "not_positive", "unsure", "skipped")
    }
    clear = counts["positive"] + counts["not_positive"]
    counts["asked"] = len(outcomes)
    counts["score"] = None
    if clear and clear / len(outcomes) >= share:
        exact = Decimal(100 * counts["positive"]) / clear
        counts["score"] = float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))
    return counts


@given(answered_published())
def test_scores_follow_from_the_export_and_the_file_of_its_hash(
    given_answers: tuple[Questionnaire, dict[str, Value]],
) -> None:
    questionnaire, answers = given_answers
    ours = {key: tally.as_json() for key, tally in score(questionnaire, answers).constructs.items()}
    assert strangers_scores(export(questionnaire, answers)) == ours


@given(answered_published(), st.randoms())
def test_the_order_of_answering_and_changes_of_mind_leave_no_trace_in_a_score(
    given_answers: tuple[Questionnaire, dict[str, Value]], chance: Any
) -> None:
    questionnaire, answers = given_answers
    order = list(answers)
    chance.shuffle(order)
    kept: dict[str, Value] = {}
    for id in order:
        kept[id] = None  # skipped at first, then answered after all
    for id in reversed(order):
        kept[id] = answers[id]
    assert score(questionnaire, kept) == score(questionnaire, answers)


def test_a_hash_leads_to_its_version_and_an_unknown_one_is_told() -> None:
    for one in PUBLISHED:
        assert LIBRARY.of_hash(one.sha256) is one
    with pytest.raises(
        UnknownQuestionnaire, match="No published questionnaire has the sha256 0000"
    ):
        LIBRARY.of_hash("0000")
