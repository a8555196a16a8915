"""What the safeguarding lead reads: the list, urgent first, and one student's words."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.answering.models import Answer, Response
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.audit import Actor
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import NotInstalled, Pin, definition
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.pupils.models import Pupil
from outreach.schools.models import StaffMember
from questionnaires.loading import Library
from questionnaires.model import DEFAULT_LANGUAGE

LONGEST_NOTE = 500
ON_A_PAGE = 200
"""Read ones; those that wait are all shown."""


@dataclass(frozen=True)
class FlagLine:
    """A line of the list. It names the student and not what was written."""

    id: UUID
    pupil_name: str = field(repr=False)
    year: int
    campaign: str
    is_urgent: bool
    is_sent: bool
    saved_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True)
class FlagPage:
    """`words` is None where the student took them out again."""

    line: FlagLine
    question: str
    words: str | None = field(repr=False)
    language: str
    seen_by: str | None
    note: str | None = field(repr=False)


@dataclass(frozen=True)
class FlagList:
    waiting: tuple[FlagLine, ...]
    read: tuple[FlagLine, ...]
    read_in_all: int


def flags_to_read(session: Session, now: datetime) -> FlagList:
    """Urgent first, then the oldest; read ones the latest first."""
    opened = SafeguardingFlag.opens_at <= now
    is_read = SafeguardingFlag.seen_at.is_not(None)
    waiting = session.execute(
        _joined(session)
        .where(opened, ~is_read)
        .order_by(SafeguardingFlag.is_urgent.desc(), SafeguardingFlag.opens_at)
    ).all()
    read = session.execute(
        _joined(session).where(is_read).order_by(SafeguardingFlag.seen_at.desc()).limit(ON_A_PAGE)
    ).all()
    in_all = session.scalar(
        select(func.count())
        .select_from(SafeguardingFlag)
        .where(SafeguardingFlag.school_id == school_of(session), is_read)
    )
    return FlagList(
        tuple(_line(row) for row in waiting), tuple(_line(row) for row in read), in_all or 0
    )


def read_flag(
    session: Session, library: Library, flag_id: UUID, actor: Actor, now: datetime
) -> FlagPage:
    """One student's words, and one audit row that says who read them. Raises NotFound."""
    row = _find(session, flag_id, now)
    audit.record(session, now, actor, "safeguarding.read", "safeguarding_flag", flag_id)
    flag, answer = row.SafeguardingFlag, row.Answer
    reader = None
    if flag.seen_by is not None:
        reader = session.get(StaffMember, (school_of(session), flag.seen_by))
    return FlagPage(
        line=_line(row),
        question=_question(session, library, row),
        words=answer.value if isinstance(answer.value, str) else None,
        language=answer.language,
        seen_by=None if reader is None else reader.name,
        note=flag.note,
    )


def mark_acted(
    session: Session, flag_id: UUID, saved_at: str, note: str, actor: Actor, now: datetime
) -> None:
    """ "I have read it and acted." Raises NotFound, and Refusal where the student has changed the
    words since the page was shown (`saved_at`, as it was on the page) or the note is too long."""
    row = _find(session, flag_id, now)
    if row.Answer.saved_at.isoformat() != saved_at:
        raise Refusal("The student has changed what they wrote since. Read it again first.")
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Refusal(f"The note is {len(note)} characters long; {LONGEST_NOTE} is the most.")
    flag = row.SafeguardingFlag
    flag.seen_at, flag.seen_by, flag.note = now, actor.id, note or None
    audit.record(session, now, actor, "safeguarding.acted", "safeguarding_flag", flag_id)


def _find(session: Session, flag_id: UUID, now: datetime) -> Row[tuple[SafeguardingFlag, Answer]]:
    row = session.execute(
        _joined(session).where(SafeguardingFlag.id == flag_id, SafeguardingFlag.opens_at <= now)
    ).one_or_none()
    if row is None:
        raise NotFound("There is nothing like that to read at this school.")
    return row


def _joined(session: Session):  # type: ignore[no-untyped-def]
    return (
        select(SafeguardingFlag, Answer, Response, Invitation, Pupil, Campaign)
        .join(
            Answer,
            and_(
                Answer.school_id == SafeguardingFlag.school_id,
                Answer.response_id == SafeguardingFlag.response_id,
                Answer.question_id == SafeguardingFlag.question_id,
            ),
        )
        .join(
            Response,
            and_(
                Response.school_id == SafeguardingFlag.school_id,
                Response.id == SafeguardingFlag.response_id,
            ),
        )
        .join(
            Invitation,
            and_(
                Invitation.school_id == Response.school_id,
                Invitation.id == Response.invitation_id,
            ),
        )
        .join(Pupil, and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id))
        .join(
            Campaign,
            and_(
                Campaign.school_id == Invitation.school_id,
                Campaign.id == Invitation.campaign_id,
            ),
        )
        .where(SafeguardingFlag.school_id == school_of(session))
    )


def _line(row: Row[tuple[SafeguardingFlag, Answer]]) -> FlagLine:
    flag, pupil = row.SafeguardingFlag, row.Pupil
    return FlagLine(
        id=flag.id,
        pupil_name=pupil.full_name,
        year=pupil.year,
        campaign=row.Campaign.name,
        is_urgent=flag.is_urgent,
        is_sent=row.Response.submitted_at is not None,
        saved_at=row.Answer.saved_at,
        seen_at=flag.seen_at,
    )


def _question(session: Session, library: Library, row: Row[tuple[SafeguardingFlag, Answer]]) -> str:
    """In English. A definition that is gone leaves the id: what was written matters more."""
    pin = Pin(row.Response.questionnaire, row.Response.version, row.Response.sha256, "")
    try:
        asked = definition(of_school(session, library), pin)
        return asked.question(row.SafeguardingFlag.question_id).text.in_(DEFAULT_LANGUAGE)
    except (NotInstalled, KeyError):
        return str(row.SafeguardingFlag.question_id)
