"""The pages of the safeguarding lead: what waits to be read, one of it, and “I have acted”."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.safeguarding.reading import (
    LONGEST_NOTE,
    flags_to_read,
    mark_acted,
    read_flag,
)
from outreach.errors import Refusal
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role
from outreach.schools.safeguarding import has_lead

READERS = (Role.SAFEGUARDING, Role.ADMIN)


@blueprint.get("/staff/safeguarding")
@staff_page(*READERS)
def list_flags() -> str:
    return render_template(
        "staff/safeguarding/list.html",
        flags=flags_to_read(web.db(), web.now()),
        has_lead=has_lead(web.db()),
        may_add=signed_in().role is Role.ADMIN,
    )


@blueprint.get("/staff/safeguarding/<uuid:flag_id>")
@staff_page(*READERS)
def show_flag(flag_id: UUID) -> str:
    """A GET that leaves one audit row: who read a child's words is itself a record to keep."""
    return _page(flag_id, "", {})


@blueprint.post("/staff/safeguarding/<uuid:flag_id>")
@staff_page(*READERS)
def do_act(flag_id: UUID) -> ResponseReturnValue:
    note = request.form.get("note", "")
    written_at = request.form.get("written_at", "")
    try:
        mark_acted(web.db(), flag_id, written_at, note, signed_in().actor, web.now())
    except Refusal as refusal:
        return _page(flag_id, note, {"note": refusal.words}), 400
    flash("Marked as read and acted upon.", "success")
    return redirect(url_for("answering.list_flags"), SEE_OTHER)


def _page(flag_id: UUID, note: str, errors: dict[str, str]) -> str:
    page = read_flag(web.db(), web.parts().library, flag_id, signed_in().actor, web.now())
    return render_template(
        "staff/safeguarding/flag.html",
        page=page,
        note=note,
        most=LONGEST_NOTE,
        errors=errors,
    )
