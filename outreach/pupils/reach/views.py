"""“Who can be emailed”: counts by reason, year and group, for every role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for

from outreach import web
from outreach.pupils.groups import KIND_WORDS, GroupName
from outreach.pupils.models import GroupKind
from outreach.pupils.reach.reaching import Reach, SchoolReach, count_reach
from outreach.pupils.reach.unreachable_views import MAY_READ_NAMES, MAY_TAKE_LIST
from outreach.pupils.reach.why import Why
from outreach.pupils.viewing import is_reader_limited, may_read_why, seen_here
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page


@dataclass(frozen=True)
class ReachRow:
    """A year or a group. `href` leads to its pupils who cannot be mailed, for who may read names."""

    label: str
    reach: Reach
    href: str | None


@dataclass(frozen=True)
class ReachView:
    whole: Reach
    years: tuple[ReachRow, ...]
    groups: tuple[ReachRow, ...]
    kind: GroupKind
    kinds: tuple[tuple[str, str], ...]
    may_read_names: bool
    may_read_why: bool
    may_take_list: bool
    is_limited: bool
    at: datetime

    @property
    def whys(self) -> list[Why]:
        """The reasons that somebody has, which are the columns of every table."""
        return list(self.whole.whys)


@room.get("/staff/reach")
@staff_page()
def show_reach() -> str:
    role = signed_in().role
    kind = _kind(request.args.get("groups", ""))
    counted = count_reach(web.db(), kind, web.now(), seen_here())
    may_read_names = role in MAY_READ_NAMES
    years, groups = _rows(counted, kind, may_read_names=may_read_names)
    return render_template(
        "staff/pupils/reach.html",
        page=ReachView(
            whole=counted.whole,
            years=years,
            groups=groups,
            kind=kind,
            kinds=tuple((one.value, f"{words}s") for one, words in KIND_WORDS.items()),
            may_read_names=may_read_names,
            may_read_why=may_read_why(),
            may_take_list=role in MAY_TAKE_LIST,
            is_limited=is_reader_limited(),
            at=web.now(),
        ),
    )


def _kind(value: str) -> GroupKind:
    known = {kind.value: kind for kind in GroupKind}
    return known.get(value, GroupKind.REGISTRATION)


def _rows(
    counted: SchoolReach, kind: GroupKind, *, may_read_names: bool
) -> tuple[tuple[ReachRow, ...], tuple[ReachRow, ...]]:
    """The years, and the groups of the kind."""

    def row(label: str, reach: Reach, **narrowed: Any) -> ReachRow:
        is_link = may_read_names and reach.not_mailable
        where = url_for("pupils.list_unreachable", **narrowed) if is_link else None
        return ReachRow(label, reach, where)

    years = [row(f"Year {one}", reach, year=str(one)) for one, reach in counted.years.items()]
    groups = [
        row(name, reach, group=GroupName(kind, name).key)
        if name
        else row("In none", reach, no_group_of=kind.value)
        for name, reach in counted.groups.items()
    ]
    return tuple(years), tuple(groups)
