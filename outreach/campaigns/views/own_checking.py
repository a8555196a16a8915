"""The step between writing a school's own questions and storing them: faults, or a preview.

Nothing is kept in between: the page carries what was written, and it is checked anew when stored.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.own.adding import NOT_TO_ASK, Licence, Proposed, add, propose
from outreach.campaigns.own.listing import Facts, facts_of
from outreach.campaigns.own.section_form import questions_to_agree_with, read_section_form
from outreach.campaigns.views.blueprint import (
    CONFLICT,
    RUNNERS,
    SEE_OTHER,
    UNPROCESSABLE,
    blueprint,
    library_here,
)
from outreach.campaigns.views.reading import ReadQuestionnaire, read_questionnaire
from outreach.errors import Refusal
from outreach.schools.access import signed_in, staff_page
from questionnaires.faults import DefinitionFaults, Fault

LICENCES = (
    (Licence.OWN_WORDS.value, "We wrote these words ourselves"),
    (Licence.HELD.value, "Somebody else wrote them, and we hold a licence to use them"),
)
NOT_SAID = "Say whose words these are"
CONFIRMED = "yes"
NOT_CONFIRMED = "Read the questions once more, and tick that none of them asks for this"
LONGEST_MINUTES = 10
"""A student has about so long; above it the page says that fewer will finish."""
NO_REFERENCE = ""
"""`extends` of a whole questionnaire."""

CARRIED = ("origin", "paste", "key", "title", "intro")
"""Fields of both forms that the page carries, beside those of each question."""


@dataclass(frozen=True)
class Preview:
    """One questionnaire as it would be stored. `read` holds only what is new where it has a base."""

    title: str
    id: str
    version: int
    after: str | None
    facts: Facts
    read: ReadQuestionnaire

    @property
    def is_long(self) -> bool:
        return self.facts.minutes > LONGEST_MINUTES


@dataclass(frozen=True)
class Checked:
    """What came of a check: previews, or the faults, or one reason why not."""

    proposed: tuple[Proposed, ...] = ()
    faults: tuple[Fault, ...] = ()
    refused: str | None = None

    @property
    def is_well(self) -> bool:
        return bool(self.proposed)


def check_source(content: bytes, name: str, extends: Sequence[str]) -> Checked:
    """For each of `extends`; the faults of the first that has any."""
    proposed = []
    for base in extends:
        try:
            made = propose(web.db(), library_here(), content, name, extends=base or None)
        except DefinitionFaults as found:
            return Checked(faults=found.faults)
        except Refusal as refusal:
            return Checked(refused=refusal.words)
        proposed.append(made)
    return Checked(proposed=tuple(proposed))


def show_preview(
    checked: Checked,
    content: bytes,
    name: str,
    extends: Sequence[str],
    errors: dict[str, str] | None = None,
    carried: Sequence[tuple[str, str]] | None = None,
) -> str:
    """Before it is stored: what students will see, and whose words it is."""
    return render_template(
        "staff/questionnaires/check.html",
        previews=[_preview(one) for one in checked.proposed],
        packed=base64.b64encode(content).decode(),
        file_name=name,
        extends=extends,
        questions_to_agree_with=questions_to_agree_with(read_section_form(request.form)),
        carried=_carried() if carried is None else carried,
        licences=LICENCES,
        licence=request.form.get("licence"),
        not_to_ask=NOT_TO_ASK,
        confirmed=request.form.getlist("asks_nothing_guarded"),
        errors=errors or {},
        change=url_for(_origin()),
    )


@blueprint.post("/staff/questionnaires/store")
@staff_page(*RUNNERS)
def store_questionnaire() -> ResponseReturnValue:
    """What the preview showed, checked once more."""
    content = _unpacked(request.form.get("packed", ""))
    name = request.form.get("file_name", "The file")
    extends = list(dict.fromkeys(request.form.getlist("extends"))) or [NO_REFERENCE]
    checked = check_source(content, name, extends)
    if not checked.is_well:
        return _show_faults(checked), UNPROCESSABLE
    errors = {}
    if request.form.get("asks_nothing_guarded") != CONFIRMED:
        errors["asks_nothing_guarded"] = NOT_CONFIRMED
    try:
        licence = Licence(request.form.get("licence", ""))
    except ValueError:
        errors["licence"] = NOT_SAID
    if errors:
        return show_preview(checked, content, name, extends, errors), UNPROCESSABLE
    try:
        rows = [
            add(web.db(), one, licence, signed_in().actor, web.now(), asks_nothing_guarded=True)
            for one in checked.proposed
        ]
    except Refusal as refusal:
        web.roll_back_request()
        return _show_faults(replace(checked, proposed=(), refused=refusal.words)), CONFLICT
    flash("Stored. New campaigns can give it from now on; nobody is mailed by this.", "success")
    return redirect(
        url_for("campaigns.show_questionnaire", questionnaire=rows[0].questionnaire), SEE_OTHER
    )


def _show_faults(checked: Checked) -> str:
    """On a page of their own, where the form that led here is not at hand."""
    return render_template(
        "staff/questionnaires/faults.html",
        checked=checked,
        errors={"": checked.refused or "Nothing was stored: mend the faults first"},
        back=url_for(_origin()),
    )


def _preview(proposed: Proposed) -> Preview:
    made, base = proposed.questionnaire, proposed.base
    read = read_questionnaire(made)
    if base is not None:
        read = replace(read, sections=read.sections[-1:])
    return Preview(
        title=proposed.title,
        id=made.id,
        version=made.version,
        after=base.title.in_("en") if base else None,
        facts=facts_of(made),
        read=read,
    )


def _carried() -> list[tuple[str, str]]:
    """Every field of the form that led here, so that it can be changed without writing it again."""
    of_questions = ("text-", "kind-", "options-", "key-")
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name in CARRIED or name.startswith(of_questions)
    ]


def _origin() -> str:
    is_form = request.form.get("origin") == "form"
    return "campaigns.ask_section" if is_form else "campaigns.ask_definition"


def _unpacked(packed: str) -> bytes:
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return b""
