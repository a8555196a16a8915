"""Doing things to a campaign, each behind a page that says first what it does."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import web
from outreach.audit import Actor
from outreach.campaigns import steering
from outreach.campaigns.launching import launch
from outreach.campaigns.models import Campaign
from outreach.campaigns.states import CampaignState
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    show_confirmation,
)
from outreach.campaigns.views.confirming import STEPS, Step
from outreach.campaigns.views.launch_page import launch_confirmation
from outreach.campaigns.views.showing import draft_audience
from outreach.errors import Refusal
from outreach.schools.access import signed_in, staff_page
from outreach.schools.contacts import contacts_of

Verb = Callable[[Session, UUID, Actor, datetime], object]

VERBS: Mapping[str, Verb] = {
    "pause": steering.pause,
    "resume": steering.resume,
    "release": steering.resume,
    "close": steering.close,
    "cancel": steering.cancel,
    "discard": steering.cancel,
}


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/launch")
@staff_page(*RUNNERS)
def confirm_launch(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.state is not CampaignState.DRAFT:
        return _back_to(campaign_id)
    return _ask_launch(campaign)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/launch")
@staff_page(*RUNNERS)
def launch_campaign(campaign_id: UUID) -> ResponseReturnValue:
    """Pressed twice, the second press finds it launched, and says no more than the first."""
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is not None:
        return _back_to(campaign_id)
    try:
        launch(web.db(), campaign_id, signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        campaign = campaign_of(campaign_id)
        if campaign.launched_at is not None:
            return _back_to(campaign_id)
        return _ask_launch(campaign, refused=refusal.words)
    flash("The campaign is launched. Mail is going out now.", "success")
    return _back_to(campaign_id)


def _ask_launch(campaign: Campaign, *, refused: str | None = None) -> ResponseReturnValue:
    audience = draft_audience(web.db(), campaign, web.now())
    contacts = contacts_of(web.db())
    confirmation = launch_confirmation(audience, campaign, contacts, signed_in().role, web.now())
    return show_confirmation(campaign, confirmation, refused=refused)


def _back_to(campaign_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)


def _confirm(step: Step, campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.state not in step.since:
        return _back_to(campaign_id)
    return show_confirmation(campaign, step.confirmation)


def _take(step: Step, campaign_id: UUID) -> ResponseReturnValue:
    """A campaign that is there already, by a second press or another person, is left alone."""
    campaign = campaign_of(campaign_id)
    if campaign.state in step.reached:
        return _back_to(campaign_id)
    if campaign.state not in step.since:
        return _refuse(step, campaign_id, f"This campaign is {campaign.state.value} by now.")
    try:
        VERBS[step.name](web.db(), campaign_id, signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        return _refuse(step, campaign_id, refusal.words)
    flash(step.done, "success")
    return _back_to(campaign_id)


def _refuse(step: Step, campaign_id: UUID, words: str) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.state in step.reached:
        return _back_to(campaign_id)
    return show_confirmation(campaign, step.confirmation, refused=words)


def _add_pages(step: Step) -> None:
    """GET asks, POST does, at /staff/campaigns/<id>/<step>."""

    @staff_page(*RUNNERS)
    def confirm(campaign_id: UUID) -> ResponseReturnValue:
        return _confirm(step, campaign_id)

    @staff_page(*RUNNERS)
    def take(campaign_id: UUID) -> ResponseReturnValue:
        return _take(step, campaign_id)

    address = f"/staff/campaigns/<uuid:campaign_id>/{step.name}"
    blueprint.add_url_rule(address, f"confirm_{step.name}", confirm, methods=["GET"])
    blueprint.add_url_rule(address, f"{step.name}_campaign", take, methods=["POST"])


for _step in STEPS.values():
    _add_pages(_step)
