"""What the safeguarding lead reads: the list, urgent first, and one student's words."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.answering.models import Answer, Response
from outreach.answering.safeguarding.calling import undelivered_to, unread
from outreach.answering.safeguarding.models import EarlierText, SafeguardingAct, SafeguardingFlag
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
    written_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True)
class EarlierWords:
    """What stood there before the student changed it."""

    words: str = field(repr=False)
    language: str
    written_at: datetime
    replaced_at: datetime


@dataclass(frozen=True)
class Act:
    """`is_of_present`: it was of the words that stand there now. `by` is None for nobody known."""

    by: str | None
    at: datetime
    note: str | None = field(repr=False)
    is_of_present: bool


@dataclass(frozen=True)
class FlagPage:
    """`words` is None where the student took them out again. `earlier` and `acts`: latest first."""

    line: FlagLine
    question: str
    words: str | None = field(repr=False)
    language: str
    earlier: tuple[EarlierWords, ...]
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class FlagList:
    waiting: tuple[FlagLine, ...]
    read: tuple[FlagLine, ...]
    read_in_all: int
    undelivered_to: tuple[str, ...]


def flags_to_read(session: Session, now: datetime) -> FlagList:
    """Urgent first, then the oldest; read ones the latest first."""
    is_read = SafeguardingFlag.seen_at.is_not(None)
    waiting = session.execute(
        _joined(session)
        .where(*unread(session, now))
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
        tuple(_line(row) for row in waiting),
        tuple(_line(row) for row in read),
        in_all or 0,
        tuple(undelivered_to(session, now)),
    )


def read_flag(
    session: Session, library: Library, flag_id: UUID, actor: Actor, now: datetime
) -> FlagPage:
    """One student's words, and one audit row that says who read them. Raises NotFound."""
    row = _find(session, flag_id, now)
    flag, answer = row.SafeguardingFlag, row.Answer
    _record(session, flag, actor, "safeguarding.read", now)
    return FlagPage(
        line=_line(row),
        question=_question(session, library, row),
        words=answer.value if isinstance(answer.value, str) else None,
        language=answer.language,
        earlier=_earlier(session, flag),
        acts=_acts(session, flag),
    )


def mark_acted(
    session: Session, flag_id: UUID, written_at: str, note: str, actor: Actor, now: datetime
) -> None:
    """ "I have read it and acted." Raises NotFound, and Refusal where the student has changed the
    words since the page was shown (`written_at`, as it was on the page) or the note is too long.

    One statement compares and marks: what is saved between the two cannot be marked unread.
    """
    flag = _find(session, flag_id, now).SafeguardingFlag
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Refusal(f"The note is {len(note)} characters long; {LONGEST_NOTE} is the most.")
    shown = _moment(written_at)
    marked = session.scalar(
        update(SafeguardingFlag)
        .where(
            SafeguardingFlag.school_id == school_of(session),
            SafeguardingFlag.id == flag_id,
            SafeguardingFlag.written_at == shown,
        )
        .values(seen_at=func.coalesce(SafeguardingFlag.seen_at, now))
        .returning(SafeguardingFlag.id)
        .execution_options(synchronize_session=False)
    )
    if marked is None or shown is None:
        raise Refusal("The student has changed what they wrote since. Read it again first.")
    session.add(
        SafeguardingAct(
            school_id=school_of(session),
            flag_id=flag_id,
            written_at=shown,
            by=actor.id,
            at=now,
            note=note or None,
        )
    )
    _record(session, flag, actor, "safeguarding.acted", now)


def _moment(written_at: str) -> datetime | None:
    """None for what no page of ours had in it."""
    try:
        moment = datetime.fromisoformat(written_at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _record(
    session: Session, flag: SafeguardingFlag, actor: Actor, action: str, now: datetime
) -> None:
    """With the response, so that it can be told whose words were read once the flag is gone."""
    response = str(flag.response_id)
    audit.record(session, now, actor, action, "safeguarding_flag", flag.id, response=response)


def _earlier(session: Session, flag: SafeguardingFlag) -> tuple[EarlierWords, ...]:
    rows = session.scalars(
        select(EarlierText)
        .where(EarlierText.school_id == flag.school_id, EarlierText.flag_id == flag.id)
        .order_by(EarlierText.replaced_at.desc())
    )
    return tuple(
        EarlierWords(one.words, one.language, one.written_at, one.replaced_at) for one in rows
    )


def _acts(session: Session, flag: SafeguardingFlag) -> tuple[Act, ...]:
    rows = session.execute(
        select(SafeguardingAct, StaffMember.name)
        .outerjoin(
            StaffMember,
            and_(
                StaffMember.school_id == SafeguardingAct.school_id,
                StaffMember.id == SafeguardingAct.by,
            ),
        )
        .where(SafeguardingAct.school_id == flag.school_id, SafeguardingAct.flag_id == flag.id)
        .order_by(SafeguardingAct.at.desc())
    )
    return tuple(
        Act(name, act.at, act.note, act.written_at == flag.written_at) for act, name in rows
    )


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
        written_at=flag.written_at,
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
