"""What the answering pages show: one question, what was said before it, and all of it to check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as File
from typing import NamedTuple

import yaml
from markupsafe import Markup

from outreach.answering.speaking import words_in
from questionnaires.answers import Value, describe
from questionnaires.languages import offered
from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    NumberQuestion,
    TextQuestion,
)
from questionnaires.path import Path

Phrases = Mapping[str, str]
"""What the engine says of an answer, in the language of the page (Library.phrases)."""


@dataclass(frozen=True)
class Field:
    """The field of a question, as `components/question.html` and the chat's reply read it."""

    id: str
    kind: str
    text: str
    hint: str | None
    options: tuple[tuple[str, str, bool], ...] = ()
    """Value, label, whether chosen."""
    value: str | int | None = None
    exclusive: tuple[str, ...] = ()
    lines: int = 1
    most: int | None = None
    """Characters that a text may have."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """By the option's value: the line to draw beside its words."""
    foreign: str | None = None
    """The language of its words, where they are in another than the page."""

    @property
    def direction(self) -> str:
        return offered(self.foreign or "en", is_by_a_person=True).direction

    def described(self, error: str | None) -> Markup:
        """The attribute that ties hint, error and limit to the field."""
        ids = ["answer-hint"] * bool(self.hint) + ["answer-error"] * bool(error)
        ids += ["answer-most"] * bool(self.most)
        return Markup(' aria-describedby="{}"').format(" ".join(ids)) if ids else Markup("")


class Place(NamedTuple):
    """Where a question stands on a path, by ids. The rest of its page is the question's own."""

    number: int
    total: int
    before: str | None
    notes: tuple[str, ...]
    """Of those between the question before and this one."""


@dataclass(frozen=True)
class QuestionPage:
    field: Field
    section: str
    is_new_section: bool
    introduction: str | None
    """The section's own words, on its first question."""
    notes: tuple[str, ...]
    number: int
    total: int
    before: str | None
    """Id of the question that Back leads to."""

    @property
    def progress(self) -> str:
        """Which words of the chat say how far the student is."""
        if self.number == 1:
            return "progress_first"
        left = self.total - self.number
        if left <= 2:
            return "progress_near" if left else "progress_last"
        share = (self.number - 1) / self.total
        steps = ((0.2, "start"), (0.4, "quarter"), (0.6, "half"))
        return "progress_" + next((word for below, word in steps if share < below), "most")


@dataclass(frozen=True)
class Turn:
    """A question and what was said to it."""

    number: int
    question_id: str
    asked: str
    said: str


@dataclass(frozen=True)
class CheckRow:
    question_id: str
    text: str
    answer: str
    is_answered: bool


@dataclass(frozen=True)
class CheckPage:
    sections: tuple[tuple[str, tuple[CheckRow, ...]], ...]
    missing: int

    @property
    def is_complete(self) -> bool:
        return self.missing == 0


def question_page(
    path: Path,
    question: AskedQuestion,
    language: str,
    *,
    saved: Value = None,
    typed: Sequence[str] | None = None,
) -> QuestionPage:
    """`typed` is what was sent and could not be taken: it is shown again, so nothing is lost."""
    place = place_of(path, question)
    before = path.questionnaire.question(place.before) if place.before else None
    section = path.questionnaire.section_of(question.id)
    is_new_section = before is None or path.questionnaire.section_of(before.id) is not section
    intro = section.intro.in_(language) if section.intro and is_new_section else None
    return QuestionPage(
        field=field_of(question, language, saved=saved, typed=typed),
        section=section.title.in_(language),
        is_new_section=is_new_section,
        introduction=intro,
        notes=tuple(path.questionnaire.question(id).text.in_(language) for id in place.notes),
        number=place.number,
        total=place.total,
        before=place.before,
    )


def place_of(path: Path, question: AskedQuestion) -> Place:
    """Raises LookupError where the path does not lead there."""
    number, before = 0, None
    notes: list[str] = []
    for one in path.questions:
        if one.id == question.id:
            return Place(number + 1, len(path.asked), before, tuple(notes))
        if isinstance(one, Note):
            notes.append(one.id)
        else:
            number, before, notes = number + 1, one.id, []
    raise LookupError(question.id)


def field_of(
    question: AskedQuestion,
    language: str,
    *,
    saved: Value = None,
    typed: Sequence[str] | None = None,
) -> Field:
    text = question.text.in_(language)
    hint = question.hint.in_(language) if question.hint else None
    read = question.text.language_in(language)
    foreign = None if read == language else read
    if isinstance(question, ChoiceQuestion | ChoicesQuestion):
        chosen = set(typed) if typed is not None else _chosen(saved)
        options = tuple(
            (option.value, option.label.in_(language), option.value in chosen)
            for option in question.options
        )
        alone = question.exclusive if isinstance(question, ChoicesQuestion) else None
        return Field(
            question.id,
            question.kind,
            text,
            hint,
            options,
            exclusive=(alone,) if alone else (),
            symbols=_symbols_of(question),
            foreign=foreign,
        )
    if isinstance(question, NumberQuestion):
        limits = words_in(read).plain("number_from_to", least=question.min, most=question.max)
        hint = f"{hint} {limits}" if hint else limits
    value = "\n".join(typed) if typed is not None else saved
    shown = None if isinstance(value, tuple) else value
    return Field(
        question.id,
        question.kind,
        text,
        hint,
        value=shown,
        lines=question.lines if isinstance(question, TextQuestion) else 1,
        most=question.max_length if isinstance(question, TextQuestion) else None,
        foreign=foreign,
    )


def _symbols_of(question: ChoiceQuestion | ChoicesQuestion) -> dict[str, str]:
    drawn = symbols()
    return {one.value: drawn[one.symbol] for one in question.options if one.symbol is not None}


@cache
def symbols() -> Mapping[str, str]:
    """Each symbol that a definition may name, as the path of an SVG in a square of 24."""
    drawn: dict[str, str] = yaml.safe_load((File(__file__).parent / "symbols.yaml").read_text())
    return drawn


def _chosen(saved: Value) -> set[str]:
    if isinstance(saved, tuple):
        return set(saved)
    return set() if saved is None else {str(saved)}


def turns_before(
    path: Path,
    question: AskedQuestion | None,
    answers: Mapping[str, Value],
    language: str,
    phrases: Phrases,
) -> tuple[Turn, ...]:
    """What was said on the path before this question, or on all of it."""
    turns = []
    for number, one in enumerate(path.asked, start=1):
        if question is not None and one.id == question.id:
            break
        if one.id in answers:
            said = describe(one, answers[one.id], language, phrases)
            turns.append(Turn(number, one.id, one.text.in_(language), said))
    return tuple(turns)


def check_page(
    path: Path,
    answers: Mapping[str, Value],
    language: str,
    phrases: Phrases | None = None,
    not_answered: str = "Not answered yet",
) -> CheckPage:
    """Every question on the path by section; what is off the path is not sent, so not shown."""
    sections: dict[str, tuple[str, list[CheckRow]]] = {}
    for question in path.asked:
        section = path.questionnaire.section_of(question.id)
        is_answered = question.id in answers
        words = (
            describe(question, answers[question.id], language, phrases)
            if is_answered
            else not_answered
        )
        row = CheckRow(question.id, question.text.in_(language), words, is_answered)
        sections.setdefault(section.id, (section.title.in_(language), []))[1].append(row)
    shown = tuple((title, tuple(rows)) for title, rows in sections.values())
    return CheckPage(shown, len(path.missing))
