"""The Data sharing page: what is in force, a page that says what a change does, the printed annex."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from outreach import web
from outreach.clock import london_date
from outreach.privacy.room import room
from outreach.privacy.sharing_page import CHOICES, check_page, sharing_page, what_is_mailed
from outreach.privacy.sharing_table import sharing_table
from outreach.pupils.sync.permission import connection_in_force
from outreach.pupils.sync.switching import switch_sharing
from outreach.schools.access import MAY_CHANGE_SHARING, signed_in, staff_page
from outreach.schools.models import Connection, Role
from outreach.schools.sharing import (
    BadChange,
    ChangedMeanwhile,
    SharingChanges,
    agreement,
    checked_days,
    in_force,
)
from outreach.schools.staffing import staff_member
from outreach.schools.switches import switch_names

MAY_SEE = (Role.ADMIN, Role.DATA_PROTECTION, Role.CAREERS_LEADER)


@room.get("/staff/sharing")
@staff_page(*MAY_SEE)
def show_sharing() -> ResponseReturnValue:
    return _page({})


def _page(errors: dict[str, str]) -> str:
    return render_template(
        "staff/privacy/sharing.html",
        page=sharing_page(web.db()),
        may_change=signed_in().role in MAY_CHANGE_SHARING,
        errors=errors,
        typed=request.args,
    )


@room.get("/staff/sharing/annex")
@staff_page(*MAY_SEE)
def show_annex() -> ResponseReturnValue:
    """The same table, to print or to keep as a PDF beside the impact assessment."""
    return render_template(
        "documents/dpia_annex.html",
        table=sharing_table(web.db()),
        school=signed_in().school_name,
        in_force=connection_in_force(web.db()),
        deletion_days=agreement(web.db()).deletion_days,
        today=london_date(web.now()),
    )


@room.get("/staff/sharing/check")
@staff_page(*MAY_CHANGE_SHARING)
def check_sharing() -> ResponseReturnValue:
    """Says what the change would do. It is a page to look at, and changes nothing."""
    try:
        changes = _changes(request.args)
    except BadChange as refusal:
        return _page({"deletion_days": refusal.words}), 422
    page = check_page(web.db(), changes)
    if not page.moves:
        flash("Nothing was changed, because you chose what is in force already.", "info")
        return redirect(url_for("privacy.show_sharing"))
    return render_template(
        "staff/privacy/check_sharing.html", page=page, seen=request.args.get("seen", "")
    )


@room.post("/staff/sharing")
@staff_page(*MAY_CHANGE_SHARING)
def do_change_sharing() -> ResponseReturnValue:
    by = staff_member(web.db(), signed_in().staff_id)
    try:
        switched = switch_sharing(
            web.db(),
            _changes(request.form),
            by,
            web.now(),
            seen=_seen(request.form),
            why=request.form.get("why"),
        )
    except (ChangedMeanwhile, BadChange) as refusal:
        flash(refusal.words, "error")
        return redirect(url_for("privacy.show_sharing"), code=303)
    if switched.moved:
        stricter = SharingChanges(connection=connection_in_force(web.db()))
        words = what_is_mailed(in_force(agreement(web.db()), stricter))
        flash(f"Sharing was changed. {words}", "success")
    if switched.asked_source:
        flash("The whole roster is being fetched again, with what is shared from now on.", "info")
    return redirect(url_for("privacy.show_sharing"), code=303)


def _changes(given: MultiDict[str, str]) -> SharingChanges:
    chosen = given.get("connection", "")
    switches = {name: _switch(given.get(name)) for name in switch_names()}
    return SharingChanges(
        connection=Connection(chosen) if chosen in {c.value for c in CHOICES} else None,
        student_email=_switch(given.get("student_email")),
        work_email=_switch(given.get("work_email")),
        home_email=_switch(given.get("home_email")),
        deletion_days=_days(given.get("deletion_days", "")),
        switches={name: is_on for name, is_on in switches.items() if is_on is not None},
    )


def _switch(text: str | None) -> bool | None:
    return {"on": True, "off": False}.get(text or "")


def _days(typed: str) -> int | None:
    """None where the field was not on the page, or was left empty."""
    typed = typed.strip()
    if not typed:
        return None
    days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
    return checked_days(days)


def _seen(form: MultiDict[str, str]) -> datetime:
    """When sharing had last been changed, as the person's page showed it."""
    try:
        return datetime.fromisoformat(form.get("seen", ""))
    except ValueError:
        raise ChangedMeanwhile("The page was not complete. Look at the settings again.") from None
