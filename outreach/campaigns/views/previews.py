"""Before a launch: the mail and the questionnaire as students get them, and a test to oneself."""

from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.composing import preview_invite
from outreach.campaigns.models import Campaign
from outreach.campaigns.pinning import NotInstalled, definition, pins_of, title_of, who_gets
from outreach.campaigns.trying_out import send_test
from outreach.campaigns.views.blueprint import (
    READERS,
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    library_here,
)
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.reading import read_questionnaire
from outreach.errors import NotFound, Refusal
from outreach.mail.composing import Mail
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


def _written(campaign: Campaign) -> Mail:
    try:
        return preview_invite(web.db(), web.parts(), campaign, web.now())
    except NotInstalled as fault:
        raise NotFound(fault.words) from fault


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/preview/mail")
@staff_page(*READERS)
def preview_mail(campaign_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    return render_template(
        "staff/campaigns/preview_mail.html",
        heading=heading_of(campaign, library_here()),
        mail=_written(campaign),
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
    person = signed_in()
    try:
        send_test(web.db(), campaign, person.account_id, person.actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
    else:
        flash(
            "A test to your own address is queued. It is on its way as soon as a worker takes it.",
            "success",
        )
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
