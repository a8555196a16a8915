"""The student's own copy, as a page and as a PDF, from the visit that sent the answers."""

from uuid import UUID

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.question_views import OWN_VISIT
from outreach.answering.saving import answers_in
from outreach.answering.sessions import Visit
from outreach.answering.speaking import is_unread, words_in
from outreach.answering.visiting import invitation_of, open_visit, questionnaire_of
from outreach.campaigns.copies import copy_mail, may_ask_for_copy, may_mail_copy, queue_copy
from outreach.documents.rendering import NoFont, render_pdf
from outreach.profiles.copying import OwnCopy, asks_own_words, copy_of, meanings
from outreach.schools.access import public_page
from questionnaires.model import DEFAULT_LANGUAGE


def _sent_visit() -> Visit | None:
    visit = open_visit(even_if_sent=True)
    return visit if visit.is_submitted else None


def _copy(visit: Visit, language: str) -> OwnCopy:
    questionnaire = questionnaire_of(visit)
    answers = answers_in(visit.stored)
    return copy_of(questionnaire, web.parts().library, answers, language)


def _may_mail(visit: Visit, response_id: UUID) -> bool:
    """Only where the link came to the pupil's own mailbox: whoever holds somebody else's slip can
    make the school mail that pupil nothing."""
    if not visit.is_by_mail:
        return False
    invitation = invitation_of(visit)
    return may_ask_for_copy(web.db(), invitation, response_id) and may_mail_copy(
        web.db(), invitation, web.now()
    )


@blueprint.get("/answer/copy")
@public_page(OWN_VISIT)
def own_copy() -> ResponseReturnValue:
    visit = _sent_visit()
    if visit is None or visit.response is None:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    mailed = copy_mail(web.db(), invitation_of(visit), visit.response.id)
    copy = _copy(visit, visit.session.language)
    return render_template(
        "answering/copy.html",
        mailed=mailed,
        may_mail=_may_mail(visit, visit.response.id),
        has_own_words=asks_own_words(questionnaire_of(visit)),
        copy=copy,
        meanings=meanings(copy),
        school_name=visit.school.name,
        reference=visit.response.reference,
        submitted_at=visit.response.submitted_at,
        is_unread=is_unread(questionnaire_of(visit), visit.session.language),
    )


@blueprint.post("/answer/copy")
@public_page(OWN_VISIT)
def mail_own_copy() -> ResponseReturnValue:
    """Mail it to the school address on file, however often this is pressed: again only where it
    cannot arrive."""
    visit = _sent_visit()
    if visit is None or visit.response is None:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    if _may_mail(visit, visit.response.id):
        queue_copy(web.db(), invitation_of(visit), visit.response.id, web.now())
    return redirect(url_for("answering.own_copy"), SEE_OTHER)


@blueprint.get("/answer/copy.pdf")
@public_page(OWN_VISIT)
def own_copy_as_pdf() -> ResponseReturnValue:
    visit = _sent_visit()
    if visit is None or visit.response is None or visit.response.submitted_at is None:
        return redirect(url_for("answering.carry_on"), SEE_OTHER)
    language = visit.session.language
    try:
        made = render_pdf("copy.typ", _document(visit, language))
    except NoFont:  # in English rather than in blanks; a student's own words may hold any script
        made = render_pdf("copy.typ", _document(visit, DEFAULT_LANGUAGE), whatever_fonts=True)
    answer = Response(made, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename="my-answers.pdf")
    return answer


def _document(visit: Visit, language: str) -> dict[str, object]:
    assert visit.response is not None
    assert visit.response.submitted_at is not None
    say, copy = words_in(language), _copy(visit, language)
    return {
        "language": language,
        "direction": say.direction,
        "words": {
            "title": say.plain("copy_title"),
            "lead": say.plain("copy_lead", moment=say.moment(visit.response.submitted_at)),
            "reference": say.plain("reference", reference=visit.response.reference),
            "next": say.plain("copy_next"),
            "who": say.plain("copy_who"),
            "who_text": say.plain("copy_who_text", school=visit.school.name),
            "said": say.plain("copy_said"),
        },
        "meanings": [[say.plain(key), items] for key, items in meanings(copy)],
        "steps": copy.steps,
        "sections": [{"title": one.title, "rows": one.rows} for one in copy.sections],
    }
