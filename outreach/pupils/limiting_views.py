"""The groups that a viewer is limited to: the page on which an administrator chooses them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.errors import NotFound, Refusal
from outreach.pupils.finding import groups_here
from outreach.pupils.groups import KIND_WORDS, GroupName, find_groups, natural_order
from outreach.pupils.limiting import limit_to_groups, show_whole_school
from outreach.pupils.models import GroupKind
from outreach.pupils.viewing import WHOLE_SCHOOL, groups_seen
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role, StaffMember
from outreach.schools.staffing import staff_member

WHOLE, SOME = "whole", "some"
REACHES = (
    (WHOLE, "The whole school"),
    (SOME, "Only pupils of the groups chosen below", "Today’s members, whoever they are each day."),
)


@dataclass(frozen=True)
class KindChoices:
    """The groups of one kind as checkboxes take them; `field` is their name in the form."""

    field: str
    words: str
    options: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class LimitingPage:
    staff_id: UUID
    name: str
    sees: str
    kinds: tuple[KindChoices, ...]
    chosen: Collection[str]
    errors: dict[str, str]

    @property
    def reaches(self) -> tuple[tuple[str, ...], ...]:
        return REACHES


@room.get("/staff/school/staff/<uuid:staff_id>/groups")
@staff_page(Role.ADMIN)
def ask_groups(staff_id: UUID) -> str:
    member = _viewer(staff_id)
    chosen = [GroupName.of(group).key for group in groups_seen(web.db(), member.id)]
    return _page(member, SOME if member.is_limited else WHOLE, chosen, {})


@room.post("/staff/school/staff/<uuid:staff_id>/groups")
@staff_page(Role.ADMIN)
def choose_groups(staff_id: UUID) -> ResponseReturnValue:
    member = _viewer(staff_id)
    sees = request.form.get("sees", "")
    chosen = [key for kind in GroupKind for key in request.form.getlist(kind.value)]
    by = signed_in().actor
    if sees not in (WHOLE, SOME):
        return _page(member, sees, chosen, {"sees": "Choose what they may see."}), 400
    try:
        if sees == WHOLE:
            show_whole_school(web.db(), member, web.now(), actor=by)
        else:
            groups = find_groups(web.db(), chosen)
            limit_to_groups(web.db(), member, groups, web.now(), actor=by)
    except Refusal as refusal:
        return _page(member, sees, chosen, {"sees": refusal.words}), 400
    flash("What this viewer sees was saved. It holds from their next click.", "success")
    return redirect(url_for("schools.show_member", staff_id=staff_id), code=303)


def _viewer(staff_id: UUID) -> StaffMember:
    member = staff_member(web.db(), staff_id)
    if member.role is not Role.VIEWER:
        raise NotFound("Only a viewer can be limited to groups. Other roles see the whole school.")
    return member


def _page(member: StaffMember, sees: str, chosen: Collection[str], errors: dict[str, str]) -> str:
    page = LimitingPage(member.id, member.name, sees, _choices(member), chosen, errors)
    return render_template("staff/pupils/viewer_groups.html", page=page)


def _choices(member: StaffMember) -> tuple[KindChoices, ...]:
    """Groups with somebody in them, and those that were chosen before."""
    counts = {one.group: one.pupils for one in groups_here(web.db(), web.now(), WHOLE_SCHOOL)}
    for group in groups_seen(web.db(), member.id):
        counts.setdefault(GroupName.of(group), 0)
    names = sorted(counts, key=lambda one: natural_order(one.name))
    return tuple(
        KindChoices(
            field=kind.value,
            words=f"{words}s",
            options=tuple(
                (one.key, one.name, _pupils(counts[one])) for one in names if one.kind is kind
            ),
        )
        for kind, words in KIND_WORDS.items()
    )


def _pupils(count: int) -> str:
    if not count:
        return "nobody today"
    return f"{count} pupil" if count == 1 else f"{count} pupils"
