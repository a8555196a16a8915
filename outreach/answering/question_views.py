"""One question a page, each answer saved as it is given, then check, submit and receipt."""

from collections.abc import Sequence

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering import saving, sessions, submitting, visiting
from outreach.answering.blueprint import NOT_FOUND, SEE_OTHER, UNPROCESSABLE, blueprint
from outreach.answering.models import Mode
from outreach.answering.sessions import Visit
from outreach.answering.showing import check_page, question_page
from outreach.answering.visiting import AlreadySent, open_visit, questionnaire_of
from outreach.campaigns import tracking
from outreach.schools.access import public_page
from questionnaires.answers import AnswerFault, Value, parse
from questionnaires.model import DEFAULT_LANGUAGE, AskedQuestion, Note, Question, Questionnaire
from questionnaires.path import Path, walk

OWN_VISIT = "a student has no account: the visit in the cookie opens it"
SKIP = "skip"
CHECK = "check"


def _answers(visit: Visit, questionnaire: Questionnaire) -> dict[str, Value]:
    if visit.response is None:
        return {}
    return saving.answers_of(web.db(), visit.response, questionnaire)


def _asked(questionnaire: Questionnaire, question_id: str) -> AskedQuestion:
    try:
        question: Question = questionnaire.question(question_id)
    except KeyError:
        abort(NOT_FOUND)
    if isinstance(question, Note):
        abort(NOT_FOUND)
    return question


def _is_from_check() -> bool:
    return request.args.get("from") == CHECK


def _onward(path: Path, answered: AskedQuestion | None = None) -> ResponseReturnValue:
    """After Continue, the next question, or an earlier one that another tab has opened;
    after a Change, what is still missing; else the check."""
    following = path.next_to_answer
    if answered is not None and not _is_from_check() and path.may_visit(answered.id):
        following = _next_asked(path, answered)
    if following is None:
        return redirect(url_for("answering.check"), SEE_OTHER)
    return redirect(_address_of(following.id, _is_from_check()), SEE_OTHER)


def _next_asked(path: Path, answered: AskedQuestion) -> AskedQuestion | None:
    following = path.after(answered.id)
    while isinstance(following, Note):
        following = path.after(following.id)
    return following


def _address_of(question_id: str, from_check: bool) -> str:
    address = url_for("answering.question", question_id=question_id)
    return f"{address}?from={CHECK}" if from_check else address


@blueprint.get("/answer/")
@public_page(OWN_VISIT)
def carry_on() -> ResponseReturnValue:
    """To the first question that has neither an answer nor a skip."""
    visit = open_visit()
    questionnaire = questionnaire_of(visit)
    return _onward(walk(questionnaire, _answers(visit, questionnaire)))


@blueprint.get("/answer/<question_id>")
@public_page(OWN_VISIT)
def question(question_id: str) -> ResponseReturnValue:
    visit = open_visit()
    questionnaire = questionnaire_of(visit)
    asked = _asked(questionnaire, question_id)
    answers = _answers(visit, questionnaire)
    path = walk(questionnaire, answers)
    if not path.may_visit(question_id):
        return _onward(path)
    return _show(visit, path, asked, saved=answers.get(question_id))


def _show(
    visit: Visit,
    path: Path,
    asked: AskedQuestion,
    *,
    saved: Value = None,
    typed: Sequence[str] | None = None,
    error: str | None = None,
) -> str:
    page = question_page(path, asked, DEFAULT_LANGUAGE, saved=saved, typed=typed)
    back = url_for("answering.question", question_id=page.before) if page.before else None
    if _is_from_check():
        back = url_for("answering.check")
    return render_template(
        "answering/question.html",
        page=page,
        school_name=visit.school.name,
        action=_address_of(asked.id, _is_from_check()),
        back=back,
        errors={"answer": error} if error else {},
    )


