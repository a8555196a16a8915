"""A browser that comes to answers another one gave: prove who you are, or have a new link."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering import proving
from outreach.answering.blueprint import SEE_OTHER, UNPROCESSABLE, blueprint
from outreach.answering.proving import Outcome
from outreach.answering.question_views import OWN_VISIT
from outreach.answering.sessions import Visit
from outreach.answering.speaking import words_in
from outreach.answering.visiting import invitation_of, open_visit
from outreach.campaigns.relinking import MOST_A_DAY, Relinking, send_new_link
from outreach.schools.access import public_page


def _show(visit: Visit, error: str | None = None) -> str:
    return render_template(
        "answering/birthday.html",
        way_in=proving.way_in(web.db(), visit, web.now()).value,
        tries_left=proving.tries_left(web.db(), visit.invitation),
        school_name=visit.school.name,
        typed=(request.form.get("birthday-day", ""), request.form.get("birthday-month", "")),
        errors={"birthday": error} if error else {},
    )


def _onward() -> ResponseReturnValue:
    return redirect(url_for("answering.carry_on"), SEE_OTHER)


@blueprint.get("/answer/birthday")
@public_page(OWN_VISIT)
def ask_birthday() -> ResponseReturnValue:
    visit = open_visit(even_if_unproven=True)
    return _show(visit) if visit.must_prove else _onward()


@blueprint.post("/answer/birthday")
@public_page(OWN_VISIT)
def try_birthday() -> ResponseReturnValue:
    """Every wrong try reads the same, however near it was."""
    visit = open_visit(even_if_unproven=True)
    if not visit.must_prove:
        return _onward()
    form, say = request.form, words_in(visit.session.language)
    given = proving.read_day_and_month(form.get("birthday-day", ""), form.get("birthday-month", ""))
    if given is None:
        return _show(visit, say("not_a_day")), UNPROCESSABLE
    outcome = proving.try_birthday(web.db(), visit, given, web.now())
    if outcome is Outcome.PASSED:
        return _onward()
    if outcome is Outcome.LOCKED:
        return _show(visit), UNPROCESSABLE
    left = proving.tries_left(web.db(), visit.invitation)
    return _show(visit, say("not_the_day", count=left)), UNPROCESSABLE


@blueprint.post("/answer/carry-on")
@public_page(OWN_VISIT)
def carry_on_without_birthday() -> ResponseReturnValue:
    visit = open_visit(even_if_unproven=True)
    if visit.must_prove:
        proving.carry_on(web.db(), visit, web.now())
    return _onward()


@blueprint.get("/answer/new-link")
@public_page(OWN_VISIT)
def confirm_new_link() -> ResponseReturnValue:
    visit = open_visit(even_if_unproven=True)
    if not visit.must_prove:
        return _onward()
    return render_template("answering/new_link.html", school_name=visit.school.name)


@blueprint.post("/answer/new-link")
@public_page(OWN_VISIT)
def new_link() -> ResponseReturnValue:
    """The answer is the same whether or not there is an address to mail."""
    visit = open_visit(even_if_unproven=True)
    if not visit.must_prove:
        return _onward()
    done = send_new_link(web.db(), invitation_of(visit), web.now())
    page = "new_link_too_often" if done is Relinking.TOO_OFTEN else "new_link_sent"
    return render_template(f"answering/{page}.html", school_name=visit.school.name, most=MOST_A_DAY)
