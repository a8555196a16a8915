"""The staff of a school, for its administrators: list, add, role, one-time link, end."""

from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.schools.access import home_of, signed_in, staff_page
from outreach.schools.giving_links import GivenLink, give_link, welcome
from outreach.schools.models import Account, Role, StaffMember
from outreach.schools.staffing import (
    AlreadyMember,
    BadAddress,
    LastAdmin,
    NameMissing,
    add_staff,
    change_role,
    end_membership,
    list_staff,
    staff_member,
)
from outreach.schools.views.room import room
from outreach.schools.views.words import ROLE_WORDS

ROLE_OPTIONS = [(role.value, words.name, words.may) for role, words in ROLE_WORDS.items()]


@dataclass(frozen=True)
class MemberView:
    """One staff member as the pages show them."""

    id: UUID
    name: str
    email: str
    role: str
    role_name: str
    has_password: bool
    is_limited: bool
    is_you: bool


def _shown(member: StaffMember, account: Account) -> MemberView:
    return MemberView(
        id=member.id,
        name=member.name,
        email=account.email,
        role=member.role.value,
        role_name=ROLE_WORDS[member.role].name,
        has_password=account.password_hash is not None,
        is_limited=member.is_limited,
        is_you=member.id == signed_in().staff_id,
    )


def _member_view(member: StaffMember) -> MemberView:
    return _shown(member, web.db().get_one(Account, member.account_id))


@room.get("/staff/school/staff")
@staff_page(Role.ADMIN)
def show_staff() -> ResponseReturnValue:
    members = [_shown(member, member.account) for member in list_staff(web.db())]
    return render_template("staff/schools/staff.html", members=members)


@room.get("/staff/school/staff/add")
@staff_page(Role.ADMIN)
def add_member() -> ResponseReturnValue:
    return _add_form({}, {})


@room.post("/staff/school/staff/add")
@staff_page(Role.ADMIN)
def do_add_member() -> ResponseReturnValue:
    typed = {name: request.form.get(name, "").strip() for name in ("name", "email", "role")}
    errors: dict[str, str] = {}
    role = _role_of(typed["role"])
    if not typed["name"]:
        errors["name"] = "Enter the name of the staff member."
    if not typed["email"]:
        errors["email"] = "Enter their email address."
    if role is None:
        errors["role"] = "Choose what they may do."
    if errors or role is None:
        return _add_form(typed, errors), 400
    person = signed_in()
    try:
        member = add_staff(
            web.db(), typed["email"], typed["name"], role, web.now(), actor=person.actor
        )
    except NameMissing as refusal:
        return _add_form(typed, {"name": refusal.words}), 400
    except (BadAddress, AlreadyMember) as refusal:
        return _add_form(typed, {"email": refusal.words}), 400
    given = welcome(
        web.db(), web.parts().settings.public_url, member, web.now(), actor=person.actor
    )
    return _show_link(member, given, is_new=True)


def _role_of(text: str) -> Role | None:
    return Role(text) if text in {role.value for role in Role} else None


def _add_form(typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "staff/schools/add_staff.html", typed=typed, roles=ROLE_OPTIONS, errors=errors
    )


def _show_link(member: StaffMember, given: GivenLink, *, is_new: bool) -> str:
    """On the page that answers the button and nowhere else: a link is not kept in a cookie."""
    return render_template(
        "staff/schools/one_time_link.html",
        member=_member_view(member),
        given=given.given.value,
        kind=given.kind.value,
        link=given.link,
        is_new=is_new,
    )


@room.get("/staff/school/staff/<uuid:staff_id>")
@staff_page(Role.ADMIN)
def show_member(staff_id: UUID) -> ResponseReturnValue:
    return _member_page(staff_member(web.db(), staff_id), {})


def _member_page(member: StaffMember, errors: dict[str, str]) -> str:
    return render_template(
        "staff/schools/member.html", member=_member_view(member), roles=ROLE_OPTIONS, errors=errors
    )


@room.post("/staff/school/staff/<uuid:staff_id>/role")
@staff_page(Role.ADMIN)
def set_role(staff_id: UUID) -> ResponseReturnValue:
    member = staff_member(web.db(), staff_id)
    role = _role_of(request.form.get("role", ""))
    if role is None:
        return _member_page(member, {"role": "Choose what they may do."}), 400
    try:
        is_changed = change_role(web.db(), member, role, web.now(), actor=signed_in().actor)
    except LastAdmin as refusal:
        return _member_page(member, {"role": refusal.words}), 409
    if is_changed:
        flash(f"The role was changed to: {ROLE_WORDS[role].name}.", "success")
    is_you = member.id == signed_in().staff_id
    still_admin = role is Role.ADMIN or not is_you
    here = url_for("schools.show_staff")
    return redirect(here if still_admin else home_of(role), code=303)


@room.post("/staff/school/staff/<uuid:staff_id>/link")
@staff_page(Role.ADMIN)
def make_link(staff_id: UUID) -> ResponseReturnValue:
    member = staff_member(web.db(), staff_id)
    public_url = web.parts().settings.public_url
    given = give_link(web.db(), public_url, member, web.now(), actor=signed_in().actor)
    return _show_link(member, given, is_new=False)


@room.get("/staff/school/staff/<uuid:staff_id>/end")
@staff_page(Role.ADMIN)
def confirm_end(staff_id: UUID) -> ResponseReturnValue:
    return _end_page(staff_member(web.db(), staff_id), {})


def _end_page(member: StaffMember, errors: dict[str, str]) -> str:
    return render_template(
        "staff/schools/end_member.html", member=_member_view(member), errors=errors
    )


@room.post("/staff/school/staff/<uuid:staff_id>/end")
@staff_page(Role.ADMIN)
def do_end(staff_id: UUID) -> ResponseReturnValue:
    member = staff_member(web.db(), staff_id)
    try:
        end_membership(web.db(), member, web.now(), actor=signed_in().actor)
    except LastAdmin as refusal:
        return _end_page(member, {"": refusal.words}), 409
    flash("The membership has ended. That person can no longer sign in to this school.", "success")
    is_you = member.id == signed_in().staff_id
    return redirect(url_for("schools.sign_in" if is_you else "schools.show_staff"), code=303)
