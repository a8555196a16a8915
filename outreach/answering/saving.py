"""Saves an answer as it is given, and reads back what has been saved."""

from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Mode, Response
from outreach.campaigns.models import Invitation
from outreach.database import enum_type, school_of
from questionnaires.answers import Value, from_json, to_json
from questionnaires.model import AskedQuestion, Note, Questionnaire


def open_response(
    session: Session, invitation: Invitation, language: str, now: datetime
) -> Response | None:
    """A new current response for this invitation, or None where there is one already.

    Two browsers at once: the unique index lets one of them make it.
    """
    row = insert(Response).values(
        school_id=school_of(session),
        invitation_id=invitation.id,
        questionnaire=invitation.questionnaire,
        version=invitation.version,
        sha256=invitation.sha256,
        language=language,
        started_at=now,
    )
    made = row.on_conflict_do_nothing(
        index_elements=[Response.school_id, Response.invitation_id],
        index_where=Response.superseded_at.is_(None),
    ).returning(Response)
    return session.scalars(made).one_or_none()


def save_answer(
    session: Session,
    response: Response,
    question: AskedQuestion,
    value: Value,
    *,
    mode: Mode,
    language: str,
    now: datetime,
) -> bool:
    """Keep `value` (None: skipped) as the latest answer. False where it was submitted meanwhile.

    The response's row is locked for share, so that a submit in another tab comes wholly before
    this answer, which is then refused, or wholly after it.
    """
    still_open = (
        select(
            Response.school_id,
            Response.id,
            literal(question.id),
            literal(to_json(value), JSONB(none_as_null=False)),
            literal(mode, enum_type(Mode)),
            literal(language),
            literal(now),
        )
        .where(
            Response.school_id == school_of(session),
            Response.id == response.id,
            Response.submitted_at.is_(None),
        )
        .with_for_update(read=True)
    )
    columns = ["school_id", "response_id", "question_id", "value", "mode", "language", "saved_at"]
    row = insert(Answer).from_select(columns, still_open)
    latest = row.on_conflict_do_update(
        index_elements=[Answer.school_id, Answer.response_id, Answer.question_id],
        set_={
            "value": row.excluded.value,
            "mode": row.excluded.mode,
            "language": row.excluded.language,
            "saved_at": row.excluded.saved_at,
        },
    ).returning(Answer.question_id)
    return session.execute(latest).first() is not None


def answers_of(
    session: Session, response: Response, questionnaire: Questionnaire
) -> dict[str, Value]:
    """Everything saved so far, on the path or not; None where the student skipped."""
    rows = session.execute(
        select(Answer.question_id, Answer.value).where(
            Answer.school_id == school_of(session), Answer.response_id == response.id
        )
    ).all()
    answers: dict[str, Value] = {}
    for question_id, stored in rows:
        question = questionnaire.question(question_id)
        if not isinstance(question, Note):
            answers[question_id] = from_json(question, stored)
    return answers
