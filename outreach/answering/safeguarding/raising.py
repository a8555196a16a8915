"""Raising flags: what a student wrote in their own words waits to be read by a person.

When: urgent words at once, as soon as the answer is saved, for a child may write them and close the
page; all else when the answers are sent, so that nobody reads a half-written thought. What was saved
and then left for a day is read too: the page said before the box that it is read even if it is not
sent. What the student takes out again before anybody was told of it is gone, and nobody reads it.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.answering.safeguarding.telling import call_for_digest, tell_waiting
from outreach.answering.safeguarding.urgency import is_urgent
from outreach.database import school_of
from questionnaires.answers import Value
from questionnaires.model import TextQuestion

LEFT_FOR = timedelta(days=1)
_NO_ORM = {"synchronize_session": False}


def note_saved(
    session: Session, response: Response, question: TextQuestion, value: Value, now: datetime
) -> None:
    """In the transaction that saved it. An answer that changes has to be read again."""
    if not isinstance(value, str):
        _take_back(session, response, question)
        return
    urgent = is_urgent(value)
    opens_at = now if urgent else now + LEFT_FOR
    values = {
        "is_urgent": urgent,
        "raised_at": now,
        "opens_at": opens_at,
        "told_at": None,
        "seen_at": None,
        "seen_by": None,
    }
    key = {
        "school_id": school_of(session),
        "response_id": response.id,
        "question_id": question.id,
    }
    session.execute(
        insert(SafeguardingFlag)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values),
        execution_options=_NO_ORM,
    )
    if urgent:
        tell_waiting(session, now)
    else:
        call_for_digest(session, opens_at)


def note_sent(session: Session, response: Response, now: datetime) -> None:
    """In the transaction that submits: all that was written is on the list from now on."""
    opened = session.execute(
        update(SafeguardingFlag)
        .where(*_of(response), SafeguardingFlag.opens_at > now)
        .values(opens_at=now)
        .returning(SafeguardingFlag.id),
        execution_options=_NO_ORM,
    ).first()
    if opened is not None:
        call_for_digest(session, now)


def _take_back(session: Session, response: Response, question: TextQuestion) -> None:
    """Where somebody was told of it, it stays on the list, and says that it was taken out."""
    session.execute(
        delete(SafeguardingFlag).where(
            *_of(response),
            SafeguardingFlag.question_id == question.id,
            SafeguardingFlag.told_at.is_(None),
            SafeguardingFlag.seen_at.is_(None),
        ),
        execution_options=_NO_ORM,
    )


def _of(response: Response) -> tuple[ColumnElement[bool], ...]:
    return (
        SafeguardingFlag.school_id == response.school_id,
        SafeguardingFlag.response_id == response.id,
    )
