"""The page on which a school says how few students a figure may stand for."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.errors import Refusal
from outreach.reports.floor import LEAST, MOST, change_floor, floor_of
from outreach.reports.small_numbers import USUAL_FLOOR
from outreach.reports.views import room
from outreach.schools.access import MAY_CHANGE_SHARING, SHARING, signed_in, staff_page


@room.get("/staff/sharing/small-numbers")
@staff_page(*MAY_CHANGE_SHARING)
def show_floor() -> ResponseReturnValue:
    return _form(str(floor_of(web.db())), {})


@room.post("/staff/sharing/small-numbers")
@staff_page(*MAY_CHANGE_SHARING)
def do_change_floor() -> ResponseReturnValue:
    typed = request.form.get("floor", "").strip()
    try:
        is_changed = change_floor(web.db(), _number(typed), signed_in().actor, web.now())
    except Refusal as refusal:
        return _form(typed, {"floor": refusal.words}), 400
    if is_changed:
        flash("Small numbers were changed. Every page and document obeys from now on.", "success")
    else:
        flash("Nothing was changed.", "info")
    return redirect(SHARING, code=303)


def _number(typed: str) -> int:
    """Out of bounds where it is none, so that one rule refuses both."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else 0


def _form(typed: str, errors: dict[str, str]) -> str:
    return render_template(
        "staff/reports/floor.html",
        typed=typed,
        errors=errors,
        usual=USUAL_FLOOR,
        least=LEAST,
        most=MOST,
    )
