"""Uploading a roster: check the file and its columns, read its faults, import it, confirm a drop."""

from collections.abc import Sequence
from typing import TypedDict

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from outreach import web
from outreach.errors import Refusal
from outreach.pupils.roster.fault_list import receive, write_faults
from outreach.pupils.roster.form import ReceivedFile, receive_file
from outreach.pupils.roster.import_report import DropRefused, NothingImported
from outreach.pupils.roster.importing import import_roster
from outreach.pupils.roster.page import RosterPage, reported
from outreach.pupils.roster.past_imports import PastImport, past_imports
from outreach.pupils.roster.uploads import Upload, forget_uploads, keep_upload
from outreach.pupils.sources.columns import HeaderFault
from outreach.pupils.sources.making import CALLED
from outreach.pupils.sources.previewing import ColumnPreview, preview_columns
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.sealing import UPLOADS, Sealer
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

MAY_IMPORT = (Role.ADMIN, Role.CAREERS_LEADER)
ROW_NAMES = ("row", "pupil")


@room.get("/staff/roster")
@staff_page(*MAY_IMPORT)
def show_roster() -> ResponseReturnValue:
    return _page(RosterPage())


@room.post("/staff/roster")
@staff_page(*MAY_IMPORT)
def take_roster() -> ResponseReturnValue:
    is_full = "is_full" in request.form
    dry_run = request.form.get("do") != "import"
    chosen = request.files.get("roster")
    staff_id = signed_in().staff_id
    try:
        file = receive_file(web.db(), _sealer(), staff_id, chosen, request.form, web.now())
    except Refusal as refusal:
        return _page(RosterPage(is_full=is_full, errors={"roster": refusal.words})), 422
    try:
        report = import_roster(
            web.db(),
            file.content,
            is_full=is_full,
            confirm_drop="confirm_drop" in request.form,
            dry_run=dry_run,
            staff_id=staff_id,
            now=web.now(),
            columns=file.columns,
        )
    except Refusal as refusal:
        return _page(_refused(file, refusal, is_full=is_full)), 422
    if dry_run:
        return _page(reported(report, **_kept(file)))
    forget_uploads(web.db(), staff_id)
    return _page(reported(report, was_imported=True))


@room.post("/staff/roster/faults")
@staff_page(*MAY_IMPORT)
def download_faults() -> ResponseReturnValue:
    """The list that the page carries, as a file. It was never kept here."""
    row_name = request.form.get("row_name", "")
    content = write_faults(
        receive(request.form.get("faults", "")), row_name if row_name in ROW_NAMES else "row"
    )
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="roster-faults.csv"'},
    )


def _refused(file: ReceivedFile, refusal: Refusal, *, is_full: bool) -> RosterPage:
    """The page says what is wrong. The file is kept where it may yet be taken as it is."""
    match refusal:
        case DropRefused():
            return reported(refusal.report, drop_words=refusal.words, **_kept(file))
        case NothingImported():
            return reported(refusal.report, errors={"roster": refusal.words}, **_kept(file))
        case HeaderFault() if preview_columns(file.content, file.columns):
            return RosterPage(is_full=is_full, errors={"columns": refusal.words}, **_kept(file))
        case _:
            return RosterPage(is_full=is_full, errors={"roster": refusal.words})


class _Kept(TypedDict):
    upload: Upload
    columns: Sequence[ColumnPreview]


def _kept(file: ReceivedFile) -> _Kept:
    """What the next press of a button needs: the file, and what its columns are taken to be."""
    upload = file.kept or keep_upload(
        web.db(), _sealer(), signed_in().staff_id, file.name, file.content, web.now()
    )
    return {"upload": upload, "columns": preview_columns(file.content, file.columns)}


def _sealer() -> Sealer:
    return Sealer(web.parts().settings.secret_keys, UPLOADS)


def _page(page: RosterPage) -> str:
    past: list[PastImport] = past_imports(web.db())
    connection = connection_of(web.db())
    return render_template(
        "staff/pupils/roster.html",
        page=page,
        past=past,
        errors=page.errors,
        system=CALLED[connection.kind] if connection else None,
    )
