"""Who cannot be emailed, by name: lists for those who work with pupils, and the work list to take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Response, render_template, request, url_for

from outreach import audit, web
from outreach.errors import NotFound
from outreach.pupils.groups import KIND_WORDS, GroupName
from outreach.pupils.models import GroupKind
from outreach.pupils.reach.reasons import Mender
from outreach.pupils.reach.unreachable import (
    Narrowed,
    UnreachablePage,
    everybody_unreachable,
    unreachable_page,
)
from outreach.pupils.reach.why import KNOWN
from outreach.pupils.reach.work_list import write_work_list
from outreach.pupils.viewing import may_read_why, seen_here
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

MAY_READ_NAMES = (Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
MAY_TAKE_LIST = (Role.ADMIN, Role.CAREERS_LEADER)

FILTERS = ("why", "mender", "year", "group", "no_group_of")
FILTERS_OF_VIEWERS = ("year", "group", "no_group_of")
MENDERS = {mender.key: mender for mender in Mender}

T = TypeVar("T")


@dataclass(frozen=True)
class UnreachableView:
    """`title` says what the list is narrowed to; `shows_fault`: to those who keep the roster;
    `shows_why`: to all but viewers, who narrow by neither reason nor mender.
    """

    title: str
    mender: Mender | None
    to_do: str | None
    listed: UnreachablePage
    shows_why: bool
    shows_fault: bool
    pages_href: str


@room.get("/staff/reach/pupils")
@staff_page(*MAY_READ_NAMES)
def list_unreachable() -> str:
    filters = FILTERS if may_read_why() else FILTERS_OF_VIEWERS
    given = {name: request.args.get(name, "").replace("\0", "") for name in filters}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value}
    narrowed = _narrowed(asked)
    page = request.args.get("page", 1, type=int)
    return render_template(
        "staff/pupils/reach_pupils.html",
        page=UnreachableView(
            title=_title(narrowed),
            mender=narrowed.why.mender if narrowed.why else narrowed.mender,
            to_do=narrowed.why.to_do if narrowed.why else None,
            listed=unreachable_page(web.db(), narrowed, page, web.now(), seen_here()),
            shows_why=may_read_why(),
            shows_fault=signed_in().role in MAY_TAKE_LIST,
            pages_href=url_for("pupils.list_unreachable", **asked, page=""),
        ),
    )


@room.get("/staff/reach/work-list.csv")
@staff_page(*MAY_TAKE_LIST)
def download_work_list() -> Response:
    """A GET that leaves one audit row and changes nothing else: Law 3 is about students' links."""
    key = request.args.get("mender", "")
    rows = everybody_unreachable(web.db(), _known(MENDERS, key), web.now())
    audit.record(
        web.db(),
        web.now(),
        signed_in().actor,
        "reach.exported",
        "school",
        signed_in().school_id,
        mender=key or "anybody",
        pupils=len(rows),
    )
    answer = Response(write_work_list(rows), mimetype="text/csv")
    name = f"who-can-be-emailed-{key.replace('_', '-') or 'all'}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _narrowed(asked: Mapping[str, str]) -> Narrowed:
    """NotFound for what an old or made-up address names and does not exist."""
    year = asked.get("year", "")
    return Narrowed(
        why=_known(KNOWN, asked.get("why")),
        mender=_known(MENDERS, asked.get("mender")),
        year=int(year) if year.isdecimal() and len(year) <= 2 else None,
        group=GroupName.read(asked["group"]) if "group" in asked else None,
        no_group_of=_known({kind.value: kind for kind in GroupKind}, asked.get("no_group_of")),
    )


def _known(known: Mapping[str, T], key: str | None) -> T | None:
    if not key:
        return None
    if key not in known:
        raise NotFound("There is no such list. Choose one on the page “Who can be emailed”.")
    return known[key]


def _title(narrowed: Narrowed) -> str:
    said = []
    if narrowed.year is not None:
        said.append(f"Year {narrowed.year}")
    if narrowed.group is not None:
        said.append(narrowed.group.words)
    if narrowed.no_group_of is not None:
        said.append(f"in no {KIND_WORDS[narrowed.no_group_of].lower()}")
    where = f" ({', '.join(said)})" if said else ""
    return f"{narrowed.why.words if narrowed.why else 'Cannot be emailed'}{where}"
