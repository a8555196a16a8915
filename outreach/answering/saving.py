"""Saves an answer as it is given, and reads back what has been saved."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Mode, Response
from outreach.answering.safeguarding.raising import note_saved, written_before
from outreach.answering.sessions import Visit
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.pipelining import Express
from questionnaires.answers import Value, from_json, to_json
from questionnaires.model import AskedQuestion, Note, Questionnaire, TextQuestion

_SAVE = text("""
    INSERT INTO answer (school_id, response_id, question_id, value, mode, language, saved_at)
    SELECT school_id, id, cast(:question_id AS text), cast(:value AS jsonb), cast(:mode AS text),
           cast(:language AS text), cast(:now AS timestamptz)
    FROM response
    WHERE school_id = :school_id AND id = :response_id AND submitted_at IS NULL
    FOR SHARE
    ON CONFLICT (school_id, response_id, question_id) DO UPDATE
    SET value = excluded.value, mode = excluded.mode, language = excluded.language,
        saved_at = excluded.saved_at
    RETURNING question_id
""")


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
        index_where=and_(Response.superseded_at.is_(None), Response.replaceable_since.is_(None)),
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
    school_id = school_of(session)
    given = _row(school_id, response.id, question, value, mode, language, now)
    if not isinstance(question, TextQuestion):
        return session.execute(_SAVE, given).first() is not None
    before = written_before(session, response, question)
    if session.execute(_SAVE, given).first() is None:
        return False
    note_saved(session, response, question, before, value, now)
    return True


def save_at_once(
    express: Express, visit: Visit, question: AskedQuestion, value: Value, now: datetime
) -> bool:
    """As `save_answer`, in one round trip that commits by itself. The response is there already.

    Not for open text, which is put before a person in the same transaction.
    """
    assert visit.response is not None
    assert not isinstance(question, TextQuestion)
    school_id, seat = visit.school.id, visit.session
    given = _row(school_id, visit.response.id, question, value, seat.mode, seat.language, now)
    return bool(express.rows(school_id, _SAVE, given))


def _row(
    school_id: UUID,
    response_id: UUID,
    question: AskedQuestion,
    value: Value,
    mode: Mode,
    language: str,
    now: datetime,
) -> dict[str, object]:
    return {
        "school_id": school_id,
        "response_id": response_id,
        "question_id": question.id,
        "value": json.dumps(to_json(value)),
        "mode": mode.value,
        "language": language,
        "now": now,
    }


def answers_in(stored: Mapping[str, Any]) -> dict[str, Value]:
    """The answers of a visit, as they were saved and so as they were checked then."""
    return {id: tuple(kept) if isinstance(kept, list) else kept for id, kept in stored.items()}


_ANSWERS = select(Answer.question_id, Answer.value).where(
    Answer.school_id == bindparam("school"), Answer.response_id == bindparam("response")
)
"""Built once: every page asks it, and to build it costs about as much as to execute it."""


def answers_of(
    session: Session, response: Response, questionnaire: Questionnaire
) -> dict[str, Value]:
    """Everything saved so far, on the path or not; None where the student skipped."""
    key = {"school": school_of(session), "response": response.id}
    rows = session.execute(_ANSWERS, key).all()
    answers: dict[str, Value] = {}
    for question_id, stored in rows:
        question = questionnaire.question(question_id)
        if not isinstance(question, Note):
            answers[question_id] = from_json(question, stored)
    return answers
