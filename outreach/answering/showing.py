"""What the answering pages show: one question, and the check of all answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from questionnaires.answers import Value, describe
from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    TextQuestion,
)
from questionnaires.path import Path


@dataclass(frozen=True)
class Field:
    """The field of a question, as `components/question.html` reads it."""

    id: str
    kind: str
    text: str
    hint: str | None
    options: tuple[tuple[str, str, bool], ...] = ()
    """Value, label, whether chosen."""
    value: str | int | None = None
    exclusive: tuple[str, ...] = ()
    lines: int = 1


@dataclass(frozen=True)
class QuestionPage:
    field: Field
    section: str
    introduction: str | None
    """The section's own words, on its first question."""
    notes: tuple[str, ...]
    number: int
    total: int
    before: str | None
    """Id of the question that Back leads to."""


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
    asked = path.asked
    place = asked.index(question)
    before = asked[place - 1] if place else None
    section = path.questionnaire.section_of(question.id)
    is_new_section = before is None or path.questionnaire.section_of(before.id) is not section
    intro = section.intro.in_(language) if section.intro and is_new_section else None
    return QuestionPage(
        field=_field(question, language, saved, typed),
        section=section.title.in_(language),
        introduction=intro,
        notes=_notes_before(path, question, language),
        number=place + 1,
        total=len(asked),
        before=before.id if before else None,
    )


def _notes_before(path: Path, question: AskedQuestion, language: str) -> tuple[str, ...]:
    notes: list[str] = []
    previous = path.before(question.id)
    while isinstance(previous, Note):
        notes.insert(0, previous.text.in_(language))
        previous = path.before(previous.id)
    return tuple(notes)


def _field(
    question: AskedQuestion, language: str, saved: Value, typed: Sequence[str] | None
) -> Field:
    text = question.text.in_(language)
    hint = question.hint.in_(language) if question.hint else None
    if isinstance(question, ChoiceQuestion | ChoicesQuestion):
        chosen = set(typed) if typed is not None else _chosen(saved)
        options = tuple(
            (option.value, option.label.in_(language), option.value in chosen)
            for option in question.options
        )
        alone = question.exclusive if isinstance(question, ChoicesQuestion) else None
        exclusive = (alone,) if alone else ()
        return Field(question.id, question.kind, text, hint, options, exclusive=exclusive)
    value = "\n".join(typed) if typed is not None else saved
    lines = question.lines if isinstance(question, TextQuestion) else 1
    shown = None if isinstance(value, tuple) else value
    return Field(question.id, question.kind, text, hint, value=shown, lines=lines)


def _chosen(saved: Value) -> set[str]:
    if isinstance(saved, tuple):
        return set(saved)
    return set() if saved is None else {str(saved)}


def check_page(path: Path, answers: Mapping[str, Value], language: str) -> CheckPage:
    """Every question on the path by section; what is off the path is not sent, so not shown."""
    sections: dict[str, tuple[str, list[CheckRow]]] = {}
    for question in path.asked:
        section = path.questionnaire.section_of(question.id)
        is_answered = question.id in answers
        words = (
            describe(question, answers[question.id], language)
            if is_answered
            else "Not answered yet"
        )
        row = CheckRow(question.id, question.text.in_(language), words, is_answered)
        sections.setdefault(section.id, (section.title.in_(language), []))[1].append(row)
    shown = tuple((title, tuple(rows)) for title, rows in sections.values())
    return CheckPage(shown, len(path.missing))
