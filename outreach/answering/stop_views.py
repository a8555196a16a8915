"""The link in a mail's footer that stops mail, and the one-click POST of mail programs."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.campaigns import muting, scanner_alarms, tracking
from outreach.campaigns.links import OpenedLink, open_stop_link
from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.objecting import open_objection
from outreach.schools.access import public_page

SIGNED = "the signed token in the address opens it, and can do nothing but stop mail"
ONE_CLICK = ("List-Unsubscribe", "One-Click")


def _open(token: str) -> OpenedLink:
    return open_stop_link(web.db(), web.parts().signer, token)


def _has_objected(opened: OpenedLink) -> bool:
    """By their own word: a parent's is not told to a student, and does not stand for it."""
    scope, by = ObjectionScope.MAIL, Instructor.PUPIL
    return open_objection(web.db(), opened.pupil.id, scope, by) is not None


@blueprint.get("/stop/<token>")
@public_page(SIGNED)
def stop(token: str) -> ResponseReturnValue:
    """Shows what holds now. Changes nothing (RFC 8058 §3.1: a GET must not unsubscribe)."""
    opened = _open(token)
    return render_template(
        "answering/stop.html",
        token=token,
        school_name=opened.school.name,
        has_objected=_has_objected(opened),
        is_stopped=opened.invitation.mail_stopped_at is not None,
    )


@blueprint.post("/stop/<token>")
@public_page(SIGNED)
def one_click(token: str) -> ResponseReturnValue:
    """RFC 8058 §3.2: a mail server posts this without cookies; no page, no question."""
    opened = _open(token)
    name, value = ONE_CLICK
    if request.form.get(name) != value:
        return "Post List-Unsubscribe=One-Click, or open this address in a browser.\n", 400
    if muting.stop_mail(web.db(), opened.invitation, web.now()):
        agent, client = request.user_agent.string, web.client_address()
        scanner_alarms.note_one_click(web.db(), opened.invitation, agent, client, web.now())
    return "You will get no more mail about this questionnaire.\n", {"Content-Type": "text/plain"}


@blueprint.post("/stop/<token>/mail")
@public_page(SIGNED)
def stop_mail(token: str) -> ResponseReturnValue:
    opened = _open(token)
    muting.stop_mail(web.db(), opened.invitation, web.now())
    scanner_alarms.confirm_stop(web.db(), opened.invitation)
    return redirect(url_for("answering.stop", token=token), SEE_OTHER)


@blueprint.post("/stop/<token>/undo")
@public_page(SIGNED)
def undo_stop_mail(token: str) -> ResponseReturnValue:
    muting.mail_again(web.db(), _open(token).invitation, web.now())
    return redirect(url_for("answering.stop", token=token), SEE_OTHER)


@blueprint.get("/stop/<token>/all")
@public_page(SIGNED)
def confirm_stop_all(token: str) -> ResponseReturnValue:
    opened = _open(token)
    if _has_objected(opened):
        return redirect(url_for("answering.stop", token=token), SEE_OTHER)
    return render_template("answering/stop_all.html", token=token, school_name=opened.school.name)


@blueprint.post("/stop/<token>/all")
@public_page(SIGNED)
def stop_all(token: str) -> ResponseReturnValue:
    """Recorded as the student's objection; staff can lift it when the student asks them to."""
    opened = _open(token)
    tracking.unsubscribe(web.db(), opened.invitation, web.now())
    return redirect(url_for("answering.stop", token=token), SEE_OTHER)
