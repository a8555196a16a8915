"""Before a launch: the mail and the questionnaire as students get them, and a test to oneself."""

from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.composing import preview_invite
from outreach.campaigns.models import Campaign
from outreach.campaigns.trying_out import send_test
from outreach.campaigns.views.blueprint import READERS, RUNNERS, SEE_OTHER, blueprint, campaign_of
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.reading import read_questionnaire
from outreach.errors import NotFound, Refusal
from outreach.mail.composing import Mail
from outreach.schools.access import signed_in, staff_page
from questionnaires.loading import UnknownQuestionnaire

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
    except UnknownQuestionnaire as fault:
        raise NotFound(str(fault)) from fault


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/preview/mail")
@staff_page(*READERS)
def preview_mail(campaign_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    return render_template(
        "staff/campaigns/preview_mail.html",
        heading=heading_of(campaign, web.parts().library),
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
    try:
        questionnaire = web.parts().library.get(campaign.questionnaire, campaign.version)
    except UnknownQuestionnaire as fault:
        raise NotFound(str(fault)) from fault
    return render_template(
        "staff/campaigns/preview_questionnaire.html",
        heading=heading_of(campaign, web.parts().library),
        questionnaire=read_questionnaire(questionnaire),
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
