"""Answers for half of the demo campaign, question by question, as students would give them."""

import random
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.answering.models import Mode
from outreach.answering.saving import open_response, save_answer
from outreach.answering.submitting import submit
from outreach.campaigns import tracking
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.library import of_school
from outreach.database import transaction
from outreach.parts import Parts
from questionnaires.answers import Value
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    NumberQuestion,
    TextQuestion,
)
from questionnaires.path import walk

STOPPED_HALFWAY = 5
"""So many students began and have not sent their answers in."""


def answer_half(parts: Parts, school_id: UUID, campaign_id: UUID, rng: random.Random) -> None:
    with transaction(parts.sessions, school_id) as session:
        invitations = session.scalars(
            select(Invitation)
            .where(
                Invitation.school_id == school_id,
                Invitation.campaign_id == campaign_id,
                Invitation.excluded_reason.is_(None),
            )
            .order_by(Invitation.id)
        ).all()
        half = invitations[: len(invitations) // 2]
        for place, invitation in enumerate(half):
            _answer(parts, session, invitation, rng, stops=place < STOPPED_HALFWAY)


def _answer(
    parts: Parts, session: Session, invitation: Invitation, rng: random.Random, *, stops: bool
) -> None:
    here = of_school(session, parts.library)
    questionnaire = here.get(invitation.questionnaire, invitation.version)
    moment = parts.clock() - timedelta(minutes=rng.randint(10, 40))
    response = open_response(session, invitation, DEFAULT_LANGUAGE, moment)
    if response is None:
        return
    tracking.mark_started(session, invitation, moment)
    mood = rng.betavariate(3, 2)
    answers: dict[str, Value] = {}
    leaves_after = rng.randint(4, 15) if stops else len(questionnaire.questions)
    while (question := walk(questionnaire, answers).next_to_answer) is not None:
        if len(answers) >= leaves_after:
            return
        answers[question.id] = _choose(question, mood, rng)
        save_answer(
            session,
            response,
            question,
            answers[question.id],
            mode=Mode.PAGES,
            language=DEFAULT_LANGUAGE,
            now=moment,
        )
    submit(session, response, parts.clock())


def _falling(options: int) -> list[float]:
    """Weights for options that are not equally liked: the first ones most."""
    return [1 / (place + 1) for place in range(options)]


def _choose(question: AskedQuestion, mood: float, rng: random.Random) -> Value:
    """A student in a good mood says more that is positive; one answer in fifty is skipped."""
    if rng.random() < 0.02:
        return None
    match question:
        case ChoiceQuestion(scoring=scoring) if scoring is not None:
            is_positive = rng.random() < mood
            wanted = [v for v in question.values if (v in scoring.positive) == is_positive]
            return rng.choice(wanted or list(question.values))
        case ChoiceQuestion():
            return rng.choices(question.values, _falling(len(question.values)))[0]
        case ChoicesQuestion():
            together = [value for value in question.values if value != question.exclusive]
            most = min(question.most, 3, len(together))
            count = rng.randint(min(question.min, most), most)
            chosen = set(rng.choices(together, _falling(len(together)), k=count))
            return tuple(value for value in question.values if value in chosen)
        case NumberQuestion():
            return rng.randint(question.min, question.max)
        case TextQuestion():
            return None
