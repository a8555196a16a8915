"""Staff open the questions beside one pupil: they are signed out, and the pupil begins."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.opening_beside import find_invited, open_beside, why_not
from outreach.campaigns.links import link_token
from outreach.errors import Refusal
from outreach.pupils.viewing import seen_here
from outreach.schools.access import cookie_secret, signed_in, staff_page
from outreach.schools.models import Role, School
from outreach.schools.sessions import end_session

BESIDE = (Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
CONFLICT = 409


@blueprint.get("/staff/invitations/<uuid:invitation_id>/beside")
@staff_page(*BESIDE)
def confirm_beside(invitation_id: UUID) -> ResponseReturnValue:
    return _confirmation(invitation_id)


@blueprint.post("/staff/invitations/<uuid:invitation_id>/beside")
@staff_page(*BESIDE)
def go_beside(invitation_id: UUID) -> ResponseReturnValue:
    """The pupil sits at this browser from here on: no staff page may be reached from it."""
    db, now, person = web.db(), web.now(), signed_in()
    invitation, campaign, _pupil = find_invited(db, invitation_id, seen_here())
    try:
        link = open_beside(db, invitation, campaign, person.staff_id, now)
    except Refusal:
        return _confirmation(invitation_id), CONFLICT
    school = db.get_one(School, person.school_id)
    end_session(db, cookie_secret(), now)
    web.start_fresh_session()
    token = link_token(web.parts().signer, school.key, link.id)
    return redirect(url_for("answering.landing", token=token), SEE_OTHER)


def _confirmation(invitation_id: UUID) -> str:
    invitation, campaign, pupil = find_invited(web.db(), invitation_id, seen_here())
    return render_template(
        "staff/answering/beside.html",
        pupil_name=pupil.full_name,
        campaign_name=campaign.name,
        has_begun=invitation.started_at is not None,
        has_birth_date=pupil.date_of_birth is not None,
        refused=why_not(web.db(), invitation, campaign, web.now()),
        back=f"/staff/pupils/{pupil.id}",
    )
