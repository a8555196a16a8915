"""A campaign's results: the page for the cohort."""

from uuid import UUID

from flask import Blueprint, Flask, render_template

from outreach import web
from outreach.reports.by_mode import mode_words
from outreach.reports.cohort import cohort_of
from outreach.reports.comparing import comparisons, is_settled
from outreach.reports.responses import Edition
from outreach.reports.sections import sections_of
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

room = Blueprint("reports", __name__)

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as Windows-1252 when a file is opened by a double click."""

DOWNLOADERS = (Role.ADMIN, Role.CAREERS_LEADER)
"""They see single responses too, and comparisons of groups, which nobody else needs."""


def edition_for(role: Role) -> Edition:
    return Edition.LIVE if role in DOWNLOADERS else Edition.COUNTED


def init_app(app: Flask) -> None:
    from outreach.reports import (
        export_views,
        feedback_views,
        floor_views,
        how_far_views,
        list_views,
        paper_views,
    )

    pages = (export_views, feedback_views, floor_views, how_far_views, list_views, paper_views)
    for module in pages:
        assert module.room is room  # importing it is what adds its pages
    app.register_blueprint(room)


@room.get("/staff/campaigns/<uuid:campaign_id>/results")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
def show_results(campaign_id: UUID) -> str:
    """Who may see single responses sees small numbers too; viewers the edition without them."""
    may_download = signed_in().role in DOWNLOADERS
    edition = edition_for(signed_in().role)
    cohort = cohort_of(web.db(), web.parts().library, campaign_id, web.now(), edition=edition)
    compared = comparisons(web.db(), campaign_id, cohort.floor) if may_download else ()
    return render_template(
        "staff/reports/results.html",
        cohort=cohort,
        sections=sections_of(cohort, compared),
        may_download=may_download,
        by_mode=mode_words(web.db(), campaign_id, cohort.floor, edition)
        if may_download or cohort.counted_shown is not None
        else "",
        compares_later=may_download and not is_settled(web.db(), campaign_id),
    )
