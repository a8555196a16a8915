"""Finding pupils of the school: one by an identifier, or a page of the list."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.gate import diagnosis, gate
from outreach.pupils.groups import (
    GroupName,
    is_in_any,
    is_in_group,
    natural_order,
    registration_group,
)
from outreach.pupils.models import GroupKind, Pupil, RosterGroup
from outreach.pupils.reach.why import Why
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.pupils.viewing import WHOLE_SCHOOL

PAGE_SIZE = 50

LONGEST_SEARCH, MOST_WORDS = 100, 6
"""As much of a search as is looked at: each word costs a pass over the roster."""


@dataclass(frozen=True)
class ListedPupil:
    """A line of the list. `why` they cannot be mailed, or None if they can."""

    id: UUID
    name: str
    year: int
    group: str | None
    why: Why | None


@dataclass(frozen=True)
class PupilPage:
    pupils: list[ListedPupil]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class GroupHere:
    """A group and how many pupils of the roster are in it today."""

    group: GroupName
    pupils: int


def find_pupil(session: Session, *, upn: str | None = None, mis_id: str | None = None) -> Pupil:
    """Raise NotFound unless the school's roster has the pupil; give one identifier or both."""
    if upn is None and mis_id is None:
        raise NotFound("Give a UPN or a MIS ID to find a pupil by.")
    query = select(Pupil).where(Pupil.school_id == school_of(session))
    if upn is not None:
        query = query.where(Pupil.upn == upn.strip().upper())
    if mis_id is not None:
        query = query.where(Pupil.mis_id == mis_id.strip())
    pupil = session.scalar(query)
    if pupil is None:
        raise NotFound("There is no such pupil on this school's roster. Check the identifier.")
    return pupil


def get_pupil(
    session: Session, pupil_id: UUID, *, seen: ColumnElement[bool] = WHOLE_SCHOOL
) -> Pupil:
    """Raise NotFound unless the pupil is of this school, not erased, and the reader may see them."""
    is_held = Pupil.erased_at.is_(None)
    here = (Pupil.school_id == school_of(session), Pupil.id == pupil_id, is_held, seen)
    pupil = session.scalar(select(Pupil).where(*here))
    if pupil is None:
        raise NotFound("There is no such pupil on this school's roster.")
    return pupil


def list_pupils(
    session: Session,
    *,
    year: int | None = None,
    group: GroupName | None = None,
    search: str = "",
    page: int = 1,
    now: datetime,
    seen: ColumnElement[bool],
) -> PupilPage:
    """One page by surname. `search` is part of a name, or a whole UPN or MIS ID."""
    today = london_date(now)
    here = [seen, *_narrowed(session, year, group, search, today)]
    listed = (
        gate(at=now)
        .add_columns(Pupil, registration_group(today).label("group"), *diagnosis())
        .where(*here)
        .order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
        .limit(PAGE_SIZE)
    )
    with joining_whole_roster(session):
        total = session.scalar(select(func.count()).select_from(Pupil).where(*here)) or 0
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(page, 1), pages)
        rows = session.execute(listed.offset((page - 1) * PAGE_SIZE)).all()
    pupils = [
        ListedPupil(
            id=row.pupil_id,
            name=row.Pupil.full_name,
            year=row.Pupil.year,
            group=row.group,
            why=Why.read(row.reason, row.detail) if row.reason else None,
        )
        for row in rows
    ]
    return PupilPage(pupils, total, page, pages)


def is_reference(search: str) -> bool:
    """Whether it is meant as the reference of a response, which no part of a name looks like."""
    return search.strip().upper().startswith(("FSQ-", "FSQ "))


def years_of(session: Session, seen: ColumnElement[bool]) -> list[int]:
    here = (Pupil.school_id == school_of(session), Pupil.erased_at.is_(None), seen)
    return list(session.scalars(select(Pupil.year).where(*here).distinct().order_by(Pupil.year)))


def groups_here(session: Session, now: datetime, seen: ColumnElement[bool]) -> list[GroupHere]:
    """Groups with a pupil in them who is here: registration groups first, then 9A before 10A."""
    today = london_date(now)
    counted = (
        select(RosterGroup.kind, RosterGroup.name, func.count())
        .where(
            RosterGroup.school_id == school_of(session),
            is_in_group(today),
            *is_here(today),
            seen,
        )
        .group_by(RosterGroup.kind, RosterGroup.name)
    )
    with joining_whole_roster(session):
        rows = session.execute(counted).all()
    found = [GroupHere(GroupName(kind, name), count) for kind, name, count in rows]
    kinds = list(GroupKind)
    return sorted(
        found, key=lambda one: (kinds.index(one.group.kind), natural_order(one.group.name))
    )


def is_here(today: date) -> tuple[ColumnElement[bool], ...]:
    """Over Pupil: on the roster, neither left nor missing."""
    return (
        or_(Pupil.leaving_date.is_(None), Pupil.leaving_date > today),
        Pupil.missing_since.is_(None),
        Pupil.erased_at.is_(None),
    )


def _narrowed(
    session: Session, year: int | None, group: GroupName | None, search: str, today: date
) -> list[ColumnElement[bool]]:
    """An erased pupil is no line of a list: there is nothing left to show."""
    conditions = [Pupil.school_id == school_of(session), Pupil.erased_at.is_(None)]
    if year is not None:
        conditions.append(Pupil.year == year)
    if group is not None:
        conditions.append(is_in_any([group], today))
    conditions += [_matches(word) for word in search[:LONGEST_SEARCH].split()[:MOST_WORDS]]
    return conditions


def _matches(word: str) -> ColumnElement[bool]:
    return or_(
        Pupil.forename.icontains(word, autoescape=True),
        Pupil.preferred_forename.icontains(word, autoescape=True),
        Pupil.surname.icontains(word, autoescape=True),
        Pupil.upn == word.upper(),
        Pupil.mis_id == word,
    )
