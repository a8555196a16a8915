"""A questionnaire as staff read it: every section, question, option and condition in words."""

from dataclasses import dataclass

from questionnaires.model import (
    DEFAULT_LANGUAGE,
    ChoiceQuestion,
    ChoicesQuestion,
    Condition,
    Note,
    NumberQuestion,
    Question,
    Questionnaire,
    TextQuestion,
)


@dataclass(frozen=True)
class ReadOption:
    """`symbol` is the name of the picture that stands beside the words."""

    words: str
    symbol: str | None


@dataclass(frozen=True)
class ReadQuestion:
    """`number` is None for a note, which takes no answer. `asked_if` is None where it always is."""

    number: int | None
    text: str
    hint: str | None
    asked_if: str | None
    how: str
    measures: str | None
    options: tuple[ReadOption, ...]


@dataclass(frozen=True)
class ReadSection:
    title: str
    intro: str | None
    questions: tuple[ReadQuestion, ...]


@dataclass(frozen=True)
class ReadQuestionnaire:
    title: str
    version: int
    intro: str
    sections: tuple[ReadSection, ...]
    asked: int
    sometimes: int
    """How many of the questions only some students are asked."""


def read_questionnaire(questionnaire: Questionnaire) -> ReadQuestionnaire:
    sections: list[ReadSection] = []
    number = 0
    for section in questionnaire.sections:
        questions: list[ReadQuestion] = []
        for question in section.questions:
            number += not isinstance(question, Note)
            questions.append(_read(questionnaire, question, number))
        intro = section.intro.in_(DEFAULT_LANGUAGE) if section.intro else None
        sections.append(ReadSection(section.title.in_(DEFAULT_LANGUAGE), intro, tuple(questions)))
    asked = [question for question in questionnaire.questions if not isinstance(question, Note)]
    return ReadQuestionnaire(
        title=questionnaire.title.in_(DEFAULT_LANGUAGE),
        version=questionnaire.version,
        intro=questionnaire.intro.in_(DEFAULT_LANGUAGE),
        sections=tuple(sections),
        asked=len(asked),
        sometimes=sum(question.show_if is not None for question in asked),
    )


def _read(questionnaire: Questionnaire, question: Question, number: int) -> ReadQuestion:
    is_note = isinstance(question, Note)
    measures = None
    if not isinstance(question, Note):
        measures = questionnaire.constructs[question.construct].label.in_(DEFAULT_LANGUAGE)
    condition = question.show_if
    return ReadQuestion(
        number=None if is_note else number,
        text=question.text.in_(DEFAULT_LANGUAGE),
        hint=question.hint.in_(DEFAULT_LANGUAGE) if question.hint else None,
        asked_if=condition_words(questionnaire, condition) if condition else None,
        how=_how(question),
        measures=measures,
        options=_options(question),
    )


def _options(question: Question) -> tuple[ReadOption, ...]:
    if not isinstance(question, ChoiceQuestion | ChoicesQuestion):
        return ()
    return tuple(
        ReadOption(one.label.in_(DEFAULT_LANGUAGE), one.symbol.value if one.symbol else None)
        for one in question.options
    )


def _how(question: Question) -> str:
    match question:
        case ChoiceQuestion():
            return "Choose one"
        case ChoicesQuestion():
            return f"Choose up to {question.most}"
        case TextQuestion():
            return f"Own words, up to {question.max_length} characters"
        case NumberQuestion():
            return f"A number from {question.min} to {question.max}"
        case Note():
            return "Read only"


def condition_words(questionnaire: Questionnaire, condition: Condition) -> str:
    """Asked only if the answer to “…” is “…”."""
    earlier = questionnaire.question(condition.question)
    name, operand = next(iter(condition.operators.items()))
    said = {
        "is": "is",
        "is_not": "is given and is not",
        "any_of": "is one of",
        "none_of": "is given and is none of",
        "at_least": "is at least",
        "at_most": "is at most",
    }[name]
    operands = operand if isinstance(operand, tuple) else (operand,)
    values = ", ".join(_operand_words(earlier, one) for one in operands)
    return f"Asked only if the answer to “{earlier.text.in_(DEFAULT_LANGUAGE)}” {said} {values}."


def _operand_words(earlier: Question, operand: str | int) -> str:
    if isinstance(earlier, ChoiceQuestion | ChoicesQuestion) and isinstance(operand, str):
        return f"“{earlier.option(operand).label.in_(DEFAULT_LANGUAGE)}”"
    return str(operand)
