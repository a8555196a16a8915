"""Term dates and hours of the school, by which reminders go."""

from dataclasses import fields

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role
from outreach.schools.terms import (
    BadCalendar,
    TypedCalendar,
    calendar_of,
    change_calendar,
    typed,
)
from outreach.schools.views.room import room

MAY_SET = (Role.ADMIN, Role.CAREERS_LEADER)
LONGEST = 8000


@room.get("/staff/school/terms")
@staff_page(*MAY_SET)
def show_terms() -> ResponseReturnValue:
    return _form(typed(calendar_of(web.db())), {})


@room.post("/staff/school/terms")
@staff_page(*MAY_SET)
def change_terms() -> ResponseReturnValue:
    names = (field.name for field in fields(TypedCalendar))
    given = TypedCalendar(
        **{name: request.form.get(name, "").replace("\0", "")[:LONGEST] for name in names}
    )
    try:
        changed = change_calendar(web.db(), given, signed_in().actor, web.now())
    except BadCalendar as refusal:
        return _form(given, dict(refusal.faults)), 400
    if changed:
        flash("The calendar was changed. Reminders that have not gone yet follow it.", "success")
    else:
        flash("Nothing was changed.", "info")
    return redirect(url_for("schools.show_terms"), code=303)


def _form(given: TypedCalendar, errors: dict[str, str]) -> str:
    calendar = calendar_of(web.db())
    return render_template(
        "staff/schools/terms.html",
        given=given,
        errors=errors,
        knows_this_year=calendar.knows_year_of(web.now().date()),
    )
