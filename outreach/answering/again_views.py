"""Staff let a student answer again who has sent their answers this school year."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import web
from outreach.answering.again import Again, Why, let_answer_again, sent_response
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.models import Response
from outreach.campaigns.links import gone_because
from outreach.campaigns.models import Campaign, Invitation
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.models import Pupil
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

RESETTERS = (Role.ADMIN, Role.CAREERS_LEADER)

WHY_WORDS = {
    Why.NOT_SAID: "I would rather not say",
    Why.NOT_THEM: "Somebody else answered in their place",
    Why.IN_A_HURRY: "They answered in a hurry, or by mistake",
    Why.CHANGED_PLANS: "Their plans have changed",
    Why.WRONG_QUESTIONNAIRE: "They were given the wrong questionnaire",
}


@dataclass(frozen=True)
class Asked:
    """What the confirmation is about. `sent` is None where nothing is there to be replaced."""

    pupil_id: UUID
    pupil_name: str
    campaign_name: str
    link_opens: bool
    sent: UUID | None
    sent_at: datetime | None


@blueprint.get("/staff/invitations/<uuid:invitation_id>/answer-again")
@staff_page(*RESETTERS)
def confirm_answer_again(invitation_id: UUID) -> ResponseReturnValue:
    asked = _asked(invitation_id)
    return render_template(
        "staff/answering/answer_again.html",
        asked=asked,
        reasons=[(why.value, words) for why, words in WHY_WORDS.items()],
        action=url_for("answering.allow_answer_again", invitation_id=invitation_id),
        back=f"/staff/pupils/{asked.pupil_id}",
    )


@blueprint.post("/staff/invitations/<uuid:invitation_id>/answer-again")
@staff_page(*RESETTERS)
def allow_answer_again(invitation_id: UUID) -> ResponseReturnValue:
    """The form says which response it was about: a newer one is not opened by an old page."""
    asked = _asked(invitation_id)
    why = {one.value: one for one in Why}.get(request.form.get("why", ""), Why.NOT_SAID)
    meant = _read_id(request.form.get("response", ""))
    done = let_answer_again(web.db(), invitation_id, meant, why, signed_in().actor, web.now())
    flash(_said(done), "success" if done.is_new else "info")
    return redirect(f"/staff/pupils/{asked.pupil_id}", SEE_OTHER)


def _said(done: Again) -> str:
    if not done.is_new:
        return "Nothing was changed: they may answer again already, or have done so since."
    if not done.opens_link:
        return "They can answer again. This campaign is over: ask them in a campaign that is open."
    if done.new_link is None:
        return "They can answer again now, with the link or code they have."
    ended = "They can answer again. Every link and code of theirs in this campaign has ended."
    if done.new_link:
        return f"{ended} A new link is on its way to the address on file."
    return f"{ended} No mail may go to them now: print a new slip for them."


def _read_id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _asked(invitation_id: UUID) -> Asked:
    school_id = school_of(web.db())
    row = (
        web.db()
        .execute(
            select(Campaign, Pupil)
            .join(Invitation, Invitation.campaign_id == Campaign.id)
            .join(Pupil, Pupil.id == Invitation.pupil_id)
            .where(
                Invitation.school_id == school_id,
                Invitation.id == invitation_id,
                Campaign.school_id == school_id,
                Pupil.school_id == school_id,
            )
        )
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no such invitation at this school.")
    campaign, pupil = row
    sent = sent_response(web.db(), invitation_id, web.now())
    return Asked(
        pupil_id=pupil.id,
        pupil_name=pupil.full_name,
        campaign_name=campaign.name,
        link_opens=gone_because(None, campaign.state, campaign.closes_at, web.now()) is None,
        sent=sent,
        sent_at=web.db().get_one(Response, (school_id, sent)).submitted_at if sent else None,
    )
