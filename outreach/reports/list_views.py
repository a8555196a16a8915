"""The page of lists for others: what each would hold, and the download."""

from collections import Counter
from dataclasses import dataclass

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.errors import Refusal
from outreach.reports.list_files import write_csv
from outreach.reports.lists_for_others import (
    USUAL_YEARS,
    YEARS,
    Barrier,
    ListForOthers,
    Recipient,
    list_for,
    record_export,
    refuse_unless_authorised,
)
from outreach.reports.views import BYTE_ORDER_MARK, DOWNLOADERS, room
from outreach.schools.access import signed_in, staff_page

LABELS = {
    Recipient.LOCAL_AUTHORITY: "For the local authority",
    Recipient.POST_16: "For post-16 providers and careers services",
}


@dataclass(frozen=True)
class YearCount:
    """How many of a year are shared as a whole, and how many not, by what stands against it."""

    year: int
    pupils: int
    whole: int
    objected: int
    not_told: int
    days_run: int


@dataclass(frozen=True)
class ListView:
    recipient: str
    label: str
    is_authority: bool
    years: list[tuple[str, str]]
    chosen: tuple[str, ...]
    counts: list[YearCount]
    error: str | None


@room.get("/staff/lists")
@staff_page(*DOWNLOADERS)
def show_lists() -> str:
    return _page({}, {})


@room.post("/staff/lists")
@staff_page(*DOWNLOADERS)
def download_list() -> ResponseReturnValue:
    """A form that changes nothing but the audit."""
    recipient = next((one for one in Recipient if one.value == request.form.get("to")), None)
    if recipient is None:
        return _page({}, {"": "Choose for whom the list is"}), 422
    field = f"years-{recipient.value}"
    typed = tuple(request.form.getlist(field))
    years = tuple(int(one) for one in typed if one.isdecimal() and len(one) <= 2)
    try:
        listed = list_for(web.db(), web.parts().library, recipient, years, web.now())
    except Refusal as refusal:
        return _page({recipient: typed}, {field: refusal.words}), 422
    record_export(web.db(), listed, signed_in().actor, web.now())
    answer = Response(BYTE_ORDER_MARK + "".join(write_csv(listed)), mimetype="text/csv")
    name = f"{recipient.value.replace('_', '-')}-list.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _page(typed: dict[Recipient, tuple[str, ...]], errors: dict[str, str]) -> str:
    try:
        refuse_unless_authorised(web.db())
    except Refusal as refusal:
        return render_template("staff/reports/lists.html", barred=refusal.words)
    views = [_view(one, typed.get(one), errors.get(f"years-{one.value}")) for one in Recipient]
    return render_template("staff/reports/lists.html", lists=views, errors=errors)


def _view(recipient: Recipient, typed: tuple[str, ...] | None, error: str | None) -> ListView:
    years = tuple(YEARS[recipient])
    listed = list_for(web.db(), web.parts().library, recipient, years, web.now())
    return ListView(
        recipient=recipient.value,
        label=LABELS[recipient],
        is_authority=recipient is Recipient.LOCAL_AUTHORITY,
        years=[(str(year), f"Year {year}") for year in years],
        chosen=tuple(str(year) for year in USUAL_YEARS[recipient]) if typed is None else typed,
        counts=_counts(listed),
        error=error,
    )


def _counts(listed: ListForOthers) -> list[YearCount]:
    """Years that have a pupil; each pupil counts once."""
    found = Counter((one.year, one.barrier) for one in (*listed.rows, *listed.left_out))
    counts = [
        YearCount(
            year=year,
            pupils=sum(count for (its_year, _), count in found.items() if its_year == year),
            whole=found[year, None],
            objected=found[year, Barrier.OBJECTED],
            not_told=found[year, Barrier.NOT_TOLD],
            days_run=found[year, Barrier.DAYS_RUN],
        )
        for year in listed.years
    ]
    return [one for one in counts if one.pupils]
