"""The button of an alert about a mail domain: its mail is sent again. And what the alert shows."""

from collections.abc import Mapping
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.delivery import pacer_for
from outreach.campaigns.held_showing import Resumed, held_alerts, send_again
from outreach.campaigns.paced_mail import slowed
from outreach.campaigns.views.blueprint import RUNNERS, SEE_OTHER, blueprint
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role


def domains_shown(campaign_id: UUID | None = None) -> Mapping[str, object]:
    """What `staff/campaigns/_held_domains.html` needs, for one campaign or for the school."""
    slow = []
    if campaign_id is not None:
        slow = slowed(web.db(), campaign_id, pacer_for(web.parts()), web.now())
    return {
        "held_domains": held_alerts(web.db(), campaign_id),
        "slowed_domains": slow,
        "held_campaign_id": campaign_id,
        "may_send_again": signed_in().role in (*RUNNERS, Role.IT),
    }


@blueprint.post("/staff/held-domains/<uuid:held_id>/send-again")
@staff_page(*RUNNERS, Role.IT)
def send_held_again(held_id: UUID) -> ResponseReturnValue:
    resumed = send_again(web.db(), held_id, signed_in().actor, web.now())
    flash(_words(resumed), "success" if resumed.queued or resumed.again else "info")
    campaign_id = request.form.get("campaign", type=UUID)
    if campaign_id is not None and signed_in().role in RUNNERS:
        where = url_for("campaigns.show_campaign", campaign_id=campaign_id)
    else:
        where = url_for("it_team.show_sender")
    return redirect(where, SEE_OTHER)


def _words(resumed: Resumed) -> str:
    if not resumed.queued and not resumed.again:
        return "Nothing waits for this domain any more."
    said = []
    if resumed.queued:
        mails = "mail goes" if resumed.queued == 1 else "mails go"
        said.append(f"{resumed.queued:,} held {mails} out now")
    if resumed.again:
        verb = "is" if resumed.again == 1 else "are"
        said.append(f"{resumed.again:,} that had been turned away {verb} sent again")
    return f"{', and '.join(said)}. If their server still turns mail away, the rest is held again."
