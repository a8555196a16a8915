"""How long a questionnaire takes, as students are told before they begin."""

import math

from questionnaires.model import Note, Questionnaire

SECONDS_A_QUESTION = 18
"""Reading included, for a plain choice; people are told "less than", so it errs on the long side."""
MINUTES_STEP = 5


def minutes_to_answer(questionnaire: Questionnaire) -> int:
    """Rounded up to five minutes: every question counted, shown to all or not."""
    asked = sum(not isinstance(question, Note) for question in questionnaire.questions)
    steps = math.ceil(asked * SECONDS_A_QUESTION / (60 * MINUTES_STEP))
    return max(1, steps) * MINUTES_STEP
