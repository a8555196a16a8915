"""Who may see a page: roles on staff pages, reasons on public ones, and the navigation each gets.

Every staff view is marked with `staff_roles` and every other with `public_reason`, so that a test
can list them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, flash, g, get_flashed_messages, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.audit import Actor, staff_actor
from outreach.errors import NotAllowed
from outreach.schools.models import Account, Role
from outreach.schools.sessions import find_session
from outreach.schools.signing_in import SignIn, membership_in

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, ResponseReturnValue]

COOKIE_KEY = "staff"
CHOICE_KEY = "has_choice"
SCHOOLS = "/staff/schools"
SHARING = "/staff/sharing"
SAFEGUARDING = "/staff/safeguarding"


@dataclass(frozen=True)
class SignedIn:
    """The staff member behind this request, in the school they are signed in to."""

    staff_id: UUID
    account_id: UUID
    school_id: UUID
    school_name: str
    name: str
    role: Role

    @property
    def actor(self) -> Actor:
        return staff_actor(self.staff_id)


def signed_in() -> SignedIn:
    """Who asks; only inside a view under `@staff_page`."""
    return cast(SignedIn, g.signed_in)


def staff_page(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Let these roles in (none named: every role) and enter their school before the view runs."""
    permitted = frozenset(roles or Role)

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            person = recognise()
            if person is None:
                return _ask_to_sign_in()
            if person.role not in permitted:
                raise NotAllowed("Your role at this school does not include this page.")
            return view(*args, **kwargs)

        checked.staff_roles = permitted  # type: ignore[attr-defined]
        return checked

    return decorate


def public_page(reason: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view that anybody may open, and say why."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.public_reason = reason  # type: ignore[attr-defined]
        return view

    return mark


def staff_roles(view: Callable[..., Any]) -> frozenset[Role]:
    """The roles a view lets in; empty where it is no staff page."""
    roles: frozenset[Role] = getattr(view, "staff_roles", frozenset())
    return roles


def public_reason(view: Callable[..., Any]) -> str:
    """Why a view may be opened by anybody; empty where it was not marked."""
    return str(getattr(view, "public_reason", ""))


def recognise() -> SignedIn | None:
    """The staff member whose cookie this is, if their session and membership have not ended."""
    if "signed_in" in g:
        return cast(SignedIn, g.signed_in)
    secret = session.get(COOKIE_KEY)
    if not isinstance(secret, str):
        return None
    found = find_session(web.db(), secret, web.now())
    if found is None:
        return None
    account = web.db().get_one(Account, found.account_id)
    membership = membership_in(web.db(), account, found.school_id)
    if membership is None:
        return None
    g.signed_in = SignedIn(
        staff_id=membership.staff_id,
        account_id=account.id,
        school_id=membership.school_id,
        school_name=membership.school_name,
        name=membership.name,
        role=membership.role,
    )
    return signed_in()


def _ask_to_sign_in() -> ResponseReturnValue:
    """A browser that was signed in keeps nothing of that: no word meant for an earlier person."""
    if COOKIE_KEY in session:
        web.start_fresh_session()
        flash("You were signed out, because nothing happened for an hour or your access changed.")
    if request.method == "GET":
        return redirect(url_for("schools.sign_in", next=request.full_path.rstrip("?")))
    return redirect(url_for("schools.sign_in"), code=303)


def let_in(sign_in: SignIn) -> None:
    """Put a new sign-in into a fresh cookie: what an earlier person left is not carried over."""
    web.start_fresh_session()
    session[COOKIE_KEY] = sign_in.secret
    if sign_in.has_choice:
        session[CHOICE_KEY] = True


def cookie_secret() -> str:
    """The secret of this browser's sign-in; empty where there is none."""
    return str(session.get(COOKIE_KEY, ""))


def own_path(wanted: str | None) -> str | None:
    r"""A path of this service's staff pages, or None: never `//host`, `/\host` or another site."""
    if not wanted or not wanted.startswith("/staff/") or not wanted.isprintable():
        return None
    if "\\" in wanted or " " in wanted:
        return None
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith("/staff/sign-"):
        return None
    return wanted


def home_of(role: Role) -> str:
    """Where a person of this role begins work."""
    homes = {
        Role.IT: "/staff/it-team",
        Role.DATA_PROTECTION: SHARING,
        Role.SAFEGUARDING: SAFEGUARDING,
    }
    return homes.get(role, "/staff/")


_A, _C, _V, _D, _I, _S = (
    Role.ADMIN,
    Role.CAREERS_LEADER,
    Role.VIEWER,
    Role.DATA_PROTECTION,
    Role.IT,
    Role.SAFEGUARDING,
)

MAY_CHANGE_SHARING = (_A, _D)

NAVIGATION = (
    ("Campaigns", "/staff/campaigns", {_A, _C, _V}),
    ("Questionnaires", "/staff/questionnaires", {_A, _C}),
    ("Pupils", "/staff/pupils", {_A, _C, _V}),
    ("Roster", "/staff/roster", {_A, _C}),
    ("Objections", "/staff/objections", {_A, _C, _D}),
    ("Lists", "/staff/lists", {_A, _C}),
    ("Data sharing", SHARING, {_A, _C, _D}),
    ("Who can be emailed", "/staff/reach", {_D, _I}),  # the others come to it from the pupils
    ("Safeguarding", SAFEGUARDING, {_A, _S}),
    ("Staff", "/staff/school/staff", {_A}),
    ("IT team", "/staff/it-team", {_A, _C, _D, _I}),
    ("Audit", "/staff/audit", {_A, _D}),
)


def navigation(role: Role, path: str, *, has_choice: bool = False) -> list[tuple[str, str, bool]]:
    """Label, address, and whether it is the part of the service that `path` belongs to."""
    is_home = path == "/staff/" and home_of(role) == "/staff/"
    items = [
        (
            label,
            href,
            path == href or path.startswith(f"{href}/") or (is_home and href == "/staff/campaigns"),
        )
        for label, href, roles in NAVIGATION
        if role in roles
    ]
    if has_choice:
        items.append(("Change school", SCHOOLS, path == SCHOOLS))
    return items


def _for_templates() -> dict[str, Any]:
    """What the staff and public layouts read. A student's page gets nothing of it."""
    person: SignedIn | None = g.get("signed_in")
    if person is None:
        if request.blueprint != "schools":
            return {}
        return {"messages": get_flashed_messages(with_categories=True), "home_url": "/"}
    return {
        "signed_in": person,
        "school_name": person.school_name,
        "staff_name": person.name,
        "nav": navigation(person.role, request.path, has_choice=bool(session.get(CHOICE_KEY))),
        "home_url": home_of(person.role),
        "sign_out_url": url_for("schools.sign_out"),
        "messages": get_flashed_messages(with_categories=True),
    }


def init_app(app: Flask) -> None:
    app.context_processor(_for_templates)
