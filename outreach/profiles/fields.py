"""The fields of a pupil profile: one name a fact, the same in every questionnaire.

    readiness              score of the career knowledge block, and of nothing else
    block.<key>            score of any other block that is scored
    skill.<key>            score of one essential skill
    construct.<key>        score of any other construct
    intended_destination, destination_certainty, interests    what the student said

A score is 0 to 100. One that too few answers would carry is no fact, and a question that was
skipped states none: silence supersedes nothing that is already known.
"""

from collections.abc import Mapping

from questionnaires.answers import Json, Value
from questionnaires.model import Block, ProfileField, Questionnaire
from questionnaires.scoring import Scores, profile_facts

READINESS = "readiness"

Fact = Json | float

SAID_ABOUT = {ProfileField.DESTINATION_CERTAINTY.value: ProfileField.INTENDED_DESTINATION.value}
"""A field that says something of another: how sure one is was said of that destination alone."""


def facts_of(
    questionnaire: Questionnaire, answers: Mapping[str, Value], scores: Scores
) -> dict[str, Fact]:
    """Every fact that these answers state, by field."""
    known = score_fields(questionnaire, scores)
    facts: dict[str, Fact] = {field: score for field, score in known.items() if score is not None}
    return facts | profile_facts(questionnaire, answers)


def score_fields(questionnaire: Questionnaire, scores: Scores) -> dict[str, float | None]:
    """Every score by its field; None where too few gave a clear answer."""
    return {
        score_field(questionnaire, kind, key): tally.score
        for kind, tallies in (("block", scores.blocks), ("construct", scores.constructs))
        for key, tally in tallies.items()
    }


def score_field(questionnaire: Questionnaire, kind: str, key: str) -> str:
    """The field of a block's or a construct's score."""
    if kind == "block":
        return READINESS if key == Block.CAREER_KNOWLEDGE.value else f"block.{key}"
    is_skill = questionnaire.constructs[key].block is Block.ESSENTIAL_SKILLS
    return f"skill.{key}" if is_skill else f"construct.{key}"


def no_longer_said(facts: Mapping[str, Fact]) -> set[str]:
    """Fields that these facts leave without their subject: a new destination ends an old certainty."""
    return {field for field, subject in SAID_ABOUT.items() if subject in facts} - set(facts)
