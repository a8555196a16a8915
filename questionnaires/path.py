"""Which questions a student is asked, worked out from the answers in one forward pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from questionnaires.answers import Value
from questionnaires.model import AskedQuestion, Condition, Note, Question, Questionnaire


class Progress(NamedTuple):
    answered: int
    """Questions on the path that have an answer or were skipped on purpose."""
    total: int


@dataclass(frozen=True)
class Path:
    """The questions shown to one student, given what they have answered so far.

    `after` and `before` also take the id of a question that is not on the path (its place in
    the file is what counts), so that a page left behind by a changed answer still leads on.
    """

    questionnaire: Questionnaire
    questions: tuple[Question, ...]
    answered: frozenset[str]
    """Ids on the path that have a stored answer; a skip is one, a gap is not."""

    @property
    def asked(self) -> tuple[AskedQuestion, ...]:
        """Those that take an answer: all but the notes."""
        return tuple(q for q in self.questions if not isinstance(q, Note))

    @property
    def first(self) -> Question | None:
        return self.questions[0] if self.questions else None

    def after(self, id: str) -> Question | None:
        """The next question or note, None after the last. KeyError for an unknown id."""
        place = self._place_of(id)
        return next((q for q in self.questions if self._place_of(q.id) > place), None)

    def before(self, id: str) -> Question | None:
        """The question or note before this one, None at the first. KeyError if unknown."""
        place = self._place_of(id)
        return next((q for q in reversed(self.questions) if self._place_of(q.id) < place), None)

    def may_visit(self, id: str) -> bool:
        """Whether it is on the path and every question asked before it is answered or skipped."""
        for question in self.questions:
            if question.id == id:
                return True
            if not isinstance(question, Note) and question.id not in self.answered:
                return False
        return False

    @property
    def missing(self) -> tuple[AskedQuestion, ...]:
        """Questions on the path that are neither answered nor skipped."""
        return tuple(q for q in self.asked if q.id not in self.answered)

    @property
    def next_to_answer(self) -> AskedQuestion | None:
        return next(iter(self.missing), None)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def progress(self) -> Progress:
        return Progress(len(self.answered), len(self.asked))

    def on_path(self, answers: Mapping[str, Value]) -> dict[str, Value]:
        """These answers in the order of the path, without those to questions not on it."""
        return {q.id: answers[q.id] for q in self.asked if q.id in answers}

    def _place_of(self, id: str) -> int:
        return self.questionnaire.place_of(id)


def walk(questionnaire: Questionnaire, answers: Mapping[str, Value]) -> Path:
    """The path given `answers`; a key that is absent was never answered, None was skipped.

    Each question is looked at once, in order, and only what is already on the path decides,
    so an answer left over from a branch since abandoned opens nothing.
    """
    shown: list[Question] = []
    seen: dict[str, Value] = {}
    for question in questionnaire.questions:
        condition = question.show_if
        if condition is not None and not holds(condition, seen.get(condition.question)):
            continue
        shown.append(question)
        if not isinstance(question, Note) and question.id in answers:
            seen[question.id] = answers[question.id]
    return Path(questionnaire, tuple(shown), frozenset(seen))


def holds(condition: Condition, value: Value) -> bool:
    """Whether what was answered to the condition's question meets it; a skip never does."""
    if value is None:
        return False
    chosen = set(value) if isinstance(value, tuple) else {value}
    ((operator, operand),) = condition.operators.items()
    if isinstance(operand, tuple):
        return bool(chosen & set(operand)) == (operator == "any_of")
    match operator:
        case "is":
            return value == operand
        case "is_not":
            return value != operand
    if not isinstance(value, int) or not isinstance(operand, int):
        return False
    return value >= operand if operator == "at_least" else value <= operand
