"""The switches of a school: what is in force, a page that says what a change does, the history."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from outreach import web
from outreach.schools.access import signed_in, staff_page
from outreach.schools.contacts import contacts_of
from outreach.schools.models import Connection, Role, SharingAgreement
from outreach.schools.sharing import (
    ChangedMeanwhile,
    InForce,
    Move,
    SharingChanges,
    agreement,
    change_sharing,
    history,
    in_force,
    moves_of,
    written,
)
from outreach.schools.staffing import staff_member
from outreach.schools.views.room import room
from outreach.schools.views.words import SETTING_WORDS

MAY_CHANGE = (Role.ADMIN, Role.DATA_PROTECTION)
CHOICES = (Connection.AUTHORISED, Connection.PAUSED, Connection.REVOKED)
SHOWN_CHANGES = 100


@dataclass(frozen=True)
class SettingView:
    """One setting: what it is now, and what there is to choose."""

    field: str
    name: str
    value: str
    value_name: str
    does: str
    options: list[tuple[str, str, str]]


@dataclass(frozen=True)
class ChangeView:
    """One line of the history."""

    at: datetime
    who: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class MoveView:
    """One setting that is about to move, and what that does."""

    field: str
    name: str
    before: str
    after: str
    value: str
    does: str


@room.get("/staff/sharing")
@staff_page(Role.ADMIN, Role.DATA_PROTECTION, Role.CAREERS_LEADER)
def show_sharing() -> ResponseReturnValue:
    current = agreement(web.db())
    return render_template(
        "staff/schools/sharing.html",
        settings=[_setting_view(field, current) for field in SETTING_WORDS],
        summary=what_is_mailed(in_force(current)),
        may_change=signed_in().role in MAY_CHANGE,
        seen=current.changed_at.isoformat(),
        changed_at=current.changed_at,
        contacts=contacts_of(web.db()),
        history=[
            ChangeView(
                past.at,
                past.staff_name,
                SETTING_WORDS[past.setting].name,
                SETTING_WORDS[past.setting].value_names[past.before],
                SETTING_WORDS[past.setting].value_names[past.after],
            )
            for past in history(web.db(), SHOWN_CHANGES)
        ],
    )


def _setting_view(field: str, current: SharingAgreement) -> SettingView:
    words = SETTING_WORDS[field]
    value = written(getattr(current, field))
    values = [c.value for c in CHOICES] if field == "connection" else ["on", "off"]
    return SettingView(
        field=field,
        name=words.name,
        value=value,
        value_name=words.value_names[value],
        does=words.does[value],
        options=[(each, words.value_names[each], words.does[each]) for each in values],
    )


def what_is_mailed(current: InForce) -> str:
    """The four settings together, in one sentence."""
    if current.connection is not Connection.AUTHORISED:
        return "No mail goes to students, because the connection is not authorised."
    if not current.student_email:
        return "No mail goes to students, because student email is off."
    match current.work_email, current.home_email:
        case True, True:
            return (
                "Mail goes to each student's school address, and to a private address only where "
                "there is no valid school address."
            )
        case True, False:
            return "Mail goes to school addresses only."
        case False, True:
            return "Mail goes to private addresses only."
        case _:
            return "No mail goes to students, because both kinds of address are off."


@room.get("/staff/sharing/check")
@staff_page(*MAY_CHANGE)
def check_sharing() -> ResponseReturnValue:
    """Says what the change would do. It is a page to look at, and changes nothing."""
    current = agreement(web.db())
    changes = _changes(request.args)
    moves = moves_of(current, changes)
    if not moves:
        flash("Nothing was changed, because you chose what is in force already.", "info")
        return redirect(url_for("schools.show_sharing"))
    return render_template(
        "staff/schools/check_sharing.html",
        moves=[_move_view(move) for move in moves],
        summary=what_is_mailed(in_force(current, changes)),
        seen=request.args.get("seen", ""),
    )


def _move_view(move: Move) -> MoveView:
    words = SETTING_WORDS[move.setting]
    return MoveView(
        field=move.setting,
        name=words.name,
        before=words.value_names[move.before],
        after=words.value_names[move.after],
        value=move.after,
        does=words.does[move.after],
    )


@room.post("/staff/sharing")
@staff_page(*MAY_CHANGE)
def do_change_sharing() -> ResponseReturnValue:
    by = staff_member(web.db(), signed_in().staff_id)
    try:
        moved = change_sharing(
            web.db(), _changes(request.form), by, web.now(), seen=_seen(request.form)
        )
    except ChangedMeanwhile as refusal:
        flash(refusal.words, "error")
        return redirect(url_for("schools.show_sharing"), code=303)
    if moved:
        words = what_is_mailed(in_force(agreement(web.db())))
        flash(f"Sharing was changed. {words}", "success")
    return redirect(url_for("schools.show_sharing"), code=303)


def _changes(given: MultiDict[str, str]) -> SharingChanges:
    chosen = given.get("connection", "")
    return SharingChanges(
        connection=Connection(chosen) if chosen in {c.value for c in CHOICES} else None,
        student_email=_switch(given.get("student_email")),
        work_email=_switch(given.get("work_email")),
        home_email=_switch(given.get("home_email")),
    )


def _switch(text: str | None) -> bool | None:
    return {"on": True, "off": False}.get(text or "")


def _seen(form: MultiDict[str, str]) -> datetime:
    """When sharing had last been changed, as the person's page showed it."""
    try:
        return datetime.fromisoformat(form.get("seen", ""))
    except ValueError:
        raise ChangedMeanwhile("The page was not complete. Look at the settings again.") from None
