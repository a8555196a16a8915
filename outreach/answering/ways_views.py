"""Changing over while answering: pages or chat, and the language. No answer is touched by it."""

from dataclasses import replace

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering import sessions
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.landing_views import MODES
from outreach.answering.question_views import OWN_VISIT, asked_question, standing_of
from outreach.answering.sessions import Visit
from outreach.answering.stepping import CHECK, address_of, is_from_check, show_question
from outreach.answering.visiting import open_visit, questionnaire_of
from outreach.schools.access import public_page
from questionnaires.answers import Value


@blueprint.post("/answer/ways")
@public_page(OWN_VISIT)
def change_way() -> ResponseReturnValue:
    """What was typed and not saved yet comes along: it is shown again the other way."""
    visit = _choose(open_visit(even_if_unproven=True), request.form.get("to", ""))
    place = request.args.get("at", "")
    if visit.must_prove or place in {"", CHECK}:
        return redirect(f"/answer/{place}", SEE_OTHER)
    standing = standing_of(visit)
    asked = asked_question(standing.questionnaire, place)
    if not standing.path.may_visit(asked.id):
        return redirect("/answer/", SEE_OTHER)
    saved, typed = standing.answers.get(asked.id), request.form.getlist("answer")
    if set(typed) <= _as_sent(saved):
        return redirect(address_of(asked.id, from_check=is_from_check()), SEE_OTHER)
    return show_question(standing, asked, typed=typed)


@blueprint.get("/answer/ways")
@public_page(OWN_VISIT)
def ways_again() -> ResponseReturnValue:
    """For a browser that was asked to load the address of the button."""
    return redirect("/answer/", SEE_OTHER)


def _choose(visit: Visit, wanted: str) -> Visit:
    """The visit as it is from here on. What is no mode and no language of it changes nothing."""
    offered = {one.code for one in questionnaire_of(visit).offered}
    mode, language = MODES.get(wanted), wanted if wanted in offered else None
    sessions.choose(web.db(), visit, mode=mode, language=language)
    seat = visit.session._replace(
        mode=mode or visit.session.mode, language=language or visit.session.language
    )
    g.language = seat.language
    return replace(visit, session=seat)


def _as_sent(saved: Value) -> set[str]:
    """What a form sends that was not touched since the answer was saved."""
    if isinstance(saved, tuple):
        return {*saved, ""}
    return {"" if saved is None else str(saved), ""}
