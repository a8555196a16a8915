"""What the receipt asks once, if the student likes: how easy it was to answer."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, UNPROCESSABLE, blueprint
from outreach.answering.ending_views import show_receipt
from outreach.answering.feedback import give_feedback
from outreach.answering.feedback_models import Ease
from outreach.answering.question_views import OWN_VISIT
from outreach.answering.visiting import invitation_of, open_visit
from outreach.schools.access import public_page

EASE = {ease.value: ease for ease in Ease}


@blueprint.post("/answer/feedback")
@public_page(OWN_VISIT)
def give() -> ResponseReturnValue:
    """Pressed twice, the first counts, and both lead to thanks."""
    visit = open_visit(even_if_sent=True)
    if not visit.is_submitted:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    ease = EASE.get(request.form.get("ease", ""))
    if ease is None:
        return show_receipt(visit, is_missing=True), UNPROCESSABLE
    campaign_id = invitation_of(visit).campaign_id
    give_feedback(web.db(), visit, campaign_id, ease)
    return redirect(url_for("answering.receipt"), SEE_OTHER)


@blueprint.get("/answer/feedback")
@public_page(OWN_VISIT)
def feedback_again() -> ResponseReturnValue:
    """For a browser that was asked to load the address of the button."""
    return redirect(url_for("answering.receipt"), SEE_OTHER)
