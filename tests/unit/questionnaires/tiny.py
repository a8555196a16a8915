"""The tiny questionnaires of tests/definitions, and answers to them made up by hypothesis."""

from pathlib import Path

from hypothesis import strategies as st

from questionnaires.answers import Value
from questionnaires.loading import load_file, load_library
from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    NumberQuestion,
    Questionnaire,
)

FOLDER = Path(__file__).parents[2] / "definitions"
LIBRARY = load_library()
GCSE = LIBRARY.latest("gcse")


def tiny(name: str) -> Questionnaire:
    return load_file(FOLDER / f"{name}.yaml")


PUBLISHED = [LIBRARY.get(id, version) for id in LIBRARY.ids for version in LIBRARY.versions(id)]
EVERY = [*PUBLISHED, *(load_file(path) for path in sorted(FOLDER.glob("*.yaml")))]


def asked(questionnaire: Questionnaire, id: str) -> AskedQuestion:
    question = questionnaire.question(id)
    assert not isinstance(question, Note)
    return question


def values_for(question: AskedQuestion) -> st.SearchStrategy[Value]:
    """Any answer a student can give to the question, or a skip."""
    match question:
        case ChoiceQuestion():
            return st.none() | st.sampled_from(question.values)
        case ChoicesQuestion():
            together = [value for value in question.values if value != question.exclusive]
            several = st.sets(
                st.sampled_from(together), min_size=question.min, max_size=question.most
            )
            in_order = several.map(lambda chosen: tuple(v for v in together if v in chosen))
            alone = st.just((question.exclusive,)) if question.exclusive else st.nothing()
            return st.none() | in_order | alone
        case NumberQuestion():
            return st.none() | st.integers(question.min, question.max)
        case _:
            return st.none() | st.sampled_from(["Something.", "Étude", "42"])


@st.composite
def answered(draw: st.DrawFn) -> tuple[Questionnaire, dict[str, Value]]:
    """A questionnaire and answers to some of its questions, on the path or not."""
    questionnaire = draw(st.sampled_from(EVERY))
    return questionnaire, draw(answers_to(questionnaire))


def answers_to(questionnaire: Questionnaire) -> st.SearchStrategy[dict[str, Value]]:
    every = {q.id: values_for(q) for q in questionnaire.questions if not isinstance(q, Note)}
    return st.fixed_dictionaries({}, optional=every)
