"""For whom slips are asked for: all, a school year or a group, and whether mail has reached them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from outreach.campaigns.views.by_group import WITHOUT_GROUP
from outreach.campaigns.views.narrowing import Filter, is_in_chosen, known_filter
from outreach.database import school_of
from outreach.pupils.groups import GroupName
from outreach.pupils.models import Pupil, RosterGroup

UNREACHED = "unreached"
YEAR = "year:"


@dataclass(frozen=True)
class Asked:
    """`group` is a group's key, `year:10`, or empty for all; `who` is `unreached`, or empty."""

    group: str
    who: str

    @classmethod
    def read(cls, group: str, who: str) -> Asked:
        """What an old or made-up address asks for is read as a group that nobody is in, or as all."""
        group = group.replace("\0", "")
        if _year_in(group) is None:
            group = known_filter(Filter(group=group)).group
        return cls(group, who if who == UNREACHED else "")

    @property
    def is_unreached(self) -> bool:
        return self.who == UNREACHED

    def is_in(self, today: date) -> ColumnElement[bool] | None:
        """Over Pupil; None for all."""
        year = _year_in(self.group)
        if year is not None:
            return Pupil.year == year
        return is_in_chosen(self.group, today) if self.group else None

    def noted(self, session: Session) -> dict[str, str | int | bool | list[str]]:
        """For the audit, by ids: a group's name may hold a teacher's."""
        year = _year_in(self.group)
        if year is not None:
            return {"year": year, "unreached_only": self.is_unreached}
        if self.group in {"", WITHOUT_GROUP}:
            whom = "without_group" if self.group else "all"
            return {"group": whom, "unreached_only": self.is_unreached}
        name = GroupName.read(self.group)
        found = select(RosterGroup.id).where(
            RosterGroup.school_id == school_of(session),
            RosterGroup.kind == name.kind,
            RosterGroup.name == name.name,
        )
        ids = [str(one) for one in session.scalars(found)]
        return {"group": name.kind.value, "group_ids": ids, "unreached_only": self.is_unreached}


def year_key(year: int) -> str:
    return f"{YEAR}{year}"


def _year_in(key: str) -> int | None:
    """A year of school has two digits at most."""
    typed = key.removeprefix(YEAR)
    is_year = key.startswith(YEAR) and typed.isascii() and typed.isdecimal() and len(typed) <= 2
    return int(typed) if is_year else None
