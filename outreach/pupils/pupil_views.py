"""The list of pupils, finding one by name, and confirming that an address is right."""

from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.pupils.finding import (
    ListedPupil,
    PupilPage,
    get_pupil,
    groups_here,
    is_reference,
    list_pupils,
    years_of,
)
from outreach.pupils.groups import GroupName
from outreach.pupils.suppressing import take_back_wrong_person
from outreach.pupils.viewing import is_reader_limited, may_read_why, seen_here
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

MAY_LIST = (Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
MAY_CONFIRM_ADDRESS = (Role.ADMIN, Role.CAREERS_LEADER)


@dataclass(frozen=True)
class PupilListPage:
    """`is_limited`: the reader sees the pupils of some groups only; `shows_why`: why no mail."""

    listed: PupilPage
    years: list[tuple[str, str]]
    groups: list[tuple[str, str]]
    year: str
    group: str
    search: str
    pages_href: str
    is_limited: bool
    shows_why: bool

    @property
    def pupils(self) -> list[ListedPupil]:
        return self.listed.pupils


@room.get("/staff/pupils")
@staff_page(*MAY_LIST)
def list_all() -> ResponseReturnValue:
    return _list(request.args.get("year", ""), request.args.get("group", ""))


@room.post("/staff/pupils")
@staff_page(*MAY_LIST)
def search() -> ResponseReturnValue:
    """A form that changes nothing, and a POST all the same: a URL must not hold a pupil's name."""
    form = request.form
    if signed_in().role is not Role.VIEWER and is_reference(form.get("search", "")):
        return redirect(url_for("profiles.find_by_reference"), code=307)  # the form goes with it
    return _list(form.get("year", ""), form.get("group", ""), form.get("search", "").strip())


@room.post("/staff/pupils/<uuid:pupil_id>/address")
@staff_page(*MAY_CONFIRM_ADDRESS)
def confirm_address(pupil_id: UUID) -> ResponseReturnValue:
    """Staff have checked the address that somebody said is not this pupil's."""
    pupil = get_pupil(web.db(), pupil_id)
    by = signed_in().staff_id
    if take_back_wrong_person(web.db(), pupil.id, web.now(), staff_id=by):
        flash("Mail may go to that address again.", "success")
    return redirect(url_for("profiles.show_pupil", pupil_id=pupil.id), code=303)


def _list(year: str, group: str, search: str = "") -> str:
    session, seen = web.db(), seen_here()
    group = GroupName.read(group).key if group else ""
    groups = {one.group.key: one.group for one in groups_here(session, web.now(), seen)}
    listed = list_pupils(
        session,
        year=int(year) if year.isdecimal() and len(year) <= 2 else None,
        group=groups.get(group),
        search=search.replace("\0", ""),
        page=request.args.get("page", 1, type=int),
        now=web.now(),
        seen=seen,
    )
    years = years_of(session, seen)
    page = PupilListPage(
        listed,
        years=[("", "All years"), *((str(each), f"Year {each}") for each in years)],
        groups=[("", "All groups"), *((key, one.words) for key, one in groups.items())],
        year=year,
        group=group,
        search=search,
        pages_href=url_for("pupils.list_all", year=year, group=group, page=""),
        is_limited=is_reader_limited(),
        shows_why=may_read_why(),
    )
    return render_template("staff/pupils/list.html", page=page)
