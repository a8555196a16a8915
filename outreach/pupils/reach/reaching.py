"""Who can be emailed: the whole school counted by reason, by year and by group, in one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, Text, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.pupils.gate import Reason, diagnosis, gate
from outreach.pupils.groups import members_of_kind, natural_order
from outreach.pupils.models import GroupKind, Pupil
from outreach.pupils.reach.reasons import Mender
from outreach.pupils.reach.why import WHYS, Why
from outreach.pupils.roster.whole_roster import joining_whole_roster


@dataclass(frozen=True)
class Reach:
    """pupils = mailable + the sum of `whys`, always. In the order in which the gate asks."""

    pupils: int
    mailable: int
    whys: Mapping[Why, int]

    @classmethod
    def counted(cls, counts: Mapping[Why | None, int]) -> "Reach":
        """None stands for those who can be mailed."""
        whys = {why: counts[why] for why in WHYS if counts.get(why)}
        mailable = counts.get(None, 0)
        return cls(mailable + sum(whys.values()), mailable, whys)

    @property
    def not_mailable(self) -> int:
        return self.pupils - self.mailable

    @property
    def menders(self) -> dict[Mender, int]:
        """How many pupils wait for each, the most first; nobody's come last."""
        of = {one: sum(n for why, n in self.whys.items() if why.mender is one) for one in Mender}
        found = [one for one in of if of[one]]
        return {one: of[one] for one in sorted(found, key=lambda m: (m is Mender.NOBODY, -of[m]))}


@dataclass(frozen=True)
class SchoolReach:
    """`groups` are of one kind; a pupil may be in several of them, or in none (the key None)."""

    whole: Reach
    years: Mapping[int, Reach]
    groups: Mapping[str | None, Reach]


_Counts = dict[Why | None, int]


def count_reach(
    session: Session, kind: GroupKind, now: datetime, seen: ColumnElement[bool]
) -> SchoolReach:
    """One statement over the gate. Erased pupils are nobody; leavers count, as nobody's to mend."""
    asked = asked_for_reach(now, seen).cte("asked")
    years = _counted(asked, literal("year"), cast(asked.c.year, Text))
    place = members_of_kind(session, kind, london_date(now))
    groups = _counted(asked, literal("group"), place.c.name).select_from(
        asked.outerjoin(place, place.c.pupil_id == asked.c.pupil_id)
    )
    found: dict[tuple[str, str | None], _Counts] = {}
    with joining_whole_roster(session):
        for part, name, reason, detail, count in session.execute(union_all(years, groups)):
            counts = found.setdefault((part, name), {})
            why = Why.read(Reason(reason), detail) if reason else None
            counts[why] = counts.get(why, 0) + count
    of_years = {int(name or 0): of for (part, name), of in found.items() if part == "year"}
    of_groups = {name: of for (part, name), of in found.items() if part == "group"}
    return SchoolReach(
        whole=Reach.counted(_summed(of_years)),
        years={year: Reach.counted(of_years[year]) for year in sorted(of_years)},
        groups={
            name: Reach.counted(of_groups[name])
            for name in sorted(of_groups, key=lambda one: (one is None, natural_order(one or "")))
        },
    )


def asked_for_reach(now: datetime, seen: ColumnElement[bool]) -> Select[Any]:
    """`pupil_id, year, reason, detail, tried, fault` of everybody the reader may see."""
    return (
        gate(at=now)
        .add_columns(Pupil.year.label("year"), *diagnosis())
        .where(Pupil.erased_at.is_(None), seen)
    )


def _counted(asked: CTE, part: ColumnElement[str], name: ColumnElement[Any]) -> Select[Any]:
    reason = cast(asked.c.reason, Text)
    return select(part, name, reason, asked.c.detail, func.count()).group_by(
        name, reason, asked.c.detail
    )


def _summed(of_years: Mapping[int, _Counts]) -> _Counts:
    whole: _Counts = {}
    for counts in of_years.values():
        for why, count in counts.items():
            whole[why] = whole.get(why, 0) + count
    return whole
