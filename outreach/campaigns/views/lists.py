"""The dashboard: all campaigns, and a new one."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.views.blueprint import (
    CONFLICT,
    READERS,
    RUNNERS,
    SEE_OTHER,
    UNPROCESSABLE,
    blueprint,
    library_here,
    may_run,
)
from outreach.campaigns.views.choosing import Choices, choices_of
from outreach.campaigns.views.first_steps import first_steps
from outreach.campaigns.views.forms import NewCampaign, check_form, empty_form, read_form
from outreach.campaigns.views.listing import listed_campaigns
from outreach.errors import Refusal
from outreach.schools.access import signed_in, staff_page


@blueprint.get("/staff/")
@blueprint.get("/staff/campaigns")
@staff_page(*READERS)
def list_campaigns() -> str:
    campaigns = listed_campaigns(web.db(), library_here())
    steps = () if campaigns else first_steps(web.db(), signed_in().role, web.now())
    return render_template(
        "staff/campaigns/list.html", campaigns=campaigns, steps=steps, may_run=may_run()
    )


@blueprint.get("/staff/campaigns/new")
@staff_page(*RUNNERS)
def ask_campaign() -> ResponseReturnValue:
    choices = _choices()
    if choices.is_empty:
        flash("Import the roster first: a campaign asks pupils who are on it.", "info")
        return redirect(url_for("campaigns.list_campaigns"), SEE_OTHER)
    return _form(empty_form(choices, web.now()), choices)


@blueprint.post("/staff/campaigns/new")
@staff_page(*RUNNERS)
def make_campaign() -> ResponseReturnValue:
    choices = _choices()
    typed = read_form(request.form)
    errors = check_form(typed, choices, web.now())
    if errors:
        return _form(typed, choices, errors), UNPROCESSABLE
    try:
        campaign = create_campaign(
            web.db(),
            library_here(),
            name=typed.name,
            questionnaire=typed.questionnaire,
            years=typed.chosen_years,
            groups=typed.groups,
            closes_on=typed.closing_date,
            created_by=signed_in().staff_id,
            now=web.now(),
        )
    except Refusal as refusal:
        web.roll_back_request()
        return _form(typed, choices, {"": refusal.words}), CONFLICT
    flash("The draft is saved. Nobody is mailed until you launch it.", "success")
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign.id), SEE_OTHER)


def _choices() -> Choices:
    return choices_of(web.db(), library_here(), web.now())


def _form(typed: NewCampaign, choices: Choices, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "staff/campaigns/new.html", typed=typed, choices=choices, errors=errors or {}
    )
