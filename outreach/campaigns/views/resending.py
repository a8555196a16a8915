"""Mail that did not arrive: sent again to all of one state, or a new link for one invitation."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import web
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.relinking import Relinking, send_new_link, why_no_mail
from outreach.campaigns.resending import RESENDABLE, resend
from outreach.campaigns.states import ANSWERED, CampaignState, InvitationState, MessageState
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    show_confirmation,
)
from outreach.campaigns.views.confirming import Confirmation
from outreach.campaigns.views.mailed import count_mail
from outreach.campaigns.wording import reason_words
from outreach.errors import NotFound, Refusal
from outreach.pupils.finding import get_pupil
from outreach.schools.access import signed_in, staff_page

OVER = (CampaignState.CANCELLED, CampaignState.CLOSED)

WHAT_IT_IS = {
    MessageState.UNKNOWN: "It is not known whether their mail arrived. Some may get it twice.",
    MessageState.REFUSED: "The mail server refused their mail. Without a change to the address or "
    "to the school’s mail filter it will be refused again.",
    MessageState.BOUNCED: "Their mail came back. Correct the addresses in the roster first: an "
    "address that came back is not mailed again.",
}


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/resend/<state>")
@staff_page(*RUNNERS)
def confirm_resend(campaign_id: UUID, state: str) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    return show_confirmation(campaign, _resending(campaign, _resendable(state)))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/resend/<state>")
@staff_page(*RUNNERS)
def resend_mail(campaign_id: UUID, state: str) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    known = _resendable(state)
    try:
        count = resend(web.db(), campaign_id, [known], signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        campaign = campaign_of(campaign_id)
        return show_confirmation(campaign, _resending(campaign, known), refused=refusal.words)
    if count:
        flash(f"{count:,} {'mail is' if count == 1 else 'mails are'} queued again.", "success")
    else:
        flash("Nothing was sent: nobody in this state can be mailed just now.", "info")
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)


def _resendable(state: str) -> MessageState:
    known = {one.value: one for one in RESENDABLE}
    if state not in known:
        raise NotFound(f"Mail that is “{state}” cannot be sent again.")
    return known[state]


def _resending(campaign: Campaign, state: MessageState) -> Confirmation:
    count = count_mail(web.db(), campaign.id).get(state.value, 0)
    return Confirmation(
        title=f"Send the mail again to {count:,} {'pupil' if count == 1 else 'pupils'}?",
        happens=(
            WHAT_IT_IS[state],
            "A new mail goes out at once to each of them who may be mailed now.",
        ),
        stays=(
            "The link in the earlier mail goes on working.",
            "Whoever has answered, or does not want to, is left out.",
        ),
        button="Send again",
    )


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/new-link")
@staff_page(*RUNNERS)
def confirm_new_link(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = _invitation_of(campaign, invitation_id)
    refused = _unmailable(campaign, invitation)
    if refused is not None:
        flash(f"No new link can be sent. {refused}", "error")
        return redirect(url_for("campaigns.list_invited", campaign_id=campaign_id), SEE_OTHER)
    return show_confirmation(campaign, _new_link(invitation))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/new-link")
@staff_page(*RUNNERS)
def mail_new_link(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    invitation = _invitation_of(campaign, invitation_id)
    refused = _unmailable(campaign, invitation)
    if refused is None:
        sent = send_new_link(web.db(), invitation, web.now(), signed_in().actor)
        if sent is not Relinking.TOO_OFTEN:
            flash("A new link is queued. The old one has stopped working.", "success")
            where = url_for("campaigns.list_invited", campaign_id=campaign_id)
            return redirect(where, SEE_OTHER)
        web.roll_back_request()
        campaign, invitation = campaign_of(campaign_id), _invitation_of(campaign, invitation_id)
        refused = "Three new links were sent to this pupil within a day. Try again tomorrow."
    return show_confirmation(campaign, _new_link(invitation), refused=refused)


def _invitation_of(campaign: Campaign, invitation_id: UUID) -> Invitation:
    invitation = web.db().scalar(
        select(Invitation)
        .where(
            Invitation.school_id == campaign.school_id,
            Invitation.campaign_id == campaign.id,
            Invitation.id == invitation_id,
        )
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise NotFound("There is no such invitation in this campaign.")
    return invitation


def _unmailable(campaign: Campaign, invitation: Invitation) -> str | None:
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
