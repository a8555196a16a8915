"""The end of answering: sent once, the receipt, and out of this browser."""

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering import sessions, submitting, visiting
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.feedback import has_given_feedback
from outreach.answering.feedback_models import Ease
from outreach.answering.question_views import OWN_VISIT
from outreach.answering.sessions import Visit
from outreach.answering.stepping import address_of
from outreach.answering.visiting import open_visit, questionnaire_of, response_of
from outreach.schools.access import public_page


@blueprint.post("/answer/submit")
@public_page(OWN_VISIT)
def submit() -> ResponseReturnValue:
    """Send once. A second press, or a second tab, is led to the same receipt."""
    visit = open_visit(even_if_sent=True)
    receipt = redirect(url_for("answering.receipt"), SEE_OTHER)
    if visit.is_submitted:
        return receipt
    if visit.response is None:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    response = response_of(visit)
    gap = submitting.first_gap(web.db(), response, questionnaire_of(visit))
    if gap is not None:
        return redirect(address_of(gap.id, from_check=True), SEE_OTHER)
    submitting.submit(web.db(), response, web.now(), has_mail=visit.is_by_mail)
    return receipt


@blueprint.get("/answer/submit")
@public_page(OWN_VISIT)
def submit_again() -> ResponseReturnValue:
    """For a browser that was asked to load the address of the button."""
    return redirect(url_for("answering.check"), SEE_OTHER)


@blueprint.get("/answer/receipt")
@public_page(OWN_VISIT)
def receipt() -> ResponseReturnValue:
    visit = open_visit(even_if_sent=True)
    if visit.response is None or not visit.is_submitted:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    return show_receipt(visit)


def show_receipt(visit: Visit, *, is_missing: bool = False) -> str:
    """`is_missing`: the question on it was sent without an answer."""
    assert visit.response is not None
    return render_template(
        "answering/receipt.html",
        school_name=visit.school.name,
        reference=visit.response.reference,
        submitted_at=visit.response.submitted_at,
        has_given_feedback=has_given_feedback(web.db(), visit),
        eases=list(Ease),
        is_missing=is_missing,
        errors={"ease": "feedback_choose"} if is_missing else {},
    )


@blueprint.get("/answer/sign-out")
@public_page(OWN_VISIT)
def confirm_sign_out() -> ResponseReturnValue:
    visit = open_visit(even_if_sent=True, even_if_unproven=True)
    return render_template(
        "answering/sign_out.html", school_name=visit.school.name, is_sent=visit.is_submitted
    )


@blueprint.post("/answer/sign-out")
@public_page(OWN_VISIT)
def sign_out() -> ResponseReturnValue:
    visit = visiting.remembered_visit()
    language = None
    if visit is not None:
        sessions.end(web.db(), visit, web.now())
        language = visit.session.language
    web.start_fresh_session()
    session.modified = True
    return redirect(url_for("answering.signed_out", language=language), SEE_OTHER)


@blueprint.get("/answer/signed-out")
@public_page("says only that somebody has signed out")
def signed_out() -> ResponseReturnValue:
    return render_template("answering/signed_out.html")
