"""What can be wrong with one question: its options, scoring, limits and condition."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from questionnaires.faults import Finding, Place
from questionnaires.model import (
    ChoiceQuestion,
    ChoicesQuestion,
    Condition,
    Note,
    NumberQuestion,
    Option,
    ProfileField,
    Question,
    Questionnaire,
    Scoring,
    TextQuestion,
)
from questionnaires.symbols import Symbol

Earlier = Mapping[str, Question | None]
"""Questions above by id; None for one that stands there but could not be read."""

_KIND_OF_FIELD = {
    ProfileField.INTENDED_DESTINATION: "choice",
    ProfileField.DESTINATION_CERTAINTY: "choice",
    ProfileField.INTERESTS: "choices",
}
_KINDS_OF_OPERATOR = {
    "is": ("choice", "number"),
    "is_not": ("choice", "number"),
    "any_of": ("choice", "choices"),
    "none_of": ("choice", "choices"),
    "at_least": ("number",),
    "at_most": ("number",),
}


def check_question(
    questionnaire: Questionnaire,
    place: Place,
    question: Question,
    *,
    earlier: Earlier,
    every: Collection[str],
    unread: Collection[Place],
) -> Iterator[Finding]:
    """`every` holds the ids of the whole file, to tell "later" from "unknown"."""
    if question.show_if is not None:
        at = (*place, "show_if")
        yield from _check_condition(questionnaire, at, question.show_if, earlier, every)
    if isinstance(question, Note):
        return
    if question.construct not in questionnaire.constructs and ("constructs",) not in unread:
        what = f"There is no construct “{question.construct}”."
        yield Finding((*place, "construct"), what, "Add it to constructs:, or correct its name.")
    if question.profile_field and _KIND_OF_FIELD[question.profile_field] != question.kind:
        kind = _KIND_OF_FIELD[question.profile_field]
        what = f"“{question.profile_field}” is written by a question of kind {kind}."
        yield Finding((*place, "profile_field"), what, "Change the kind, or take the field away.")
    match question:
        case ChoiceQuestion() | ChoicesQuestion():
            yield from _check_choosing(questionnaire, place, question, unread)
        case NumberQuestion():
            if question.min >= question.max:
                what = f"Nothing lies between {question.min} and {question.max}."
                yield Finding((*place, "min"), what, "Make min smaller than max.")
        case TextQuestion():
            if not questionnaire.open_text and ("open_text",) not in unread:
                what = "It asks for free text, which this questionnaire does not switch on."
                mend = (
                    "Write open_text: true at the top, so that pages show where to turn with a "
                    "worry; or give options instead."
                )
                yield Finding((*place, "kind"), what, mend)


def check_options(place: Place, options: Sequence[Option]) -> Iterator[Finding]:
    if len(options) < 2:
        yield Finding(place, "There are fewer than two options.", "Write at least two.")
    values: set[str] = set()
    labels: set[tuple[str, str]] = set()
    for position, option in enumerate(options):
        if option.value in values:
            what = f"The value “{option.value}” is used by an option above."
            yield Finding((*place, position, "value"), what, "Give each option its own value.")
        values.add(option.value)
        words = {(language, label.strip()) for language, label in option.label.root.items()}
        if any(word in labels for word in words if word[1]):
            what = "Another option above reads the same."
            yield Finding((*place, position, "label"), what, "Give each option its own label.")
        labels |= words
    yield from _check_symbols(place, options)


def _check_symbols(place: Place, options: Sequence[Option]) -> Iterator[Finding]:
    if not any(option.symbol for option in options):
        return
    used: set[str] = set()
    for position, option in enumerate(options):
        at = (*place, position, "symbol")
        if option.symbol is None:
            what = "Other options beside it have a symbol, and this one has none."
            yield Finding(at, what, f"Give it one of: {', '.join(Symbol)}; or take theirs away.")
        elif option.symbol in used:
            what = f"The symbol “{option.symbol}” is used by an option above."
            yield Finding(at, what, "Give each option its own symbol.")
        else:
            used.add(option.symbol)


def check_scoring(place: Place, scoring: Scoring, values: Sequence[str]) -> Iterator[Finding]:
    known, mend = set(values), f"Use one of: {', '.join(values)}."
    for name, named in (("positive", scoring.positive), ("unsure", scoring.unsure)):
        for value in named:
            if value not in known:
                what = f"“{value}” is not the value of any option."
                yield Finding((*place, name), what, mend)
    if not scoring.positive:
        what = "No option is positive, so nothing can be scored."
        yield Finding((*place, "positive"), what, "Name one, or take the scoring away.")
    for value in sorted(set(scoring.positive) & set(scoring.unsure)):
        what = f"“{value}” is both positive and unsure."
        yield Finding((*place, "unsure"), what, "Leave it in one of the two.")
    if known and known <= {*scoring.positive, *scoring.unsure}:
        what = "Every clear answer is positive, so the score can only be 100."
        yield Finding((*place, "positive"), what, "Leave at least one option in neither list.")


def _check_choosing(
    questionnaire: Questionnaire,
    place: Place,
    question: ChoiceQuestion | ChoicesQuestion,
    unread: Collection[Place],
) -> Iterator[Finding]:
    if question.scale is not None and question.options:
        what = "It names a scale and has options of its own."
        yield Finding((*place, "scale"), what, "Keep one of the two.")
    if question.scale is None:
        yield from check_options((*place, "options"), question.options)
    elif question.scale not in questionnaire.scales:
        if ("scales",) not in unread:
            what = f"There is no scale “{question.scale}”."
            yield Finding((*place, "scale"), what, "Add it to scales:, or correct its name.")
        return
    elif ("scales", question.scale) in unread:
        return
    values = values_of(questionnaire, question)
    if isinstance(question, ChoiceQuestion):
        if question.scoring:
            yield from check_scoring((*place, "scoring"), question.scoring, values)
    else:
        yield from _check_limits(place, question, values)


def _check_limits(
    place: Place, question: ChoicesQuestion, values: Sequence[str]
) -> Iterator[Finding]:
    if question.exclusive is not None and question.exclusive not in values:
        what = f"“{question.exclusive}” is not the value of any option."
        yield Finding((*place, "exclusive"), what, f"Use one of: {', '.join(values)}.")
    together = len([value for value in values if value != question.exclusive])
    most = question.max if question.max is not None else together
    if question.min > most:
        what = f"At least {question.min} and at most {most} cannot both hold."
        yield Finding((*place, "min"), what, "Make min smaller, or max larger.")
    if most > together:
        what = f"Only {together} options can be chosen together, fewer than {most}."
        yield Finding((*place, "max"), what, f"Write max: {together} or fewer, or leave it out.")


def _check_condition(
    questionnaire: Questionnaire,
    place: Place,
    condition: Condition,
    earlier: Earlier,
    every: Collection[str],
) -> Iterator[Finding]:
    id = condition.question
    if id not in earlier:
        is_later = id in every
        what = (
            f"It looks at “{id}”, which does not come before this question."
            if is_later
            else f"There is no question “{id}”."
        )
        yield Finding((*place, "question"), what, "Name a question that comes earlier.")
        return
    asked = earlier[id]
    if asked is None:
        return
    ((operator, operand),) = condition.operators.items()
    if asked.kind not in _KINDS_OF_OPERATOR[operator]:
        fitting = [name for name, kinds in _KINDS_OF_OPERATOR.items() if asked.kind in kinds]
        what = f"“{operator}” cannot be asked of “{id}”, which is of kind {asked.kind}."
        mend = f"Use one of: {', '.join(fitting)}." if fitting else "Name another question."
        yield Finding((*place, operator), what, mend)
    elif isinstance(asked, NumberQuestion):
        if not isinstance(operand, int) or not asked.min <= operand <= asked.max:
            what = f"“{operand}” cannot be the answer to “{id}”."
            mend = f"Use a number from {asked.min} to {asked.max}."
            yield Finding((*place, operator), what, mend)
    elif isinstance(asked, ChoiceQuestion | ChoicesQuestion):
        values = values_of(questionnaire, asked)
        known, mend = set(values), f"Use one of: {', '.join(values)}."
        named = operand if isinstance(operand, tuple) else (operand,)
        for value in named if values else ():
            if value not in known:
                what = f"“{value}” is not an answer to “{id}”."
                yield Finding((*place, operator), what, mend)
        if not named:
            yield Finding((*place, operator), "It names no answer.", "Name at least one.")


def values_of(
    questionnaire: Questionnaire, question: ChoiceQuestion | ChoicesQuestion
) -> list[str]:
    """The option values of a question as written, those of its scale where it names one."""
    scale = questionnaire.scales.get(question.scale) if question.scale else None
    return [option.value for option in (scale.options if scale else question.options)]
