"""A new link for one pupil, mailed to the address on file; the old ones end."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.relinking import Relinking, send_new_link, why_no_mail
from outreach.campaigns.states import ANSWERED, CampaignState, InvitationState
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    invitation_of,
    show_confirmation,
)
from outreach.campaigns.views.confirming import Confirmation
from outreach.campaigns.wording import reason_words
from outreach.pupils.finding import get_pupil
from outreach.schools.access import signed_in, staff_page

OVER = (CampaignState.CANCELLED, CampaignState.CLOSED)


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/new-link")
@staff_page(*RUNNERS)
def confirm_new_link(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = invitation_of(campaign, invitation_id)
    refused = why_not_mailed(campaign, invitation)
    if refused is not None:
        flash(f"No new link can be sent. {refused}", "error")
        return redirect(_pupil(invitation), SEE_OTHER)
    return show_confirmation(campaign, _new_link(invitation))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/new-link")
@staff_page(*RUNNERS)
def mail_new_link(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = invitation_of(campaign, invitation_id)
    refused = why_not_mailed(campaign, invitation)
    if refused is None:
        sent = send_new_link(web.db(), invitation, web.now(), signed_in().actor)
        if sent is not Relinking.TOO_OFTEN:
            flash("A new link is queued. The old one has stopped working.", "success")
            return redirect(_pupil(invitation), SEE_OTHER)
        web.roll_back_request()
        campaign, invitation = campaign_of(campaign_id), invitation_of(campaign, invitation_id)
        refused = "Three new links were sent to this pupil within a day. Try again tomorrow."
    return show_confirmation(campaign, _new_link(invitation), refused=refused)


def why_not_mailed(campaign: Campaign, invitation: Invitation) -> str | None:
    """Why no new link is sent. What a student asked for is not undone in their name."""
    if campaign.state in OVER:
        return "The campaign is over: a new link would lead nowhere."
    if invitation.state in ANSWERED:
        return "This pupil has sent their answers in already."
    if invitation.state is InvitationState.STOPPED:
        return f"{reason_words(invitation.stopped_reason)}. Only the student can take that back."
    if invitation.mail_stopped_at is not None:
        return "The student has asked for no more mail about this questionnaire."
    reason = why_no_mail(web.db(), invitation, web.now())
    return None if reason is None else f"No mail may go to this pupil: {reason}."


def _new_link(invitation: Invitation) -> Confirmation:
    pupil = get_pupil(web.db(), invitation.pupil_id)
    return Confirmation(
        title=f"Send {pupil.full_name} a new link?",
        happens=(
            "A mail with a new link goes out at once to the address on the roster.",
            "Links in earlier mails and the code of a printed slip stop working.",
        ),
        stays=("Answers already saved are kept, and the new link leads back to them.",),
        button="Send a new link",
    )


def _pupil(invitation: Invitation) -> str:
    return url_for(
        "campaigns.show_invited",
        campaign_id=invitation.campaign_id,
        invitation_id=invitation.id,
    )
