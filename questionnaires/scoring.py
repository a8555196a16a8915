"""What the answers add up to: counts and a score for each construct and block."""

from collections.abc import Mapping
from dataclasses import dataclass

from questionnaires.answers import Json, Value, to_json
from questionnaires.model import Block, ChoiceQuestion, ChoicesQuestion, Questionnaire, Scoring
from questionnaires.path import walk


@dataclass(frozen=True)
class Tally:
    """Counts of scored questions on the path, and the share that is positive."""

    positive: int = 0
    not_positive: int = 0
    unsure: int = 0
    skipped: int = 0
    asked: int = 0
    score: float | None = None
    """0 to 100 with one decimal, halves up. None where too few gave a clear answer."""

    def as_json(self) -> dict[str, int | float | None]:
        return {
            "positive": self.positive,
            "not_positive": self.not_positive,
            "unsure": self.unsure,
            "skipped": self.skipped,
            "asked": self.asked,
            "score": self.score,
        }


@dataclass(frozen=True)
class Scores:
    """Keyed as in the definition. Keys are those with a scored question, whatever the path."""

    constructs: Mapping[str, Tally]
    blocks: Mapping[str, Tally]
    essential_skills: Mapping[str, Tally]
    """The constructs of the essential skills block, in the definition's order."""

    @property
    def readiness(self) -> float | None:
        """The career knowledge block alone: skills are reported beside it, never added."""
        block = self.blocks.get(Block.CAREER_KNOWLEDGE.value)
        return block.score if block else None

    def as_json(self) -> dict[str, object]:
        return {
            "readiness": self.readiness,
            "essential_skills": {key: t.score for key, t in self.essential_skills.items()},
            "blocks": {key: tally.as_json() for key, tally in self.blocks.items()},
            "constructs": {key: tally.as_json() for key, tally in self.constructs.items()},
        }


def score(questionnaire: Questionnaire, answers: Mapping[str, Value]) -> Scores:
    """Pure: the same definition and answers give the same scores, whenever and wherever.

    Only answers on the path count. See docs/scoring.md for the reasons.
    """
    path = walk(questionnaire, answers)
    outcomes = {
        q.id: _outcome(q.scoring, answers, q.id)
        for q in path.asked
        if isinstance(q, ChoiceQuestion) and q.scoring
    }
    of_construct: dict[str, list[str]] = {}
    of_block: dict[Block, list[str]] = {}
    for q in questionnaire.questions:
        if isinstance(q, ChoiceQuestion) and q.scoring:
            of_construct.setdefault(q.construct, []).append(q.id)
            of_block.setdefault(q.block, []).append(q.id)

    def tally(ids: list[str]) -> Tally:
        asked = [outcomes[id] for id in ids if id in outcomes]
        return _tally(asked, questionnaire.minimum_answered)

    constructs = {
        key: tally(of_construct[key]) for key in questionnaire.constructs if key in of_construct
    }
    blocks = {block.value: tally(of_block[block]) for block in Block if block in of_block}
    skills = {
        key: constructs[key]
        for key, construct in questionnaire.constructs.items()
        if construct.block is Block.ESSENTIAL_SKILLS and key in constructs
    }
    return Scores(constructs=constructs, blocks=blocks, essential_skills=skills)


def profile_facts(questionnaire: Questionnaire, answers: Mapping[str, Value]) -> dict[str, Json]:
    """What goes into the profile: field to stable option value, or a list of them.

    A field that was skipped, or whose question is not on the path, is absent: silence
    supersedes nothing that is already known.
    """
    facts: dict[str, Json] = {}
    alone: set[str] = set()
    for question in walk(questionnaire, answers).asked:
        value = answers.get(question.id)
        if question.profile_field is None or value is None:
            continue
        field = question.profile_field.value
        said, before = to_json(value), facts.get(field)
        if isinstance(said, list) and isinstance(before, list):
            said = [*before, *(one for one in said if one not in before)]
        facts[field] = said
        if isinstance(question, ChoicesQuestion) and question.exclusive is not None:
            alone.add(question.exclusive)
    return {field: _without_alone(said, alone) for field, said in facts.items()}


def _without_alone(said: Json, alone: set[str]) -> Json:
    """A field asked in parts: "none of these" in one part says nothing beside a choice."""
    if not isinstance(said, list):
        return said
    return [one for one in said if one not in alone] or said


def _outcome(scoring: Scoring, answers: Mapping[str, Value], id: str) -> str:
    if id not in answers:
        return "not_answered"
    value = answers[id]
    if value is None:
        return "skipped"
    if value in scoring.positive:
        return "positive"
    return "unsure" if value in scoring.unsure else "not_positive"


def _tally(outcomes: list[str], minimum_answered: float) -> Tally:
    positive, not_positive = outcomes.count("positive"), outcomes.count("not_positive")
    clear, asked = positive + not_positive, len(outcomes)
    has_enough = clear > 0 and clear / asked >= minimum_answered
    return Tally(
        positive=positive,
        not_positive=not_positive,
        unsure=outcomes.count("unsure"),
        skipped=outcomes.count("skipped"),
        asked=asked,
        score=_percentage(positive, clear) if has_enough else None,
    )


def _percentage(part: int, whole: int) -> float:
    """In whole-number arithmetic, so that 1 of 16 is 6.3 on every machine and on paper."""
    return (2000 * part + whole) // (2 * whole) / 10
