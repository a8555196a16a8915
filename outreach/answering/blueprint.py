"""The answering room's blueprint, and the plain page for each thing that stands in the way."""

import zlib
from uuid import UUID

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.again import AnsweredThisYear
from outreach.answering.speaking import Words, words_in
from outreach.answering.visiting import KEY as VISIT_KEY
from outreach.answering.visiting import (
    AlreadySent,
    MustProve,
    TurnedDown,
    VisitOver,
    remembered_visit,
)
from outreach.campaigns.links import LinkGone
from outreach.database import school_of
from outreach.schools.contacts import contacts_of
from outreach.schools.models import School
from outreach.signing import BadToken
from questionnaires.model import DEFAULT_LANGUAGE

blueprint = Blueprint("answering", __name__)

NOT_FOUND, FORBIDDEN, GONE, UNPROCESSABLE = 404, 403, 410, 422
SEE_OTHER = 303
"""After every POST: reloading the page that follows sends nothing again."""


GZIP_LEVEL, WITH_GZIP_HEADER = 4, 31
GENERAL_NOTICE = "/privacy"
STATEMENT = "/accessibility"


def notice_address() -> str:
    """The notice that names the school, for whoever came by a link; else the one for anybody."""
    token = (request.view_args or {}).get("token")
    if token is not None and request.blueprint == blueprint.name:
        return url_for(f"privacy.notice_of_{request.path.split('/')[1]}", token=token)
    is_answering = request.path.startswith("/answer/") and VISIT_KEY in cookie
    return "/answer/privacy" if is_answering else GENERAL_NOTICE


def _notice(address: str) -> dict[str, object]:
    say = spoken()
    links = [(say("privacy_notice"), address), (say("accessibility"), STATEMENT)]
    return {"notice_address": address, "footer_links": links}


def spoken() -> Words:
    """The words of this page: those of the visit, or what its address asks for."""
    asked = g.get("language") or request.args.get("language", DEFAULT_LANGUAGE)
    return words_in(asked)


@blueprint.after_request
def _compress(response: Response) -> Response:
    """What the app would do for any page, in a quarter of the time: these are asked for most."""
    is_page = response.mimetype == "text/html" and not response.is_streamed
    headers = response.headers
    if is_page and "gzip" in request.headers.get("Accept-Encoding", ""):
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, WITH_GZIP_HEADER)
        response.set_data(packer.compress(response.get_data()) + packer.flush())
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    return response


@blueprint.context_processor
def _frame() -> dict[str, object]:
    say = spoken()
    return {
        "say": say,
        "is_unread": not say.is_by_a_person,
        "said_in": None if say.language == DEFAULT_LANGUAGE else say.language,
        **_notice(notice_address()),
    }


@blueprint.errorhandler(BadToken)
def show_unknown_link(_fault: BadToken) -> ResponseReturnValue:
    return render_template("answering/link_unknown.html", **_notice(GENERAL_NOTICE)), NOT_FOUND


@blueprint.errorhandler(LinkGone)
def _show_gone(fault: LinkGone) -> ResponseReturnValue:
    """A browser in the middle of answering is told that its answers so far are kept."""
    page = f"answering/link_{fault.reason.value}.html"
    was_answering = "token" not in (request.view_args or {})
    words = {
        "school_name": fault.school_name,
        "was_answering": was_answering,
        "was_sent": fault.was_sent,
    }
    return render_template(page, **words), GONE


@blueprint.errorhandler(VisitOver)
def _show_over(_fault: VisitOver) -> ResponseReturnValue:
    return render_template("answering/visit_over.html"), FORBIDDEN


@blueprint.errorhandler(TurnedDown)
def _show_turned_down(_fault: TurnedDown) -> ResponseReturnValue:
    return render_template("answering/visit_turned_down.html"), FORBIDDEN


@blueprint.errorhandler(AlreadySent)
def _show_already_sent(fault: AlreadySent) -> ResponseReturnValue:
    has_receipt = not fault.visit.must_prove
    return render_template(
        "answering/already_sent.html",
        school_name=fault.visit.school.name,
        has_receipt=has_receipt,
    )


@blueprint.errorhandler(AnsweredThisYear)
def _show_answered_this_year(fault: AnsweredThisYear) -> ResponseReturnValue:
    db = web.db()
    return render_template(
        "answering/answered_this_year.html",
        school_name=db.get_one(School, school_of(db)).name,
        contacts=contacts_of(db),
        has_copy=_is_copy_here(fault.pupil_id),
    )


def _is_copy_here(pupil_id: UUID) -> bool:
    """Whether this browser sent this student's answers, and may still show them."""
    kept = cookie.get(VISIT_KEY)
    if kept is None or kept["school"] != str(school_of(web.db())):
        return False
    visit = remembered_visit()
    if visit is None or visit.invitation.pupil_id != pupil_id:
        return False
    return visit.is_alive(web.now()) and visit.is_submitted and not visit.must_prove


@blueprint.errorhandler(MustProve)
def _ask_birthday(_fault: MustProve) -> ResponseReturnValue:
    return redirect(url_for("answering.ask_birthday"), SEE_OTHER)
