"""Profile fields and values in words: labels come from the definition that was answered."""

from collections.abc import Iterable

from outreach.profiles.fields import READINESS, Fact
from questionnaires.loading import Library
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    Block,
    ChoiceQuestion,
    ChoicesQuestion,
    ProfileField,
    Questionnaire,
)

"""What staff read."""

BLOCK_LABELS = {
    Block.CAREER_KNOWLEDGE.value: "Career knowledge and skills",
    Block.INTERESTS.value: "Interests and plans",
    Block.ESSENTIAL_SKILLS.value: "Essential skills",
}

FIELD_LABELS = {
    READINESS: "Readiness",
    ProfileField.INTENDED_DESTINATION.value: "Intended destination",
    ProfileField.DESTINATION_CERTAINTY.value: "How sure of the destination",
    ProfileField.INTERESTS.value: "Kinds of work of interest",
}

SOURCE_LABELS = {"questionnaire": "The student’s own answers"}


def definition_of(
    library: Library, questionnaire: str | None, version: int | None
) -> Questionnaire | None:
    """The definition an entry came from; None where it came from none, or it is not installed."""
    if questionnaire is None or version is None:
        return None
    try:
        return library.get(questionnaire, version)
    except LookupError:
        return None


def field_label(field: str, definition: Questionnaire | None) -> str:
    if field in FIELD_LABELS:
        return FIELD_LABELS[field]
    kind, _, key = field.partition(".")
    if kind == "block":
        return BLOCK_LABELS.get(key, _plain(key))
    if definition is not None and key in definition.constructs:
        return definition.constructs[key].label.in_(DEFAULT_LANGUAGE)
    return _plain(key or field)


def value_words(field: str, value: Fact, definition: Questionnaire | None) -> tuple[str, ...]:
    """A score as a number, choices as the labels the student read, each on its own."""
    if isinstance(value, float | int):
        return (show_score(value),)
    labels = option_labels(field, definition)
    several = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(labels.get(one, _plain(one)) for one in several)


def option_labels(field: str, definition: Questionnaire | None) -> dict[str, str]:
    """Stable value to label, for the question that writes this field; empty where none does."""
    question = asking(field, definition.questions) if definition is not None else None
    if question is None:
        return {}
    return {option.value: option.label.in_(DEFAULT_LANGUAGE) for option in question.options}


def asking(field: str, questions: Iterable[object]) -> ChoiceQuestion | ChoicesQuestion | None:
    """The question whose answer becomes this field; asked in parts, the first with all options.

    An option that several offer is called what the first of them calls it.
    """
    parts = [
        question
        for question in questions
        if isinstance(question, ChoiceQuestion | ChoicesQuestion)
        and question.profile_field is not None
        and question.profile_field.value == field
    ]
    if len(parts) < 2:
        return parts[0] if parts else None
    options = {option.value: option for part in reversed(parts) for option in part.options}
    ordered = {option.value: options[option.value] for part in parts for option in part.options}
    return parts[0].model_copy(update={"options": tuple(ordered.values())})


def show_score(score: float) -> str:
    """62 rather than 62.0, 62.5 as it is."""
    return f"{score:g}"


def _plain(key: str) -> str:
    return key.replace("_", " ").capitalize()
