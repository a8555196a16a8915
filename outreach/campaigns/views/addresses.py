"""Another address for one pupil, typed and checked by staff; what asks to answer goes there."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.mending import fix_address
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    UNPROCESSABLE,
    blueprint,
    campaign_of,
    invitation_of,
    library_here,
)
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.standings import whys_of
from outreach.errors import Refusal
from outreach.pupils.correcting import KIND_WORDS, address_of, kind_to_correct
from outreach.pupils.finding import get_pupil
from outreach.pupils.models import AddressKind
from outreach.schools.access import signed_in, staff_page

NOTHING_SHARED = (
    "No address can be given: the school shares no student addresses. The data protection lead can "
    "change that on the Data sharing page."
)


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/address")
@staff_page(*RUNNERS)
def ask_address(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = invitation_of(campaign, invitation_id)
    kind = kind_to_correct(web.db(), invitation.pupil_id)
    return _nothing_shared(invitation) if kind is None else _form(campaign, invitation, kind)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/address")
@staff_page(*RUNNERS)
def give_another_address(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = invitation_of(campaign, invitation_id)
    kind = kind_to_correct(web.db(), invitation.pupil_id)
    if kind is None:
        return _nothing_shared(invitation)
    typed = request.form.get("address", "").replace("\0", "").strip()
    errors = {} if typed else {"address": "Type the address."}
    if "yes" not in request.form.getlist("checked"):
        errors["checked"] = "Check the address first, and tick that you have."
    if errors:
        return _form(campaign, invitation, kind, typed, errors), UNPROCESSABLE
    try:
        actor, now = signed_in().actor, web.now()
        followed, reason = fix_address(web.db(), campaign, invitation, kind, typed, actor, now)
    except Refusal as refusal:
        web.roll_back_request()
        campaign = campaign_of(campaign_id)
        invitation = invitation_of(campaign, invitation_id)
        page = _form(campaign, invitation, kind, typed, {"address": refusal.words})
        return page, UNPROCESSABLE
    why = "" if reason is None else f" {reason.words}."
    flash(f"The address is saved. {followed.value}{why}", "success")
    return redirect(_page_of(invitation), SEE_OTHER)


def _nothing_shared(invitation: Invitation) -> ResponseReturnValue:
    flash(NOTHING_SHARED, "error")
    return redirect(_page_of(invitation), SEE_OTHER)


def _form(
    campaign: Campaign,
    invitation: Invitation,
    kind: AddressKind,
    typed: str = "",
    errors: dict[str, str] | None = None,
) -> str:
    session, pupil_id = web.db(), invitation.pupil_id
    present = address_of(session, pupil_id, kind)
    why = whys_of(session, campaign, [pupil_id], web.now()).get(pupil_id)
    words = why.words if why else ""
    return render_template(
        "staff/campaigns/address.html",
        heading=heading_of(campaign, library_here()),
        invitation_id=invitation.id,
        name=get_pupil(session, pupil_id).full_name,
        kind_words=KIND_WORDS[kind],
        present=None if present is None else present.address,
        why=present.fault or words if present is not None else words,
        typed=typed,
        is_checked="yes" in request.form.getlist("checked"),
        errors=errors or {},
    )


def _page_of(invitation: Invitation) -> str:
    return url_for(
        "campaigns.show_invited",
        campaign_id=invitation.campaign_id,
        invitation_id=invitation.id,
    )
