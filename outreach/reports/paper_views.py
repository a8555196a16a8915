"""A campaign's results beyond its own page: over the years, and on paper for governors."""

from uuid import UUID

from flask import Response, render_template, request

from outreach import audit, web
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.pinning import definitions_of
from outreach.reports.floor import floor_of
from outreach.reports.governors import file_name, governors_pdf
from outreach.reports.over_time import over_time
from outreach.reports.over_time_sections import over_time_sections
from outreach.reports.views import DOWNLOADERS, edition_for, room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role


@room.get("/staff/campaigns/<uuid:campaign_id>/results/years")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
def show_years(campaign_id: UUID) -> str:
    """Small numbers are in none of it, whoever reads; what moves it differs."""
    campaign = find_campaign(web.db(), campaign_id)
    found = over_time(
        web.db(),
        definitions_of(web.db(), web.parts().library, campaign_id),
        floor_of(web.db()),
        edition_for(signed_in().role),
        request.args.get("measure"),
    )
    return render_template(
        "staff/reports/years.html",
        campaign=campaign,
        found=found,
        sections=over_time_sections(found),
        measures=[(one.key, one.label) for one in found.measures],
    )


@room.get("/staff/campaigns/<uuid:campaign_id>/results.pdf")
@staff_page(*DOWNLOADERS)
def download_for_governors(campaign_id: UUID) -> Response:
    """Leaves one audit row and changes nothing else. It leaves the school: small numbers do not."""
    school, now = signed_in().school_name, web.now()
    campaign = find_campaign(web.db(), campaign_id)
    made = governors_pdf(web.db(), web.parts().library, campaign_id, school, now)
    audit.record(
        web.db(), now, signed_in().actor, "results.printed", "campaign", campaign_id, format="pdf"
    )
    answer = Response(made, mimetype="application/pdf")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=file_name(school, campaign.name)
    )
    return answer
