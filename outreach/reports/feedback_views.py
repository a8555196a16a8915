"""The page on how easy students found a campaign's questionnaire."""

from uuid import UUID

from flask import render_template

from outreach import web
from outreach.reports.feedback import EASE_WORDS, feedback_of
from outreach.reports.views import room
from outreach.schools.access import staff_page
from outreach.schools.models import Role


@room.get("/staff/campaigns/<uuid:campaign_id>/feedback")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
def show_feedback(campaign_id: UUID) -> str:
    return render_template(
        "staff/reports/feedback.html",
        page=feedback_of(web.db(), campaign_id),
        eases=list(EASE_WORDS.values()),
        here=f"/staff/campaigns/{campaign_id}",
    )
