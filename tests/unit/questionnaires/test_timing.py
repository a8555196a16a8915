"""How long a questionnaire is said to take."""

from pathlib import Path

from questionnaires.loading import load_file, load_library
from questionnaires.model import Note
from questionnaires.timing import minutes_to_answer

TINY = Path(__file__).parents[2] / "definitions"


def test_the_time_it_takes_is_about_right_for_the_published_questionnaire() -> None:
    gcse = load_library().latest("gcse")
    asked = [question for question in gcse.questions if not isinstance(question, Note)]

    assert 24 <= len(asked) <= 32
    assert minutes_to_answer(gcse) == 10


def test_the_least_that_is_said_is_five_minutes() -> None:
    assert minutes_to_answer(load_file(TINY / "choice.yaml")) == 5
