"""What a person decides about mail that has stopped: for one pupil, or for all that a scanner clicked."""

from uuid import UUID

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns import scanner_alarms
from outreach.campaigns.scanner_models import Decision
from outreach.campaigns.stopped_mail import mail_address_again, mail_questionnaire_again
from outreach.campaigns.views.blueprint import RUNNERS, SEE_OTHER, blueprint, campaign_of
from outreach.pupils.finding import get_pupil
from outreach.pupils.models import AddressKind
from outreach.schools.access import signed_in, staff_page

BAD_REQUEST = 400


@blueprint.post("/staff/pupils/<uuid:pupil_id>/mail-again")
@staff_page(*RUNNERS)
def mail_pupil_again(pupil_id: UUID) -> ResponseReturnValue:
    pupil = get_pupil(web.db(), pupil_id)
    kind = request.form.get("kind", type=AddressKind) or abort(BAD_REQUEST)
    if mail_address_again(web.db(), pupil.id, kind, signed_in().actor, web.now()):
        flash("Mail may go to that address again.", "success")
    return redirect(url_for("profiles.show_pupil", pupil_id=pupil.id), SEE_OTHER)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/pupils/<uuid:pupil_id>/mail-again")
@staff_page(*RUNNERS)
def mail_about_it_again(campaign_id: UUID, pupil_id: UUID) -> ResponseReturnValue:
    pupil = get_pupil(web.db(), pupil_id)
    by = signed_in().actor
    if mail_questionnaire_again(web.db(), campaign_of(campaign_id).id, pupil.id, by, web.now()):
        flash("They get mail about this questionnaire again.", "success")
    return redirect(url_for("profiles.show_pupil", pupil_id=pupil.id), SEE_OTHER)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/scanner/<uuid:alarm_id>")
@staff_page(*RUNNERS)
def decide_scanner_alarm(campaign_id: UUID, alarm_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    what = request.form.get("decision", type=Decision) or abort(BAD_REQUEST)
    by = signed_in().actor
    count = scanner_alarms.decide(web.db(), campaign.id, alarm_id, what, by, web.now())
    if what is Decision.UNDONE and count:
        flash(f"Mail goes to {count} of them again.", "success")
    elif what is Decision.LEFT and count:
        flash("They stay without mail about this questionnaire.", "success")
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign.id), SEE_OTHER)
