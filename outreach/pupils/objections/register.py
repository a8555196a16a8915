"""The objections register, read: of one pupil, page by page, and whose right passed to the pupil."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import Instructor, Objection, ObjectionScope
from outreach.pupils.objections.rules import (
    INSTRUCTOR_LABELS,
    SCOPE_LABELS,
    Right,
    right_of,
)
from outreach.schools.models import StaffMember

PAGE_SIZE = 50

_Recorder, _Lifter = aliased(StaffMember, name="recorder"), aliased(StaffMember, name="lifter")


class Standing(Enum):
    IN_FORCE = "in_force"
    LIFTED = "lifted"


@dataclass(frozen=True)
class RegisteredObjection:
    """One objection in words. `right` is None once it is lifted."""

    pupil_id: UUID
    pupil_name: str
    year: int
    scope: ObjectionScope
    instructed_by: Instructor
    instructed_on: date
    evidence: str | None
    recorded_by: str
    recorded_at: datetime
    right: Right | None
    lifted_at: datetime | None
    lifted_by: Instructor | None
    lifted_evidence: str | None
    lift_recorded_by: str | None

    @property
    def scope_label(self) -> str:
        return SCOPE_LABELS[self.scope]

    @property
    def instructor_label(self) -> str:
        return INSTRUCTOR_LABELS[self.instructed_by]


@dataclass(frozen=True)
class RegisterPage:
    lines: list[RegisteredObjection]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class ScopeCount:
    """Numbers only, so that whoever sees no pupil can still see that the register is kept."""

    scope: ObjectionScope
    in_force: int
    lifted: int

    @property
    def label(self) -> str:
        return SCOPE_LABELS[self.scope]


def objections_of(session: Session, pupil_id: UUID, now: datetime) -> list[RegisteredObjection]:
    """Those in force first, then the lifted, each newest first."""
    asked = _lines(session).where(Objection.pupil_id == pupil_id)
    lines = _read(session, asked.order_by(Objection.at.desc()), now)
    return sorted(lines, key=lambda line: line.lifted_at is not None)


def read_register(
    session: Session,
    *,
    scope: ObjectionScope | None = None,
    standing: Standing | None = None,
    page: int = 1,
    now: datetime,
) -> RegisterPage:
    """Newest first; the page asked for, or the nearest there is."""
    wanted = _narrowed(scope, standing)
    counted = select(func.count()).select_from(Objection).join(Pupil, _its_pupil())
    total = session.scalar(counted.where(*_here(session), *wanted)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    asked = (
        _lines(session)
        .where(*wanted)
        .order_by(Objection.at.desc(), Objection.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return RegisterPage(_read(session, asked, now), total, page, pages)


def passed_to_pupils(session: Session, now: datetime) -> list[RegisteredObjection]:
    """A parent's objections in force whose pupil is 16 by now, the latest birthday first.

    They stay here until the pupil has said whether they stand.
    """
    asked = _lines(session).where(
        Objection.instructed_by == Instructor.PARENT, *_narrowed(None, Standing.IN_FORCE)
    )
    lines = _read(session, asked.order_by(Pupil.date_of_birth.desc(), Objection.id), now)
    return [line for line in lines if line.right is not None and line.right.has_passed]


def count_objections(session: Session) -> list[ScopeCount]:
    """One line a scope, whether or not anybody objected."""
    is_lifted = Objection.lifted_at.is_not(None)
    rows = session.execute(
        select(Objection.scope, is_lifted, func.count())
        .join(Pupil, _its_pupil())
        .where(*_here(session))
        .group_by(Objection.scope, is_lifted)
    )
    found = {(scope, lifted): count for scope, lifted, count in rows}
    return [
        ScopeCount(scope, found.get((scope, False), 0), found.get((scope, True), 0))
        for scope in ObjectionScope
    ]


def _here(session: Session) -> tuple[ColumnElement[bool], ...]:
    """An erased pupil has no line: nothing of theirs is shared with anybody."""
    return Objection.school_id == school_of(session), Pupil.erased_at.is_(None)


def _narrowed(scope: ObjectionScope | None, standing: Standing | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if scope is not None:
        wanted.append(Objection.scope == scope)
    if standing is not None:
        is_open = Objection.lifted_at.is_(None)
        wanted.append(is_open if standing is Standing.IN_FORCE else ~is_open)
    return wanted


def _its_pupil() -> ColumnElement[bool]:
    return and_(Pupil.school_id == Objection.school_id, Pupil.id == Objection.pupil_id)


def _lines(session: Session) -> Select[Objection, Pupil, str, str]:
    return (
        select(Objection, Pupil, _Recorder.name.label("recorder"), _Lifter.name.label("lifter"))
        .join(Pupil, _its_pupil())
        .outerjoin(
            _Recorder,
            and_(_Recorder.school_id == Objection.school_id, _Recorder.id == Objection.staff_id),
        )
        .outerjoin(
            _Lifter,
            and_(_Lifter.school_id == Objection.school_id, _Lifter.id == Objection.lifted_staff_id),
        )
        .where(*_here(session))
    )


def _read(
    session: Session, asked: Select[Objection, Pupil, str, str], now: datetime
) -> list[RegisteredObjection]:
    today = london_date(now)
    return [
        _line(objection, pupil, recorder, lifter, today)
        for objection, pupil, recorder, lifter in session.execute(asked)
    ]


def _line(
    objection: Objection, pupil: Pupil, recorder: str | None, lifter: str | None, today: date
) -> RegisteredObjection:
    is_lifted = objection.lifted_at is not None
    right = right_of(objection.instructed_by, pupil.date_of_birth, today)
    by_whom = "The pupil, by their link" if objection.made_by == "student" else "The operator"
    return RegisteredObjection(
        pupil_id=pupil.id,
        pupil_name=pupil.full_name,
        year=pupil.year,
        scope=objection.scope,
        instructed_by=objection.instructed_by,
        instructed_on=objection.instructed_on or london_date(objection.at),
        evidence=objection.evidence,
        recorded_by=recorder or by_whom,
        recorded_at=objection.at,
        right=None if is_lifted else right,
        lifted_at=objection.lifted_at,
        lifted_by=objection.lifted_by,
        lifted_evidence=objection.lifted_evidence,
        lift_recorded_by=(lifter or "The operator") if is_lifted else None,
    )
