"""Staff let in a student who is shut out of their own earlier answers."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.resetting import forgive_tries
from outreach.campaigns.models import Campaign, Invitation
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.models import Pupil
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role


@blueprint.get("/staff/invitations/<uuid:invitation_id>/let-in")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER)
def confirm_let_in(invitation_id: UUID) -> ResponseReturnValue:
    school_id = school_of(web.db())
    found = web.db().execute(
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
    row = found.one_or_none()
    if row is None:
        words = "There is no such invitation at this school."
        raise NotFound(words)
    campaign, pupil = row
    return render_template(
        "staff/answering/let_in.html",
        pupil_name=pupil.full_name,
        has_birth_date=pupil.date_of_birth is not None,
        campaign_name=campaign.name,
        action=url_for("answering.let_in", invitation_id=invitation_id),
        back=f"/staff/pupils/{pupil.id}",
    )


@blueprint.post("/staff/invitations/<uuid:invitation_id>/let-in")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER)
def let_in(invitation_id: UUID) -> ResponseReturnValue:
    forgive_tries(web.db(), invitation_id, signed_in().actor, web.now())
    flash("The student can try again now, with the link they have.", "success")
    return redirect(url_for("answering.confirm_let_in", invitation_id=invitation_id), SEE_OTHER)
