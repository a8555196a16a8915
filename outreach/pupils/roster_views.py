"""Uploading a roster: check the file, read what is wrong with it, import it, confirm a drop."""

from dataclasses import dataclass, field

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from outreach import web
from outreach.errors import Refusal
from outreach.pupils.fault_list import MOST_CARRIED, carry, receive, write_faults
from outreach.pupils.importing import DropRefused, ImportReport, NothingImported, import_roster
from outreach.pupils.past_imports import PastImport, past_imports
from outreach.pupils.sources.records import CellFault
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

MAY_IMPORT = (Role.ADMIN, Role.CAREERS_LEADER)
MOST_SHOWN = 200


@dataclass(frozen=True)
class FaultTable:
    """Faults as the page shows them, and the same, and more, to download."""

    total: int
    shown: list[CellFault]
    carried: str
    carried_count: int


@dataclass(frozen=True)
class RosterPage:
    report: ImportReport | None = None
    rejected: FaultTable | None = None
    warnings: FaultTable | None = None
    was_imported: bool = False
    drop_words: str | None = None
    is_full: bool = False
    errors: dict[str, str] = field(default_factory=dict)


@room.get("/staff/roster")
@staff_page(*MAY_IMPORT)
def show_roster() -> ResponseReturnValue:
    return _page(RosterPage())


@room.post("/staff/roster")
@staff_page(*MAY_IMPORT)
def take_roster() -> ResponseReturnValue:
    is_full = "is_full" in request.form
    dry_run = request.form.get("do") != "import"
    uploaded = request.files.get("roster")
    if uploaded is None or not uploaded.filename:
        words = "Choose the CSV file to check or import."
        return _page(RosterPage(is_full=is_full, errors={"roster": words})), 422
    try:
        report = import_roster(
            web.db(),
            uploaded.read(),
            source="csv",
            is_full=is_full,
            confirm_drop="confirm_drop" in request.form,
            dry_run=dry_run,
            staff_id=signed_in().staff_id,
            now=web.now(),
        )
    except DropRefused as refusal:
        return _page(_reported(refusal.report, drop_words=refusal.words)), 422
    except NothingImported as refusal:
        return _page(_reported(refusal.report, errors={"roster": refusal.words})), 422
    except Refusal as refusal:
        return _page(RosterPage(is_full=is_full, errors={"roster": refusal.words})), 422
    return _page(_reported(report, was_imported=not dry_run))


@room.post("/staff/roster/faults")
@staff_page(*MAY_IMPORT)
def download_faults() -> ResponseReturnValue:
    """The list that the page carries, as a file. It was never kept here."""
    content = write_faults(receive(request.form.get("faults", "")))
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="roster-faults.csv"'},
    )


def _reported(
    report: ImportReport,
    *,
    was_imported: bool = False,
    drop_words: str | None = None,
    errors: dict[str, str] | None = None,
) -> RosterPage:
    return RosterPage(
        report=report,
        rejected=_table(report.rejected),
        warnings=_table(report.warnings),
        was_imported=was_imported,
        drop_words=drop_words,
        is_full=report.is_full,
        errors=errors or ({"confirm_drop": drop_words} if drop_words else {}),
    )


def _table(faults: list[CellFault]) -> FaultTable | None:
    if not faults:
        return None
    carried_count = min(len(faults), MOST_CARRIED)
    return FaultTable(len(faults), faults[:MOST_SHOWN], carry(faults), carried_count)


def _page(page: RosterPage) -> str:
    past: list[PastImport] = past_imports(web.db())
    return render_template("staff/pupils/roster.html", page=page, past=past, errors=page.errors)
