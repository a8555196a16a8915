"""One question at a time, each answer saved as it is given, then the check of all of them."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering import saving, sessions
from outreach.answering.blueprint import NOT_FOUND, UNPROCESSABLE, blueprint
from outreach.answering.sessions import Visit
from outreach.answering.stepping import Standing, onward, show_check, show_question
from outreach.answering.visiting import (
    AlreadySent,
    invitation_of,
    open_visit,
    questionnaire_of,
    response_of,
)
from outreach.campaigns import tracking
from outreach.schools.access import public_page
from questionnaires.answers import AnswerFault, Value, parse
from questionnaires.model import AskedQuestion, Note, Question, Questionnaire, TextQuestion
from questionnaires.path import walk

OWN_VISIT = "a student has no account: the visit in the cookie opens it"
SKIP = "skip"


def standing_of(visit: Visit) -> Standing:
    questionnaire = questionnaire_of(visit)
    answers = saving.answers_in(visit.stored)
    return Standing(visit, walk(questionnaire, answers), answers)


def asked_question(questionnaire: Questionnaire, question_id: str) -> AskedQuestion:
    try:
        question: Question = questionnaire.question(question_id)
    except KeyError:
        abort(NOT_FOUND)
    if isinstance(question, Note):
        abort(NOT_FOUND)
    return question


@blueprint.get("/answer/")
@public_page(OWN_VISIT)
def carry_on() -> ResponseReturnValue:
    """To the first question that has neither an answer nor a skip."""
    return onward(standing_of(open_visit()))


@blueprint.get("/answer/<question_id>")
@public_page(OWN_VISIT)
def question(question_id: str) -> ResponseReturnValue:
    standing = standing_of(open_visit())
    asked = asked_question(standing.questionnaire, question_id)
    if not standing.path.may_visit(question_id):
        return onward(standing)
    return show_question(standing, asked, saved=standing.answers.get(question_id))


@blueprint.post("/answer/<question_id>")
@public_page(OWN_VISIT)
def answer(question_id: str) -> ResponseReturnValue:
    """Save this answer or skip, whatever was saved before: the latest wins.

    It is taken wherever the question is on the path: another tab may have opened an earlier
    question since this page was shown, and what was typed here must not be lost.
    An answer that cannot be taken is shown again with what to do, as 422, and nothing is lost.
    """
    visit = open_visit()
    standing = standing_of(visit)
    asked = asked_question(standing.questionnaire, question_id)
    if not any(one.id == question_id for one in standing.path.questions):
        return onward(standing)
    sent = request.form.getlist("answer")
    try:
        value = None if request.form.get("action") == SKIP else parse(asked, sent)
    except AnswerFault as fault:
        error = fault.said_in(standing.language, standing.phrases)
        return show_question(standing, asked, typed=sent, error=error), UNPROCESSABLE
    _save(visit, asked, value)
    answers = {**standing.answers, question_id: value}
    return onward(Standing(visit, walk(standing.questionnaire, answers), answers), asked)


def _save(visit: Visit, asked: AskedQuestion, value: Value) -> None:
    """Raises AlreadySent or MustProve where another tab or browser was quicker."""
    if visit.response is None:
        return _save_first(visit, asked, value)
    if isinstance(asked, TextQuestion):
        return _save_text(visit, asked, value)
    if not saving.save_at_once(web.parts().express, visit, asked, value, web.now()):
        raise AlreadySent(visit)
    return None


def _save_text(visit: Visit, asked: TextQuestion, value: Value) -> None:
    """Open text is saved and put before a person in one transaction."""
    seat, response = visit.session, response_of(visit)
    if not saving.save_answer(
        web.db(), response, asked, value, mode=seat.mode, language=seat.language, now=web.now()
    ):
        raise AlreadySent(visit)


def _save_first(visit: Visit, asked: AskedQuestion, value: Value) -> None:
    """The response is made with its first answer, in one transaction."""
    db, now, seat = web.db(), web.now(), visit.session
    invitation = invitation_of(visit)
    response = saving.open_response(db, invitation, seat.language, now)
    if response is None:  # was it another tab of this browser? Then it may go on
        return _save(open_visit(), asked, value)
    sessions.let_see(db, visit, response.id)
    tracking.mark_started(db, invitation, now, has_mail=visit.is_by_mail)
    if not saving.save_answer(
        db, response, asked, value, mode=seat.mode, language=seat.language, now=now
    ):
        raise AlreadySent(visit)
    return None


@blueprint.get("/answer/check")
@public_page(OWN_VISIT)
def check() -> ResponseReturnValue:
    return show_check(standing_of(open_visit()))
