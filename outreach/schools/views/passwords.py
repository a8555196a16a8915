"""One-time links: choosing a password by one, and asking for one by mail."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.audit import record, staff_actor
from outreach.schools.access import let_in, public_page
from outreach.schools.models import Account, AccountToken, TokenKind
from outreach.schools.passwords import LinkSpent, PasswordRefused, choose_password
from outreach.schools.registering import school_names_of
from outreach.schools.resetting import ask_for_reset
from outreach.schools.signing_in import NoSchool, begin
from outreach.schools.staffing import BadAddress, clean_email
from outreach.schools.tokens import find_token, is_good
from outreach.schools.views.front_door import first_page
from outreach.schools.views.room import room


@room.get("/staff/set-up/<secret>")
@public_page("the link is the proof; looking at it changes nothing")
def set_up(secret: str) -> ResponseReturnValue:
    token = find_token(web.db(), secret)
    if token is None or not is_good(token, web.now()):
        return _no_link(token)
    return _password_form(token, {})


@room.post("/staff/set-up/<secret>")
@public_page("the link is the proof, and is used up here")
def do_set_up(secret: str) -> ResponseReturnValue:
    token = find_token(web.db(), secret)
    if token is None or not is_good(token, web.now()):
        return _no_link(token)
    password = request.form.get("password", "")
    errors = _typing_errors(password, request.form.get("again", ""))
    if errors:
        return _password_form(token, errors), 400
    names = school_names_of(web.db(), token.account_id)
    try:
        account = choose_password(web.db(), token, password, web.now(), names)
    except PasswordRefused as refusal:
        return _password_form(token, {"password": refusal.words}), 400
    except LinkSpent:
        return _no_link(token)
    return _enter(account)


def _typing_errors(password: str, again: str) -> dict[str, str]:
    if not password:
        return {"password": "Enter the password you want to use."}
    if password != again:
        return {"again": "The two passwords are not the same. Enter the same one twice."}
    return {}


def _enter(account: Account) -> ResponseReturnValue:
    try:
        entry = begin(web.db(), account, web.now())
    except NoSchool:
        flash("Your password is set, but no school lists you as a member of its staff.", "info")
        return redirect(url_for("schools.sign_in"), code=303)
    staff_id = entry.membership.staff_id
    actor = staff_actor(staff_id)
    record(web.db(), web.now(), actor, "staff.password_set", "staff_member", staff_id)
    let_in(entry)
    flash("Your password is set, and you are signed in.", "success")
    return redirect(first_page(entry), code=303)


def _password_form(token: AccountToken, errors: dict[str, str]) -> str:
    return render_template(
        "public/set_up.html",
        email=web.db().get_one(Account, token.account_id).email,
        is_new=token.kind is TokenKind.SET_UP,
        errors=errors,
    )


def _no_link(token: AccountToken | None) -> ResponseReturnValue:
    """The same words for a link that is spent, too old, or was never one."""
    return render_template("public/link_spent.html"), 404 if token is None else 410


@room.get("/staff/forgotten")
@public_page("whoever has forgotten a password cannot sign in")
def forgotten() -> ResponseReturnValue:
    return render_template("public/forgotten.html", email="", errors={})


@room.post("/staff/forgotten")
@public_page("whoever has forgotten a password cannot sign in")
def ask_for_link() -> ResponseReturnValue:
    typed = request.form.get("email", "").strip()
    try:
        email = clean_email(typed)
    except BadAddress as refusal:
        page = render_template(
            "public/forgotten.html", email=typed, errors={"email": refusal.words}
        )
        return page, 400
    ask_for_reset(web.db(), email, web.now())
    return render_template("public/link_is_coming.html")
