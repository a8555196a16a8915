"""Raising flags: what a student wrote in their own words waits to be read by a person.

When: urgent words at once, as soon as the answer is saved, for a child may write them and close the
page; all else when the answers are sent, so that nobody reads a half-written thought. What was saved
and then left for a day is read too: the page said before the box that it is read even if it is not
sent. What the student takes out before it was on the list is gone, and nobody reads it. After that
nothing is: earlier words are kept beside what replaced them, for whoever saw the page with them may
be the one whom they are about.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Response
from outreach.answering.safeguarding.models import EarlierText, SafeguardingFlag
from outreach.answering.safeguarding.telling import call_for_digest, call_now, next_morning
from outreach.answering.safeguarding.urgency import is_urgent
from outreach.database import school_of
from questionnaires.answers import Value
from questionnaires.model import TextQuestion

LEFT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Before:
    """What stood in the box until now; None where nothing did."""

    words: str | None
    language: str


def written_before(session: Session, response: Response, question: TextQuestion) -> Before:
    """With the response locked until the commit, so that two tabs write one after the other."""
    here = school_of(session)
    session.execute(
        select(Response.id)
        .where(Response.school_id == here, Response.id == response.id)
        .with_for_update()
    )
    row = session.execute(
        select(Answer.value, Answer.language).where(
            Answer.school_id == here,
            Answer.response_id == response.id,
            Answer.question_id == question.id,
        )
    ).one_or_none()
    if row is None or not isinstance(row.value, str):
        return Before(None, "")
    return Before(row.value, row.language)


def note_saved(
    session: Session,
    response: Response,
    question: TextQuestion,
    before: Before,
    value: Value,
    now: datetime,
) -> None:
    """In the transaction that saved it. A text that changes has to be read again; one that was
    saved anew as it stood changes nothing."""
    words = value if isinstance(value, str) else None
    if words == before.words:
        return
    flag = session.scalar(
        select(SafeguardingFlag)
        .where(*_of(response), SafeguardingFlag.question_id == question.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if flag is not None:
        may_be_known = _may_be_known(flag, now)
        if may_be_known and before.words is not None:
            _keep_earlier(session, flag, before, now)
        if words is None:
            if not may_be_known:
                session.delete(flag)
            return
    if words is not None:
        _raise(session, response, question, flag, is_urgent=is_urgent(words), now=now)


def _raise(
    session: Session,
    response: Response,
    question: TextQuestion,
    flag: SafeguardingFlag | None,
    *,
    is_urgent: bool,
    now: datetime,
) -> None:
    opens_at = now if is_urgent else now + LEFT_FOR
    call_at = now if is_urgent else next_morning(opens_at)
    if flag is None:
        flag = SafeguardingFlag(
            school_id=school_of(session),
            response_id=response.id,
            question_id=question.id,
            is_urgent=is_urgent,
            opens_at=opens_at,
        )
        session.add(flag)
    else:
        opens_at = min(opens_at, flag.opens_at)
        call_at = min(call_at, next_morning(now) if flag.seen_at else flag.call_at)
    flag.is_urgent = flag.is_urgent or is_urgent
    flag.opens_at, flag.written_at, flag.seen_at = opens_at, now, None
    flag.call_at = call_at
    session.flush()
    if is_urgent:
        call_now(session, flag, now)
    else:
        call_for_digest(session, call_at)


def note_sent(session: Session, response: Response, now: datetime) -> None:
    """In the transaction that submits: all that was written is on the list from now on."""
    opened = session.execute(
        update(SafeguardingFlag)
        .where(*_of(response), SafeguardingFlag.opens_at > now)
        .values(opens_at=now, call_at=func.least(SafeguardingFlag.call_at, next_morning(now)))
        .returning(SafeguardingFlag.id),
        execution_options={"synchronize_session": False},
    ).first()
    if opened is not None:
        call_for_digest(session, next_morning(now))


def _may_be_known(flag: SafeguardingFlag, now: datetime) -> bool:
    """Whether somebody can have been told of it or have read it. It then stays on the list."""
    return flag.is_urgent or flag.told_at is not None or flag.opens_at <= now


def _keep_earlier(session: Session, flag: SafeguardingFlag, before: Before, now: datetime) -> None:
    session.add(
        EarlierText(
            school_id=flag.school_id,
            flag_id=flag.id,
            words=before.words,
            language=before.language,
            written_at=flag.written_at,
            replaced_at=now,
        )
    )


def _of(response: Response) -> tuple[ColumnElement[bool], ...]:
    return (
        SafeguardingFlag.school_id == response.school_id,
        SafeguardingFlag.response_id == response.id,
    )
