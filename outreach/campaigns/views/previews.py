"""Before a launch: the mail and the questionnaire as students get them, and a test to oneself."""

from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.composing import SAMPLE_NAME, preview_step
from outreach.campaigns.letter_words import own_words, step_of
from outreach.campaigns.models import Campaign
from outreach.campaigns.pinning import NotInstalled, definition, pins_of, title_of, who_gets
from outreach.campaigns.states import ASKING, MessageStep
from outreach.campaigns.trying_out import latest_test, send_test
from outreach.campaigns.views.blueprint import (
    READERS,
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    library_here,
    may_run,
)
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.reading import read_questionnaire
from outreach.campaigns.wording import STEP_NAMES
from outreach.errors import NotFound, Refusal
from outreach.mail.composing import Mail
from outreach.pupils.finding import get_pupil, list_pupils
from outreach.pupils.models import Pupil
from outreach.pupils.viewing import seen_here
from outreach.schools.access import signed_in, staff_page

MAIL_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "sandbox",
    ]
)
"""For the one page that is a mail: mails carry their styles inline, and nothing else may run,
load or be sent from it."""


def step_asked(text: str | None) -> MessageStep:
    """Which of the campaign's mails; NotFound for one that there is not."""
    step = step_of(text or MessageStep.INVITE.value)
    if step is None:
        raise NotFound("There is no such mail.")
    return step


def _written(campaign: Campaign) -> Mail:
    """As the pupil that is asked for gets it; as an example where none is."""
    step = step_asked(request.args.get("step"))
    example = example_asked()
    name = SAMPLE_NAME if example is None else example.first_name
    try:
        return preview_step(web.db(), web.parts(), campaign, web.now(), step, name)
    except NotInstalled as fault:
        raise NotFound(fault.words) from fault


def example_asked() -> Pupil | None:
    """NotFound for a pupil whom the reader may not see, or of another school."""
    if "pupil" not in request.args:
        return None
    pupil_id = request.args.get("pupil", type=UUID)
    if pupil_id is None:
        raise NotFound("There is no such pupil.")
    return get_pupil(web.db(), pupil_id, seen=seen_here())


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/preview/mail")
@staff_page(*READERS)
def preview_mail(campaign_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    step = step_asked(request.args.get("step"))
    heading = heading_of(campaign, library_here())
    find = request.args.get("find", "").replace("\0", "").strip()
    return render_template(
        "staff/campaigns/preview_mail.html",
        heading=heading,
        mail=_written(campaign),
        step=step,
        steps=[(one.value, STEP_NAMES[one]) for one in ASKING],
        step_name=STEP_NAMES[step],
        is_own=step in own_words(web.db(), campaign.id),
        example=example_asked(),
        find=find,
        found=list_pupils(web.db(), search=find, now=web.now(), seen=seen_here()).pupils
        if find
        else (),
        may_change=may_run() and not heading.is_over,
        test=latest_test(web.db(), campaign, signed_in().account_id),
    )


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/preview/mail.html")
@staff_page(*READERS)
def show_mail_html(campaign_id: UUID) -> Response:
    campaign = campaign_of(campaign_id)
    answer = make_response(_written(campaign).html)
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/preview/questionnaire")
@staff_page(*READERS)
def preview_questionnaire(campaign_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    library = library_here()
    pins = pins_of(web.db(), campaign.id)
    asked = request.args.get("questionnaire", pins[0].questionnaire)
    pin = next((one for one in pins if one.questionnaire == asked), None)
    if pin is None:
        raise NotFound("This campaign gives no such questionnaire.")
    return render_template(
        "staff/campaigns/preview_questionnaire.html",
        heading=heading_of(campaign, library),
        questionnaire=read_questionnaire(definition(library, pin)),
        who=who_gets(pin, len(pins)),
        others=[
            (title_of(library, one.questionnaire), one.questionnaire, who_gets(one, len(pins)))
            for one in pins
            if one is not pin
        ],
    )


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/test-send")
@staff_page(*RUNNERS)
def send_test_mail(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    step = step_asked(request.form.get("step"))
    person = signed_in()
    try:
        send_test(web.db(), campaign, person.account_id, person.actor, web.now(), step)
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
    else:
        flash(
            "A test to your own address is queued. It is on its way as soon as a worker takes it.",
            "success",
        )
    if "step" in request.form:
        where = url_for("campaigns.preview_mail", campaign_id=campaign_id, step=step.value)
        return redirect(where, SEE_OTHER)
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
