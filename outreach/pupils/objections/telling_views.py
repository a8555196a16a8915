"""Recording that parents and pupils of some years were told of a sharing, or taking that back."""

from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.clock import london_date
from outreach.pupils.objections.forms import TellingForm, read_telling, typed
from outreach.pupils.objections.rules import SCOPE_LABELS
from outreach.pupils.objections.telling import (
    DAYS_TO_OBJECT,
    FIRST_YEAR,
    LAST_YEAR,
    SCOPES,
    TellingRefused,
    take_back,
    tell,
    tellings_of,
)
from outreach.pupils.objections.views import KEEPERS
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page


@room.get("/staff/objections/told")
@staff_page(*KEEPERS)
def show_tellings() -> str:
    today = london_date(web.now())
    return _tellings_page(TellingForm("", (), typed(today)), {})


@room.post("/staff/objections/told")
@staff_page(*KEEPERS)
def change_tellings() -> ResponseReturnValue:
    if request.form.get("do") == "take_back":
        window_id = request.form.get("window", type=UUID)
        if window_id is None:
            abort(404)
        take_back(web.db(), window_id, signed_in().staff_id, web.now())
        flash("The record is taken back. Those years no longer count as told by it.", "success")
        return redirect(url_for("pupils.show_tellings"), code=303)
    form = read_telling(request.form)
    errors = form.faults()
    if not errors:
        try:
            _tell(form)
        except TellingRefused as refusal:
            errors = refusal.faults
    if errors:
        return _tellings_page(form, errors), 422
    return redirect(url_for("pupils.show_tellings"), code=303)


def _tell(form: TellingForm) -> None:
    told_on, scope = form.day, form.chosen_scope
    assert scope is not None
    assert told_on is not None
    tell(web.db(), scope, form.chosen_years, told_on, signed_in().staff_id, web.now())
    flash("It is on record. What they may object to is shared once the days are over.", "success")


def _tellings_page(form: TellingForm, errors: dict[str, str]) -> str:
    return render_template(
        "staff/pupils/objections_told.html",
        form=form,
        errors=errors,
        tellings=tellings_of(web.db()),
        scopes=[(scope.value, SCOPE_LABELS[scope]) for scope in SCOPES],
        scope_labels=SCOPE_LABELS,
        years=[(str(year), f"Year {year}") for year in range(FIRST_YEAR, LAST_YEAR + 1)],
        days=DAYS_TO_OBJECT,
        today=london_date(web.now()),
    )
