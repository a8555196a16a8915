"""A campaign's results: the page for the cohort, and the download of every response."""

from uuid import UUID

from flask import Blueprint, Flask, Response, render_template

from outreach import audit, web
from outreach.reports.cohort import cohort_of
from outreach.reports.comparing import comparisons
from outreach.reports.exporting import results_of, write_csv
from outreach.reports.small_numbers import FLOOR
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

room = Blueprint("reports", __name__)

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as Windows-1252 when a file is opened by a double click."""

DOWNLOADERS = (Role.ADMIN, Role.CAREERS_LEADER)
"""They see single responses too, and comparisons of groups, which nobody else needs."""


def init_app(app: Flask) -> None:
    from outreach.reports import list_views

    for module in (list_views,):
        assert module.room is room  # importing it is what adds its pages
    app.register_blueprint(room)


@room.get("/staff/campaigns/<uuid:campaign_id>/results")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
def show_results(campaign_id: UUID) -> str:
    may_download = signed_in().role in DOWNLOADERS
    return render_template(
        "staff/reports/results.html",
        cohort=cohort_of(web.db(), web.parts().library, campaign_id, hides_small=not may_download),
        comparisons=comparisons(web.db(), campaign_id) if may_download else (),
        floor=FLOOR,
        may_download=may_download,
    )


@room.get("/staff/campaigns/<uuid:campaign_id>/results.csv")
@staff_page(*DOWNLOADERS)
def download_results(campaign_id: UUID) -> Response:
    """A GET that leaves one audit row and changes nothing else: Law 3 is about students' links."""
    results = results_of(web.db(), web.parts().library, campaign_id)
    rows = list(results.rows)
    audit.record(
        web.db(),
        web.now(),
        signed_in().actor,
        "results.exported",
        "campaign",
        campaign_id,
        format="csv",
        responses=len(rows),
    )
    answer = Response(
        BYTE_ORDER_MARK + "".join(write_csv(results.definitions, rows)), mimetype="text/csv"
    )
    answer.headers.set("Content-Disposition", "attachment", filename=f"results-{campaign_id}.csv")
    return answer
