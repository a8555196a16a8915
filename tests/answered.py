"""Launched campaigns and submitted responses for tests, by the verbs a student's pages use."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.answering.models import Mode
from outreach.answering.saving import open_response, save_answer
from outreach.answering.submitting import submit
from outreach.audit import OPERATOR
from outreach.campaigns import tracking
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from questionnaires.answers import Value
from questionnaires.loading import Library
from questionnaires.model import AskedQuestion, ChoiceQuestion, ChoicesQuestion, Questionnaire
from questionnaires.path import walk


def launch_campaign(
    session: Session, library: Library, now: datetime, *, year: int = 10, name: str = "Spring"
) -> UUID:
    """A launched campaign of the gcse questionnaire, with its invitations written."""
    campaign = create_campaign(
        session,
        library,
        name=name,
        questionnaire="gcse",
        years=[year],
        groups=[],
        closes_on=None,
        created_by=None,
        now=now,
    )
    launch(session, campaign.id, OPERATOR, now)
    while write_next_block(session, now):
        pass
    begin_sending(session, now)
    return campaign.id


def invitation_of(session: Session, campaign_id: UUID, pupil_id: UUID) -> Invitation:
    return session.scalars(
        select(Invitation).where(
            Invitation.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            Invitation.pupil_id == pupil_id,
        )
    ).one()


def answer_and_submit(
    session: Session,
    library: Library,
    campaign_id: UUID,
    pupil_id: UUID,
    now: datetime,
    *,
    is_positive: bool = True,
    **given: Value,
) -> UUID:
    """The response, submitted: what is `given`, and for the rest the first (positive) option or
    the last but one (a clear answer that is not).
    """
    invitation = invitation_of(session, campaign_id, pupil_id)
    questionnaire = library.get(invitation.questionnaire, invitation.version)
    response = open_response(session, invitation, "en", now)
    assert response is not None
    tracking.mark_started(session, invitation, now)
    for question, value in _said(questionnaire, given, is_positive=is_positive):
        assert save_answer(
            session, response, question, value, mode=Mode.PAGES, language="en", now=now
        )
    submit(session, response, now)
    return response.id


def _said(
    questionnaire: Questionnaire, given: dict[str, Value], *, is_positive: bool
) -> list[tuple[AskedQuestion, Value]]:
    answers: dict[str, Value] = {}
    said: list[tuple[AskedQuestion, Value]] = []
    while (question := walk(questionnaire, answers).next_to_answer) is not None:
        value = given[question.id] if question.id in given else _usual(question, is_positive)
        answers[question.id] = value
        said.append((question, value))
    return said


def _usual(question: AskedQuestion, is_positive: bool) -> Value:
    if isinstance(question, ChoiceQuestion) and question.scoring is not None:
        unsure = question.scoring.unsure
        wanted = [
            value
            for value in question.values
            if value not in unsure and (value in question.scoring.positive) == is_positive
        ]
        return wanted[0]
    if isinstance(question, ChoiceQuestion):
        return question.values[0]
    if isinstance(question, ChoicesQuestion):
        return question.values[: question.min]
    return None
