"""The page on how far students came through a campaign's questionnaire."""

from uuid import UUID

from flask import render_template

from outreach import web
from outreach.reports.how_far import how_far
from outreach.reports.views import DOWNLOADERS, room
from outreach.schools.access import staff_page


@room.get("/staff/campaigns/<uuid:campaign_id>/how-far")
@staff_page(*DOWNLOADERS)
def show_how_far(campaign_id: UUID) -> str:
    """For those who may read single responses: the figures move with each answer."""
    return render_template(
        "staff/reports/how_far.html",
        page=how_far(web.db(), web.parts().library, campaign_id),
        here=f"/staff/campaigns/{campaign_id}",
    )
