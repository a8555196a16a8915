"""What a student may answer, how it is stored as JSON, and how it reads back in words."""

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    NumberQuestion,
    TextQuestion,
)

Given: TypeAlias = str | int | tuple[str, ...]
Value: TypeAlias = Given | None
"""None: the student chose to skip. A question never answered has no value at all."""

Json: TypeAlias = str | int | list[str] | None

SKIPPED = {"en": "Skipped"}

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class AnswerFault(Exception):
    """The answer cannot be taken; `message` tells the student what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse(question: AskedQuestion, values: Sequence[str]) -> Given:
    """What the form sent for this question, as a value; skipping is the caller's own button.

    `values` are all form values under the question's name, in any order, perhaps none.
    Raises AnswerFault with words for the student.
    """
    match question:
        case ChoiceQuestion():
            return _parse_choice(question, values)
        case ChoicesQuestion():
            return _parse_choices(question, values)
        case TextQuestion():
            return _parse_text(question, values)
        case NumberQuestion():
            return _parse_number(question, values)


def to_json(value: Value) -> Json:
    """String, number, list of strings, or null for a skip."""
    return list(value) if isinstance(value, tuple) else value


def from_json(question: AskedQuestion, stored: object) -> Value:
    """The value that `to_json` wrote. Raises AnswerFault for anything else."""
    if stored is None:
        return None
    value: Given
    match question, stored:
        case ChoiceQuestion() | TextQuestion(), str():
            value = parse(question, [stored])
        case ChoicesQuestion(), list() if all(isinstance(item, str) for item in stored):
            value = parse(question, stored)
        case NumberQuestion(), int() if not isinstance(stored, bool):
            value = parse(question, [str(stored)])
        case _:
            raise AnswerFault(f"The answer kept for “{question.id}” is not of its kind.")
    if to_json(value) != stored:
        raise AnswerFault(f"The answer kept for “{question.id}” is not as this service keeps it.")
    return value


def describe(question: AskedQuestion, value: Value, language: str) -> str:
    """What the student said, in the labels they read; several are joined by commas."""
    if value is None:
        return SKIPPED.get(language, SKIPPED["en"])
    if isinstance(question, ChoiceQuestion | ChoicesQuestion):
        chosen = value if isinstance(value, tuple) else (str(value),)
        return ", ".join(question.option(one).label.in_(language) for one in chosen)
    return str(value)


def _parse_choice(question: ChoiceQuestion, values: Sequence[str]) -> str:
    chosen = _known(question, values)
    if len(chosen) != 1:
        raise AnswerFault("Choose one answer, or skip this question.")
    return chosen[0]


def _parse_choices(question: ChoicesQuestion, values: Sequence[str]) -> tuple[str, ...]:
    chosen = _known(question, values)
    if not chosen:
        raise AnswerFault("Choose at least one answer, or skip this question.")
    alone = question.exclusive
    if alone is not None and alone in chosen:
        if len(chosen) > 1:
            label = question.option(alone).label.in_("en")
            raise AnswerFault(
                f"You chose “{label}” and something else. Choose one or the other, "
                "or skip this question."
            )
        return chosen
    if len(chosen) < question.min:
        raise AnswerFault(
            f"You chose {len(chosen)}. Choose at least {question.min}, or skip this question."
        )
    if len(chosen) > question.most:
        raise AnswerFault(
            f"You chose {len(chosen)}. Choose up to {question.most}, or skip this question."
        )
    return chosen


def _known(question: ChoiceQuestion | ChoicesQuestion, values: Sequence[str]) -> tuple[str, ...]:
    """What was chosen, each once, in the order of the definition."""
    chosen = {value for value in values if value != ""}
    if not chosen <= set(question.values):
        raise AnswerFault(
            "We did not recognise that answer. Choose from the answers on this page, "
            "or skip this question."
        )
    return tuple(value for value in question.values if value in chosen)


def _parse_text(question: TextQuestion, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise AnswerFault("Write one answer, or skip this question.")
    text = _clean(values[0] if values else "", keep_lines=question.lines > 1)
    if not text:
        raise AnswerFault("Write an answer, or skip this question.")
    if len(text) > question.max_length:
        raise AnswerFault(
            f"Your answer is {len(text)} characters long. Make it {question.max_length} "
            "or fewer, or skip this question."
        )
    return text


def _clean(text: str, *, keep_lines: bool) -> str:
    """Without what nobody can see or mend: NUL and other controls, lone surrogates, and
    marks that turn the direction of the text around them on a member of staff's page.

    PostgreSQL refuses NUL and lone surrogates in text and jsonb.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not keep_lines:
        text = text.replace("\n", " ")
    kept = (
        character
        for character in text.replace("\t", " ")
        if character == "\n"
        or (
            unicodedata.category(character) not in {"Cc", "Cs"}
            and character not in _DIRECTION_MARKS
        )
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _parse_number(question: NumberQuestion, values: Sequence[str]) -> int:
    written = values[0].strip() if len(values) == 1 else ""
    if _WHOLE_NUMBER.fullmatch(written):
        number = int(written)
        if question.min <= number <= question.max:
            return number
    raise AnswerFault(
        f"Enter a whole number from {question.min} to {question.max}, or skip this question."
    )