@blueprint.post("/answer/<question_id>")
@public_page(OWN_VISIT)
def answer(question_id: str) -> ResponseReturnValue:
    """Save this answer or skip, whatever was saved before: the latest wins.

    It is taken wherever the question is on the path: another tab may have opened an earlier
    question since this page was shown, and what was typed here must not be lost.
    An answer that cannot be taken is shown again with what to do, as 422, and nothing is lost.
    """
    visit = open_visit()
    questionnaire = questionnaire_of(visit)
    asked = _asked(questionnaire, question_id)
    answers = _answers(visit, questionnaire)
    path = walk(questionnaire, answers)
    if asked not in path.asked:
        return _onward(path)
    sent = request.form.getlist("answer")
    try:
        value = None if request.form.get("action") == SKIP else parse(asked, sent)
    except AnswerFault as fault:
        return _show(visit, path, asked, typed=sent, error=fault.message), UNPROCESSABLE
    _save(visit, asked, value)
    answers[question_id] = value
    return _onward(walk(questionnaire, answers), asked)


def _save(visit: Visit, asked: AskedQuestion, value: Value) -> None:
    """Raises AlreadySent or MustProve where another tab or browser was quicker."""
    db, now = web.db(), web.now()
    response = visit.response
    if response is None:
        response = saving.open_response(db, visit.invitation, DEFAULT_LANGUAGE, now)
        if response is None:
            db.refresh(visit.session)  # was it another tab of this browser? Then it may go on
            return _save(open_visit(), asked, value)
        visit.session.may_see_answers = True
        tracking.mark_started(db, visit.invitation, now)
    mode = Mode.PAGES
    if not saving.save_answer(
        db, response, asked, value, mode=mode, language=DEFAULT_LANGUAGE, now=now
    ):
        raise AlreadySent(visit)
    return None


@blueprint.get("/answer/check")
@public_page(OWN_VISIT)
def check() -> ResponseReturnValue:
    visit = open_visit()
    questionnaire = questionnaire_of(visit)
    answers = _answers(visit, questionnaire)
    path = walk(questionnaire, answers)
    following = path.next_to_answer
    return render_template(
        "answering/check.html",
        page=check_page(path, answers, DEFAULT_LANGUAGE),
        school_name=visit.school.name,
        next_url=_address_of(following.id, True) if following else None,
    )


@blueprint.post("/answer/submit")
@public_page(OWN_VISIT)
def submit() -> ResponseReturnValue:
    """Send once. A second press, or a second tab, is led to the same receipt."""
    visit = open_visit(even_if_sent=True)
    receipt = redirect(url_for("answering.receipt"), SEE_OTHER)
    if visit.is_submitted:
        return receipt
    if visit.response is None:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    gap = submitting.first_gap(web.db(), visit.response, questionnaire_of(visit))
    if gap is not None:
        return redirect(_address_of(gap.id, True), SEE_OTHER)
    submitting.submit(web.db(), visit.response, web.now())
    return receipt


@blueprint.get("/answer/submit")
@public_page(OWN_VISIT)
def submit_again() -> ResponseReturnValue:
    """For a browser that was asked to load the address of the button."""
    return redirect(url_for("answering.check"), SEE_OTHER)


@blueprint.get("/answer/receipt")
@public_page(OWN_VISIT)
def receipt() -> ResponseReturnValue:
    visit = open_visit(even_if_sent=True)
    if visit.response is None or not visit.is_submitted:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    return render_template(
        "answering/receipt.html",
        school_name=visit.school.name,
        reference=visit.response.reference,
        submitted_at=visit.response.submitted_at,
    )


@blueprint.get("/answer/sign-out")
@public_page(OWN_VISIT)
def confirm_sign_out() -> ResponseReturnValue:
    visit = open_visit(even_if_sent=True, even_if_unproven=True)
    return render_template(
        "answering/sign_out.html", school_name=visit.school.name, is_sent=visit.is_submitted
    )


@blueprint.post("/answer/sign-out")
@public_page(OWN_VISIT)
def sign_out() -> ResponseReturnValue:
    visit = visiting.remembered_visit(web.db())
    if visit is not None:
        sessions.end(visit, web.now())
    web.start_fresh_session()
    session.modified = True
    return redirect(url_for("answering.signed_out"), SEE_OTHER)


@blueprint.get("/answer/signed-out")
@public_page("says only that somebody has signed out")
def signed_out() -> ResponseReturnValue:
    return render_template("answering/signed_out.html")
