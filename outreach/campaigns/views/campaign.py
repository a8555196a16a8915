"""One campaign: its draft or its progress, and the lists of pupils behind every number."""

from dataclasses import replace
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.models import Campaign
from outreach.campaigns.return_paths import sees_returned_mail
from outreach.campaigns.scanner_alarms import open_alarms
from outreach.campaigns.trying_out import latest_test
from outreach.campaigns.views.alerts import alerts_of, no_work_alert
from outreach.campaigns.views.blueprint import (
    READERS,
    SEE_OTHER,
    before_number,
    blueprint,
    campaign_of,
    library_here,
    may_run,
    page_asked,
)
from outreach.campaigns.views.by_group import WITHOUT_GROUP, invited_groups
from outreach.campaigns.views.confirming import steps_from
from outreach.campaigns.views.held_domains import domains_shown
from outreach.campaigns.views.invited import draft_page, invited_page
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.narrowing import (
    FILTERS,
    Filter,
    known_filter,
    mail_options,
    reason_options,
    state_options,
)
from outreach.campaigns.views.reminders import reminders_view
from outreach.campaigns.views.showing import draft_audience, progress_view
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.viewing import is_reader_limited, may_read_why, seen_here
from outreach.schools.access import signed_in, staff_page


@blueprint.get("/staff/campaigns/<uuid:campaign_id>")
@staff_page(*READERS)
def show_campaign(campaign_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is None:
        return _show_draft(campaign)
    return render_template(
        "staff/campaigns/progress.html",
        view=progress_view(web.db(), library_here(), campaign, web.now(), seen_here()),
        alerts=alerts_of(web.db(), library_here(), campaign),
        no_work=no_work_alert(web.parts(), campaign, web.now()),
        scanners=open_alarms(web.db(), campaign.id),
        sees_returned_mail=sees_returned_mail(web.parts().settings),
        reminders=reminders_view(web.db(), campaign, web.now()),
        steps=steps_from(campaign.state) if may_run() else (),
        may_run=may_run(),
        is_limited=is_reader_limited(),
        shows_why=may_read_why(),
        **(domains_shown(campaign_id) if may_run() else {}),
    )


def _show_draft(campaign: Campaign) -> str:
    return render_template(
        "staff/campaigns/draft.html",
        heading=heading_of(campaign, library_here()),
        audience=draft_audience(web.db(), campaign, web.now()),
        alerts=alerts_of(web.db(), library_here(), campaign),
        reminders=reminders_view(web.db(), campaign, web.now()),
        test=latest_test(web.db(), campaign, signed_in().account_id),
        may_run=may_run(),
        shows_why=may_read_why(),
    )


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/progress")
@staff_page(*READERS)
def show_progress(campaign_id: UUID) -> ResponseReturnValue:
    """The numbers alone, for the page's script to put in place of older ones."""
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is None:
        return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
    view = progress_view(web.db(), library_here(), campaign, web.now(), seen_here())
    return render_template(
        "staff/campaigns/_progress.html",
        view=view,
        no_work=no_work_alert(web.parts(), campaign, web.now()),
        may_run=may_run(),
        is_limited=is_reader_limited(),
        shows_why=may_read_why(),
    )


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/audience")
@staff_page(*READERS)
def list_audience(campaign_id: UUID) -> ResponseReturnValue:
    """Who a draft would ask. After the launch the list of invitations has taken its place."""
    campaign = campaign_of(campaign_id)
    shows_why = may_read_why()
    reason = request.args.get("reason", type=Reason) if shows_why else None
    if campaign.launched_at is not None:
        asked = reason.value if reason else None
        where = url_for("campaigns.list_invited", campaign_id=campaign_id, reason=asked)
        return redirect(where, SEE_OTHER)
    return render_template(
        "staff/campaigns/audience.html",
        heading=heading_of(campaign, library_here()),
        page=draft_page(web.db(), campaign, reason, page_asked(), web.now(), seen_here()),
        reason=reason,
        is_limited=is_reader_limited(),
        shows_why=shows_why,
        before_number=before_number({"reason": reason.value} if reason else {}),
    )


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/pupils")
@staff_page(*READERS)
def list_invited(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is None:
        return redirect(url_for("campaigns.list_audience", campaign_id=campaign_id), SEE_OTHER)
    heading = heading_of(campaign, library_here())
    groups = invited_groups(web.db(), campaign, web.now(), seen_here())
    narrowed = known_filter(
        Filter(**{name: request.args.get(name, "").replace("\0", "") for name in FILTERS})
    )
    shows_why = may_read_why()
    if not shows_why:
        narrowed = replace(narrowed, reason="", cause="")
    return render_template(
        "staff/campaigns/pupils.html",
        heading=heading,
        page=invited_page(web.db(), campaign, narrowed, page_asked(), web.now(), seen_here()),
        narrowed=narrowed,
        before_number=before_number(narrowed.query()),
        states=state_options(),
        mails=mail_options(),
        reasons=reason_options(),
        groups=[
            ("", "All"),
            *((one.key, one.words) for one in groups),
            (WITHOUT_GROUP, WITHOUT_GROUP),
        ],
        may_run=may_run() and not heading.is_over,
        is_limited=is_reader_limited(),
        shows_why=shows_why,
    )
