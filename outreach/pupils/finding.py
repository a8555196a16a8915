"""Finding pupils of the school: one by an identifier, or a page of the list."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.gate import Reason, gate
from outreach.pupils.groups import is_in_registration_group, is_member_on, registration_group
from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup

PAGE_SIZE = 50

LONGEST_SEARCH, MOST_WORDS = 100, 6
"""As much of a search as is looked at: each word costs a pass over the roster."""


@dataclass(frozen=True)
class ListedPupil:
    """A line of the list. `reason` is why they cannot be mailed, or None if they can."""

    id: UUID
    name: str
    year: int
    group: str | None
    reason: Reason | None


@dataclass(frozen=True)
class PupilPage:
    pupils: list[ListedPupil]
    total: int
    page: int
    pages: int


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


def get_pupil(session: Session, pupil_id: UUID) -> Pupil:
    """Raise NotFound unless the pupil is of this school."""
    here = (Pupil.school_id == school_of(session), Pupil.id == pupil_id)
    pupil = session.scalar(select(Pupil).where(*here))
    if pupil is None:
        raise NotFound("There is no such pupil on this school's roster.")
    return pupil


def list_pupils(
    session: Session,
    *,
    year: int | None = None,
    group: str | None = None,
    search: str = "",
    page: int = 1,
    now: datetime,
) -> PupilPage:
    """One page by surname. `search` is part of a name, or a whole UPN or MIS ID."""
    today = london_date(now)
    here = _narrowed(session, year, group, search, today)
    total = session.scalar(select(func.count()).select_from(Pupil).where(*here)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    rows = session.execute(
        gate(at=now)
        .add_columns(Pupil, registration_group(today).label("group"))
        .where(*here)
        .order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    pupils = [
        ListedPupil(row.pupil_id, row.Pupil.full_name, row.Pupil.year, row.group, row.reason)
        for row in rows
    ]
    return PupilPage(pupils, total, page, pages)


def years_of(session: Session) -> list[int]:
    here = Pupil.school_id == school_of(session)
    return list(session.scalars(select(Pupil.year).where(here).distinct().order_by(Pupil.year)))


def groups_of(session: Session, now: datetime) -> list[str]:
    """Registration groups that have a pupil in them."""
    has_members = exists(GroupMember).where(is_member_on(london_date(now)))
    return list(
        session.scalars(
            select(RosterGroup.name)
            .where(
                RosterGroup.school_id == school_of(session),
                RosterGroup.kind == GroupKind.REGISTRATION,
                has_members,
            )
            .order_by(RosterGroup.name)
        )
    )


def _narrowed(
    session: Session, year: int | None, group: str | None, search: str, today: date
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Pupil.school_id == school_of(session)]
    if year is not None:
        conditions.append(Pupil.year == year)
    if group:
        conditions.append(_is_in_group(group, today))
    for word in search[:LONGEST_SEARCH].split()[:MOST_WORDS]:
        conditions.append(_matches(word))
    return conditions


def _matches(word: str) -> ColumnElement[bool]:
    return or_(
        Pupil.forename.icontains(word, autoescape=True),
        Pupil.preferred_forename.icontains(word, autoescape=True),
        Pupil.surname.icontains(word, autoescape=True),
        Pupil.upn == word.upper(),
        Pupil.mis_id == word,
    )


def _is_in_group(name: str, today: date) -> ColumnElement[bool]:
    return exists().where(is_in_registration_group(today), RosterGroup.name == name)
