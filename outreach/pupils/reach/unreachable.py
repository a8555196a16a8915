"""The pupils who cannot be emailed, by name: a page of them, or all whom somebody can help."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.finding import PAGE_SIZE
from outreach.pupils.groups import GroupName, is_in_any, members_of_kind, registration_groups
from outreach.pupils.models import GroupKind, Pupil
from outreach.pupils.reach.reaching import asked_for_reach
from outreach.pupils.reach.reasons import Mender, Reason
from outreach.pupils.reach.why import WHYS, Why
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.pupils.viewing import WHOLE_SCHOOL

_OF_ADDRESS = (Reason.INVALID_ADDRESS, Reason.SUPPRESSED)
"""Reasons that lie in the address itself."""


@dataclass(frozen=True)
class Narrowed:
    """What a list is narrowed to; None is no narrowing. `no_group_of`: in no group of that kind."""

    why: Why | None = None
    mender: Mender | None = None
    year: int | None = None
    group: GroupName | None = None
    no_group_of: GroupKind | None = None


@dataclass(frozen=True)
class Unreachable:
    """A pupil who cannot be mailed. `tried` is the address that is at fault, if it is one's fault."""

    pupil: Pupil
    group: str | None
    why: Why
    tried: str | None
    fault: str | None

    @property
    def words(self) -> str:
        return f"{self.why.words}. {self.fault}" if self.fault else self.why.words


@dataclass(frozen=True)
class UnreachablePage:
    rows: tuple[Unreachable, ...]
    total: int
    page: int
    pages: int


def unreachable_page(
    session: Session, narrowed: Narrowed, page: int, now: datetime, seen: ColumnElement[bool]
) -> UnreachablePage:
    """By surname."""
    query = _unreachable(session, narrowed, now, seen)
    found = query.with_only_columns(Pupil.id).subquery()
    with joining_whole_roster(session):
        total = session.scalar(select(func.count()).select_from(found)) or 0
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(page, 1), pages)
        rows = session.execute(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return UnreachablePage(tuple(_read(*row) for row in rows), total, page, pages)


def everybody_unreachable(
    session: Session, mender: Mender | None, now: datetime
) -> list[Unreachable]:
    """Everybody whom that mender can help; None is for all of whom anybody can. By surname."""
    query = _unreachable(session, Narrowed(mender=mender), now, WHOLE_SCHOOL)
    with joining_whole_roster(session):
        rows = [_read(*row) for row in session.execute(query)]
    return [one for one in rows if mender is not None or one.why.mender is not Mender.NOBODY]


def _unreachable(
    session: Session, narrowed: Narrowed, now: datetime, seen: ColumnElement[bool]
) -> Select[Any]:
    today = london_date(now)
    asked = asked_for_reach(now, seen).subquery("asked")
    conditions: list[ColumnElement[bool]] = [asked.c.reason.is_not(None)]
    if narrowed.why is not None:
        conditions.append(_is_because(asked, narrowed.why))
    if narrowed.mender is not None:
        theirs = [why for why in WHYS if why.mender is narrowed.mender]
        conditions.append(or_(false(), *(_is_because(asked, why) for why in theirs)))
    if narrowed.year is not None:
        conditions.append(asked.c.year == narrowed.year)
    if narrowed.group is not None:
        conditions.append(is_in_any([narrowed.group], today))
    if narrowed.no_group_of is not None:
        placed = members_of_kind(session, narrowed.no_group_of, today)
        conditions.append(Pupil.id.not_in(select(placed.c.pupil_id)))
    group = registration_groups(session, today)
    return (
        select(Pupil, group.c.name, asked.c.reason, asked.c.detail, asked.c.tried, asked.c.fault)
        .join(asked, asked.c.pupil_id == Pupil.id)
        .outerjoin(group, group.c.pupil_id == Pupil.id)
        .where(Pupil.school_id == school_of(session), *conditions)
        .order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
    )


def _is_because(asked: Any, why: Why) -> ColumnElement[bool]:
    """A reason without a detail stands for those of whom none is known that fits."""
    details = [one.detail.value for one in WHYS if one.reason is why.reason and one.detail]
    if why.detail is not None:
        fits = asked.c.detail == why.detail.value
    else:
        fits = or_(asked.c.detail.is_(None), asked.c.detail.not_in(details))
    return and_(asked.c.reason == why.reason, fits)


def _read(
    pupil: Pupil,
    group: str | None,
    reason: Any,
    detail: str | None,
    tried: str | None,
    fault: str | None,
) -> Unreachable:
    why = Why.read(reason, detail)
    is_of_address = why.reason in _OF_ADDRESS
    return Unreachable(
        pupil, group, why, tried if is_of_address else None, fault if is_of_address else None
    )
