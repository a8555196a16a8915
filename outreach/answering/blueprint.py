"""The answering room's blueprint, and the plain page for each thing that stands in the way."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach.answering.visiting import AlreadySent, MustProve, TurnedDown, VisitOver
from outreach.campaigns.links import LinkGone
from outreach.signing import BadToken

blueprint = Blueprint("answering", __name__)

NOT_FOUND, FORBIDDEN, GONE, UNPROCESSABLE = 404, 403, 410, 422
SEE_OTHER = 303
"""After every POST: reloading the page that follows sends nothing again."""


@blueprint.context_processor
def _footer() -> dict[str, object]:
    return {"footer_links": [("Privacy notice", "/privacy")]}


@blueprint.errorhandler(BadToken)
def _show_unknown_link(_fault: BadToken) -> ResponseReturnValue:
    return render_template("answering/link_unknown.html"), NOT_FOUND


@blueprint.errorhandler(LinkGone)
def _show_gone(fault: LinkGone) -> ResponseReturnValue:
    """A browser in the middle of answering is told that its answers so far are kept."""
    page = f"answering/link_{fault.reason.value}.html"
    was_answering = "token" not in (request.view_args or {})
    words = {"school_name": fault.school_name, "was_answering": was_answering}
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


@blueprint.errorhandler(MustProve)
def _ask_birthday(_fault: MustProve) -> ResponseReturnValue:
    return redirect(url_for("answering.ask_birthday"), SEE_OTHER)
