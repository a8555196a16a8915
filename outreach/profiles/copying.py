"""The student's own copy: what they said, and what it may mean in plain words.

It has no score, no rank and no comparison: it is about one student, and for that student.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from outreach.profiles.meaning import meanings_in
from questionnaires.answers import Value, describe
from questionnaires.loading import Library
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    Block,
    ChoiceQuestion,
    Questionnaire,
    TextQuestion,
)
from questionnaires.path import walk
from questionnaires.scoring import score

STEPS = 3
_FILES = Path(__file__).parent / "next_steps"


@dataclass(frozen=True, repr=False)
class SaidSection:
    title: str
    rows: tuple[tuple[str, str], ...]
    """Question and answer."""


@dataclass(frozen=True, repr=False)
class OwnCopy:
    """All of it in the student's language. What it may mean is by construct: its name, and what
    that is about."""

    sure: tuple[str, ...]
    partly: tuple[str, ...]
    to_find_out: tuple[str, ...]
    often: tuple[str, ...]
    sometimes: tuple[str, ...]
    to_practise: tuple[str, ...]
    steps: tuple[str, ...]
    sections: tuple[SaidSection, ...]


def copy_of(
    questionnaire: Questionnaire,
    library: Library,
    answers: Mapping[str, Value],
    language: str,
    *,
    with_own_words: bool = True,
) -> OwnCopy:
    """Pure: the same answers give the same copy. `with_own_words`: with what was written freely."""
    tallies = score(questionnaire, answers).constructs
    said = [key for key, tally in tallies.items() if tally.positive + tally.not_positive]
    unsure = [key for key, tally in tallies.items() if tally.unsure and key not in said]
    sure = [key for key in said if tallies[key].not_positive == 0]
    now_and_then = _now_and_then(questionnaire, answers)
    between = [
        key for key in said if key not in sure and (tallies[key].positive or key in now_and_then)
    ]
    open_ = [
        key for key in tallies if key in unsure or (key in said and key not in (*sure, *between))
    ]

    def of(keys: list[str], block: Block) -> tuple[str, ...]:
        return _in_words(questionnaire, keys, block, language)

    return OwnCopy(
        sure=of(sure, Block.CAREER_KNOWLEDGE),
        partly=of(between, Block.CAREER_KNOWLEDGE),
        to_find_out=of(open_, Block.CAREER_KNOWLEDGE),
        often=of(sure, Block.ESSENTIAL_SKILLS),
        sometimes=of(between, Block.ESSENTIAL_SKILLS),
        to_practise=of(open_, Block.ESSENTIAL_SKILLS),
        steps=_steps(questionnaire, [*open_, *between], language),
        sections=_sections(questionnaire, library, answers, language, with_own_words),
    )


def _now_and_then(questionnaire: Questionnaire, answers: Mapping[str, Value]) -> set[str]:
    """Skills that are used, and too seldom to count: an answer above the least of its scale."""
    found = set()
    for question in walk(questionnaire, answers).asked:
        if not isinstance(question, ChoiceQuestion) or question.scoring is None:
            continue
        clear = [value for value in question.values if value not in question.scoring.unsure]
        above_least = {*clear[:-1]} - {*question.scoring.positive}
        if question.block is Block.ESSENTIAL_SKILLS and answers.get(question.id) in above_least:
            found.add(question.construct)
    return found


def _in_words(
    questionnaire: Questionnaire, keys: list[str], block: Block, language: str
) -> tuple[str, ...]:
    means = meanings_in(language)
    of_block = [key for key in keys if questionnaire.constructs[key].block is block]
    labels = {key: questionnaire.constructs[key].label.in_(language) for key in of_block}
    return tuple(
        f"{labels[key]}: {means[key]}" if key in means else labels[key] for key in of_block
    )


def asks_own_words(questionnaire: Questionnaire) -> bool:
    return any(isinstance(question, TextQuestion) for question in questionnaire.questions)


def meanings(copy: OwnCopy) -> list[tuple[str, tuple[str, ...]]]:
    """Which words of the pages head what, in the order of the copy."""
    return [
        ("copy_sure", copy.sure),
        ("copy_partly", copy.partly),
        ("copy_find_out", copy.to_find_out),
        ("copy_often", copy.often),
        ("copy_sometimes", copy.sometimes),
        ("copy_practise", copy.to_practise),
    ]


def _steps(questionnaire: Questionnaire, keys: list[str], language: str) -> tuple[str, ...]:
    """Knowledge before skills; what fills up is the same for everybody."""
    written = next_steps(language)
    in_order = sorted(
        keys, key=lambda key: questionnaire.constructs[key].block is Block.ESSENTIAL_SKILLS
    )
    fitting = [written.constructs[key] for key in in_order if key in written.constructs]
    return tuple([*fitting, *written.keep_going][:STEPS])


def _sections(
    questionnaire: Questionnaire,
    library: Library,
    answers: Mapping[str, Value],
    language: str,
    with_own_words: bool,
) -> tuple[SaidSection, ...]:
    phrases = library.phrases(language)
    sections: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for question in walk(questionnaire, answers).asked:
        if isinstance(question, TextQuestion) and not with_own_words:
            continue
        section = questionnaire.section_of(question.id)
        said = describe(question, answers.get(question.id), language, phrases)
        rows = sections.setdefault(section.id, (section.title.in_(language), []))[1]
        rows.append((question.text.in_(language), said))
    return tuple(SaidSection(title, tuple(rows)) for title, rows in sections.values())


@dataclass(frozen=True)
class NextSteps:
    """What a student may do next, in one language: by construct, and for whoever is sure of all."""

    constructs: Mapping[str, str]
    keep_going: tuple[str, ...]


def next_steps(language: str) -> NextSteps:
    """In that language; in English where there is no file for it."""
    return _written().get(language) or _written()[DEFAULT_LANGUAGE]


@cache
def _written() -> Mapping[str, NextSteps]:
    found = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(_FILES.glob("*.yaml")))
    return {
        file["language"]: NextSteps(file["constructs"], tuple(file["keep_going"])) for file in found
    }
