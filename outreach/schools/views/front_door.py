"""The home page, signing in and out, and choosing between the schools of one account."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import audit, web
from outreach.database import enter_school
from outreach.errors import NotFound
from outreach.schools.access import (
    cookie_secret,
    home_of,
    let_in,
    own_path,
    public_page,
    recognise,
    signed_in,
    staff_page,
)
from outreach.schools.models import Account
from outreach.schools.sessions import end_session, move_session
from outreach.schools.signing_in import (
    NoSchool,
    SignIn,
    TooManyTries,
    WrongPassword,
    begin,
    memberships,
    note_entry,
    prove,
)
from outreach.schools.views.room import room
from outreach.schools.views.words import ROLE_WORDS


@room.get("/")
@public_page("says what the service is, to whoever finds it")
def home() -> ResponseReturnValue:
    person = recognise()
    return render_template(
        "public/home.html", work_url=home_of(person.role) if person is not None else None
    )


@room.get("/staff/sign-in")
@public_page("nobody is signed in yet")
def sign_in() -> ResponseReturnValue:
    person = recognise()
    wanted = own_path(request.args.get("next"))
    if person is not None:
        return redirect(wanted or home_of(person.role))
    return _sign_in_form(email="", wanted=wanted, errors={})


@room.post("/staff/sign-in")
@public_page("nobody is signed in yet")
def do_sign_in() -> ResponseReturnValue:
    email = request.form.get("email", "").strip()
    password = request.form.get("password", "")
    wanted = own_path(request.form.get("next"))
    errors = _missing(email, password)
    if errors:
        return _sign_in_form(email, wanted, errors), 400
    try:
        entry = begin(web.db(), prove(web.db(), email, password, web.now()), web.now())
    except WrongPassword as refusal:
        return _sign_in_form(email, wanted, {"email": refusal.words}), 400
    except TooManyTries as refusal:
        return _sign_in_form(email, wanted, {"email": refusal.words}), 429
    except NoSchool as refusal:
        return _sign_in_form(email, wanted, {"": refusal.words}), 403
    let_in(entry)
    return redirect(wanted or first_page(entry), code=303)


def first_page(entry: SignIn) -> str:
    """Whoever has several schools says first which one they come for."""
    return url_for("schools.choose_school") if entry.has_choice else home_of(entry.membership.role)


def _missing(email: str, password: str) -> dict[str, str]:
    wanted = {"email": (email, "your email address"), "password": (password, "your password")}
    return {name: f"Enter {words}." for name, (typed, words) in wanted.items() if not typed}


def _sign_in_form(email: str, wanted: str | None, errors: dict[str, str]) -> str:
    return render_template("public/sign_in.html", email=email, wanted=wanted, errors=errors)


@room.post("/staff/sign-out")
@staff_page()
def sign_out() -> ResponseReturnValue:
    person = signed_in()
    end_session(web.db(), cookie_secret(), web.now())
    audit.record(
        web.db(), web.now(), person.actor, "staff.signed_out", "staff_member", person.staff_id
    )
    web.start_fresh_session()
    flash("You have signed out.", "success")
    return redirect(url_for("schools.sign_in"), code=303)


@room.get("/staff/schools")
@staff_page()
def choose_school() -> ResponseReturnValue:
    person = signed_in()
    account = web.db().get_one(Account, person.account_id)
    choices = [
        (found.school_id, found.school_name, ROLE_WORDS[found.role].name)
        for found in memberships(web.db(), account)
    ]
    enter_school(web.db(), person.school_id)
    return render_template(
        "staff/schools/choose_school.html", choices=choices, current=person.school_id
    )


@room.post("/staff/schools")
@staff_page()
def switch_school() -> ResponseReturnValue:
    account = web.db().get_one(Account, signed_in().account_id)
    wanted = request.form.get("school", "")
    for found in memberships(web.db(), account):
        if str(found.school_id) == wanted:
            move_session(web.db(), cookie_secret(), found.school_id)
            if found.school_id != signed_in().school_id:
                note_entry(web.db(), found, web.now())
            return redirect(home_of(found.role), code=303)
    raise NotFound("This account is not a member of that school.")
