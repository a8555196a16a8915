"""The page on which staff choose who gets the supported version of questionnaires."""

from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.pupils.finding import years_of
from outreach.pupils.supporting import Supportable, choose_supported, supportable
from outreach.pupils.viewing import WHOLE_SCHOOL
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

CHOOSERS = (Role.ADMIN, Role.CAREERS_LEADER)


@dataclass(frozen=True)
class SupportedPage:
    years: tuple[tuple[str, str], ...]
    year: str
    pupils: tuple[Supportable, ...]

    @property
    def suggested(self) -> int:
        return sum(one.is_suggested for one in self.pupils)


@room.get("/staff/pupils/supported")
@staff_page(*CHOOSERS)
def ask_supported() -> str:
    years = years_of(web.db(), WHOLE_SCHOOL)
    asked = request.args.get("year", type=int)
    year = asked if asked in years else next(iter(years), None)
    pupils = [] if year is None else supportable(web.db(), year, web.now())
    return render_template(
        "staff/pupils/supported.html",
        page=SupportedPage(
            years=tuple((str(one), f"Year {one}") for one in years),
            year="" if year is None else str(year),
            pupils=tuple(pupils),
        ),
    )


@room.post("/staff/pupils/supported")
@staff_page(*CHOOSERS)
def save_supported() -> ResponseReturnValue:
    """`among` are the pupils that the page showed: nobody else is changed."""
    added, taken = choose_supported(
        web.db(),
        _ids("pupil"),
        among=_ids("among"),
        staff_id=signed_in().staff_id,
        actor=signed_in().actor,
        now=web.now(),
    )
    flash(
        f"Saved: {added} more, {taken} fewer. It counts from the next launch on: invitations that "
        "have been made keep their questionnaire.",
        "success",
    )
    year = request.form.get("year", type=int)
    return redirect(url_for("pupils.ask_supported", year=year), code=303)


def _ids(name: str) -> set[UUID]:
    """What is no id is passed over."""
    found = set()
    for text in request.form.getlist(name):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found
