"""A school's questionnaires: the list, one of them as students see it, and what may become of it."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.own.library import NotAsStored, is_own
from outreach.campaigns.own.listing import Facts, Listed, facts_of, listed
from outreach.campaigns.own.models import SchoolQuestionnaire
from outreach.campaigns.own.retiring import (
    delete_unused,
    let_stand_in,
    offer_again,
    retire,
    uses,
    versions_of,
)
from outreach.campaigns.own.section_form import read_yaml
from outreach.campaigns.views.blueprint import RUNNERS, SEE_OTHER, blueprint, library_here
from outreach.campaigns.views.reading import ReadQuestionnaire, read_questionnaire
from outreach.errors import NotFound, Refusal
from outreach.schools.access import signed_in, staff_page
from questionnaires.loading import UnknownQuestionnaire


@dataclass(frozen=True)
class ShownVersion:
    number: int
    added_at: datetime | None
    campaigns: int
    """That give it; while there is none it may be deleted."""


@dataclass(frozen=True)
class QuestionnairePage:
    """`fault` is why a stored version cannot be shown; `facts` and `read` are then None."""

    known: Listed
    shown: int
    versions: tuple[ShownVersion, ...]
    base_title: str | None
    facts: Facts | None
    read: ReadQuestionnaire | None
    fault: str | None
    by_form: bool
    """Whether the form can write its next version."""

    @property
    def is_unused(self) -> bool:
        return all(one.campaigns == 0 for one in self.versions if one.number == self.shown)


@blueprint.get("/staff/questionnaires")
@staff_page(*RUNNERS)
def list_questionnaires() -> str:
    published, own = listed(web.db(), library_here())
    return render_template("staff/questionnaires/list.html", published=published, own=own)


@blueprint.get("/staff/questionnaires/<questionnaire>")
@staff_page(*RUNNERS)
def show_questionnaire(questionnaire: str) -> str:
    return render_template("staff/questionnaires/show.html", page=_page(questionnaire))


@blueprint.get("/staff/questionnaires/<questionnaire>/source.yaml")
@staff_page(*RUNNERS)
def download_source(questionnaire: str) -> Response:
    """As it was stored, byte for byte: its hash is what responses pin."""
    rows = versions_of(web.db(), questionnaire)
    asked = request.args.get("version", rows[-1].version, type=int)
    row = next((one for one in rows if one.version == asked), None)
    if row is None:
        raise NotFound("There is no such version.")
    answer = Response(row.source.encode(), mimetype="application/yaml")
    name = f"{row.questionnaire}-v{row.version}.yaml"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.post("/staff/questionnaires/<questionnaire>/change")
@staff_page(*RUNNERS)
def change_questionnaire(questionnaire: str) -> ResponseReturnValue:
    """Retire it, offer it again, or let it stand in for its base."""
    session, actor, now = web.db(), signed_in().actor, web.now()
    versions_of(session, questionnaire)
    back = redirect(url_for("campaigns.show_questionnaire", questionnaire=questionnaire), SEE_OTHER)
    try:
        match request.form.get("do"):
            case "retire":
                retire(session, questionnaire, actor, now)
                words = "Retired: no new campaign can give it. Campaigns that have it go on."
            case "offer":
                offer_again(session, questionnaire, actor, now)
                words = "Offered again to new campaigns."
            case "stand_in":
                let_stand_in(session, questionnaire, actor, now, stands_in=True)
                words = "Campaigns made from now on give it in place of the published one."
            case "stand_back":
                let_stand_in(session, questionnaire, actor, now, stands_in=False)
                words = "Campaigns made from now on give the published one again."
            case _:
                raise Refusal("The page did not say what to do. Open it again, and press a button.")
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
        return back
    flash(words, "success")
    return back


@blueprint.post("/staff/questionnaires/<questionnaire>/delete")
@staff_page(*RUNNERS)
def delete_version(questionnaire: str) -> ResponseReturnValue:
    version = request.form.get("version", 0, type=int)
    try:
        delete_unused(web.db(), questionnaire, version, signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
        shown = url_for("campaigns.show_questionnaire", questionnaire=questionnaire)
        return redirect(shown, SEE_OTHER)
    flash("That version is deleted. No campaign had given it.", "success")
    return redirect(url_for("campaigns.list_questionnaires"), SEE_OTHER)


def _page(id: str) -> QuestionnairePage:
    here = library_here()
    published, own = listed(web.db(), here)
    known = next((one for one in (*published, *own) if one.id == id), None)
    if known is None:
        raise NotFound("There is no such questionnaire.")
    shown = request.args.get("version", known.version, type=int)
    rows = versions_of(web.db(), id) if is_own(id) else []
    facts, read, fault = None, None, None
    try:
        definition = here.get(id, shown)
        facts, read = facts_of(definition), read_questionnaire(definition)
    except NotAsStored as found:
        fault = found.words
    except UnknownQuestionnaire as gone:
        raise NotFound("There is no such version.") from gone
    return QuestionnairePage(
        known=known,
        shown=shown,
        versions=_versions(id, rows, here.versions(id)),
        base_title=_base_title(known, published),
        facts=facts,
        read=read,
        fault=fault,
        by_form=bool(rows and rows[-1].base and read_yaml(rows[-1].source)),
    )


def _versions(
    id: str, rows: list[SchoolQuestionnaire], numbers: tuple[int, ...]
) -> tuple[ShownVersion, ...]:
    """Newest first."""
    used = uses(web.db())
    added = {row.version: row.added_at for row in rows}
    return tuple(
        ShownVersion(number, added.get(number), used.get((id, number), 0))
        for number in reversed(numbers)
    )


def _base_title(known: Listed, published: list[Listed]) -> str | None:
    return next((one.title for one in published if one.id == known.base), known.base)
