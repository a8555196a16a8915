"""What a student may answer, how it is stored as JSON, and how it reads back in words."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    NumberQuestion,
    Text,
    TextQuestion,
)
from questionnaires.phrases import (
    CHOOSE_ONE,
    CHOOSE_SOME,
    NOT_A_NUMBER,
    ONE_OR_THE_OTHER,
    SKIPPED,
    TOO_FEW,
    TOO_LONG,
    TOO_MANY,
    UNKNOWN,
    WRITE_ONE,
    WRITE_SOME,
)

Given: TypeAlias = str | int | tuple[str, ...]
Value: TypeAlias = Given | None
"""None: the student chose to skip. A question never answered has no value at all."""

Json: TypeAlias = str | int | list[str] | None

_BETWEEN = {"ur": "؛ "}
"""Semicolons: labels have commas of their own."""
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class AnswerFault(Exception):
    """The answer cannot be taken; `message` tells the student what to do, in English."""

    def __init__(self, phrase: str, **blanks: int | Text) -> None:
        self.phrase = phrase
        self.blanks = blanks
        self.message = self.said_in("en", {})
        super().__init__(self.message)

    def said_in(self, language: str, phrases: Mapping[str, str]) -> str:
        """In the language of these phrases (Library.phrases); in English where there are none."""
        filled = {
            name: value.in_(language) if isinstance(value, Text) else value
            for name, value in self.blanks.items()
        }
        return phrases.get(self.phrase, self.phrase).format(**filled)


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


def describe(
    question: AskedQuestion, value: Value, language: str, phrases: Mapping[str, str] | None = None
) -> str:
    """What the student said, in the labels they read; several stand apart by semicolons.

    `phrases` are those of the language (Library.phrases); without them a skip is said in English.
    """
    if value is None:
        return (phrases or {}).get(SKIPPED, SKIPPED)
    if isinstance(question, ChoiceQuestion | ChoicesQuestion):
        chosen = value if isinstance(value, tuple) else (str(value),)
        return _BETWEEN.get(language, "; ").join(
            question.option(one).label.in_(language) for one in chosen
        )
    return str(value)


def _parse_choice(question: ChoiceQuestion, values: Sequence[str]) -> str:
    chosen = _known(question, values)
    if len(chosen) != 1:
        raise AnswerFault(CHOOSE_ONE)
    return chosen[0]


def _parse_choices(question: ChoicesQuestion, values: Sequence[str]) -> tuple[str, ...]:
    chosen = _known(question, values)
    if not chosen:
        raise AnswerFault(CHOOSE_SOME)
    alone = question.exclusive
    if alone is not None and alone in chosen:
        if len(chosen) > 1:
            raise AnswerFault(ONE_OR_THE_OTHER, alone=question.option(alone).label)
        return chosen
    if len(chosen) < question.min:
        raise AnswerFault(TOO_FEW, count=len(chosen), least=question.min)
    if len(chosen) > question.most:
        raise AnswerFault(TOO_MANY, count=len(chosen), most=question.most)
    return chosen


def _known(question: ChoiceQuestion | ChoicesQuestion, values: Sequence[str]) -> tuple[str, ...]:
    """What was chosen, each once, in the order of the definition."""
    chosen = {value for value in values if value != ""}
    if not chosen <= set(question.values):
        raise AnswerFault(UNKNOWN)
    return tuple(value for value in question.values if value in chosen)


def _parse_text(question: TextQuestion, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise AnswerFault(WRITE_ONE)
    text = _clean(values[0] if values else "", keep_lines=question.lines > 1)
    if not text:
        raise AnswerFault(WRITE_SOME)
    if len(text) > question.max_length:
        raise AnswerFault(TOO_LONG, count=len(text), most=question.max_length)
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
    raise AnswerFault(NOT_A_NUMBER, least=question.min, most=question.max)
