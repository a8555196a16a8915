"""Writing a school's own questions: by a form, or as YAML, chosen from a file or pasted."""

from dataclasses import dataclass, field

from flask import render_template, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.own.adding import NOT_TO_ASK
from outreach.campaigns.own.library import is_own
from outreach.campaigns.own.listing import in_order
from outreach.campaigns.own.retiring import versions_of
from outreach.campaigns.own.section_form import (
    KINDS,
    SHOWN_FIRST,
    SectionForm,
    faults_of_form,
    read_section_form,
    read_yaml,
    write_yaml,
)
from outreach.campaigns.views.blueprint import RUNNERS, UNPROCESSABLE, blueprint, library_here
from outreach.campaigns.views.own_checking import (
    NO_REFERENCE,
    Checked,
    check_source,
    show_preview,
)
from outreach.errors import NotFound
from outreach.schools.access import staff_page
from questionnaires.extras import MOST_QUESTIONS
from questionnaires.model import DEFAULT_LANGUAGE

PASTED = "The text"
LONGEST_FILE_NAME = 100
NO_SUCH_BASE = "Choose at least one questionnaire from the list"


@dataclass(frozen=True)
class Written:
    """YAML as it was chosen or pasted."""

    content: bytes = field(repr=False)
    name: str
    extends: str
    pasted: str = field(repr=False)


@blueprint.get("/staff/questionnaires/questions")
@staff_page(*RUNNERS)
def ask_section() -> ResponseReturnValue:
    """`like`: the newest version of one of the school's own fills the form."""
    like = request.args.get("like")
    if like is None:
        base = request.args.get("base")
        return _section_page(SectionForm(), [base] if base else [])
    latest = versions_of(web.db(), like)[-1]
    typed = read_yaml(latest.source) if latest.base else None
    if typed is None or latest.base is None:
        return _definition_page(_stored(like))
    return _section_page(typed, [latest.base])


@blueprint.post("/staff/questionnaires/questions")
@staff_page(*RUNNERS)
def check_section() -> ResponseReturnValue:
    typed = read_section_form(request.form)
    bases = list(dict.fromkeys(request.form.getlist("extends")))
    match request.form.get("do"):
        case "change":
            return _section_page(typed, bases)
        case "more":
            return _section_page(typed, bases, more=SHOWN_FIRST)
    errors = {} if bases and set(bases) <= set(_bases()) else {"extends": NO_SUCH_BASE}
    errors |= faults_of_form(typed)
    if errors:
        return _section_page(typed, bases, errors), UNPROCESSABLE
    content = write_yaml(typed)
    checked = check_source(content, "Your questions", bases)
    if not checked.is_well:
        errors = {"": checked.refused or "The questions have faults: see the table"}
        return _section_page(typed, bases, errors, checked), UNPROCESSABLE
    return show_preview(checked, content, "Your questions", bases)


@blueprint.get("/staff/questionnaires/load")
@staff_page(*RUNNERS)
def ask_definition() -> str:
    like = request.args.get("like")
    if like is None:
        return _definition_page(Written(b"", PASTED, request.args.get("base", NO_REFERENCE), ""))
    return _definition_page(_stored(like))


@blueprint.post("/staff/questionnaires/load")
@staff_page(*RUNNERS)
def check_definition() -> ResponseReturnValue:
    given = _given()
    if request.form.get("do") == "change":
        return _definition_page(given)
    if given.extends != NO_REFERENCE and given.extends not in _bases():
        return _definition_page(given, {"extends": "Choose from the list"}), UNPROCESSABLE
    if not given.content.strip():
        errors = {"file": "Choose a file, or paste its text below"}
        return _definition_page(given, errors), UNPROCESSABLE
    checked = check_source(given.content, given.name, [given.extends])
    if not checked.is_well:
        errors = {"": checked.refused or "Nothing was stored: mend the faults in the table first"}
        return _definition_page(given, errors, checked), UNPROCESSABLE
    carried = [("origin", "load"), ("paste", given.content.decode())]
    return show_preview(checked, given.content, given.name, [given.extends], carried=carried)


def _given() -> Written:
    """A file comes before pasted text; browsers paste lines with CR LF, which files do not have."""
    extends = request.form.get("extends", NO_REFERENCE)
    pasted = request.form.get("paste", "").replace("\r\n", "\n")
    file = request.files.get("file")
    if file is not None and file.filename:
        name = "".join(mark for mark in file.filename if mark.isprintable())
        content = file.read()
        return Written(content, name[-LONGEST_FILE_NAME:], extends, _as_text(content) or pasted)
    return Written(pasted.encode(), PASTED, extends, pasted)


def _as_text(content: bytes) -> str:
    """So that a faulty file can be mended on the page; nothing for what is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _stored(like: str) -> Written:
    latest = versions_of(web.db(), like)[-1]
    return Written(b"", PASTED, latest.base or NO_REFERENCE, latest.source)


def _bases() -> dict[str, str]:
    """Published questionnaires that questions can be added to, by id."""
    found = in_order(library_here().published)
    return {one.id: one.title.in_(DEFAULT_LANGUAGE) for one in found if not is_own(one.id)}


def _section_page(
    typed: SectionForm,
    bases: list[str],
    errors: dict[str, str] | None = None,
    checked: Checked | None = None,
    *,
    more: int = 0,
) -> str:
    known = _bases()
    if any(base not in known for base in bases) and not errors:
        raise NotFound("There is no such published questionnaire.")
    return render_template(
        "staff/questionnaires/questions.html",
        typed=typed.with_room(more),
        most=MOST_QUESTIONS,
        kinds=tuple(KINDS.items()),
        bases=tuple(known.items()),
        chosen=bases,
        checked=checked or Checked(),
        not_to_ask=NOT_TO_ASK,
        errors=errors or {},
    )


def _definition_page(
    given: Written, errors: dict[str, str] | None = None, checked: Checked | None = None
) -> str:
    whole = (NO_REFERENCE, "A whole questionnaire")
    after = ((id, f"Questions after “{title}”") for id, title in _bases().items())
    return render_template(
        "staff/questionnaires/load.html",
        given=given,
        kinds=(whole, *after),
        checked=checked or Checked(),
        not_to_ask=NOT_TO_ASK,
        errors=errors or {},
    )
