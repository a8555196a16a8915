"""The privacy notice, for students and the people who look after them.

Whoever comes by a link or from answering reads which school it is and whom to ask there.
"""

import importlib

from flask import Flask, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import show_unknown_link
from outreach.answering.visiting import remembered_visit
from outreach.campaigns.links import open_notice_link, open_stop_link
from outreach.privacy.notice import Notice, general_notice, notice_of_school
from outreach.privacy.room import room
from outreach.schools.access import public_page
from outreach.signing import BadToken

room.register_error_handler(BadToken, show_unknown_link)


@room.get("/privacy")
@public_page("a notice that anybody may read; it names no person and no school")
def notice() -> ResponseReturnValue:
    return _show(general_notice())


@room.get("/q/<token>/privacy")
@public_page("the signed token says which school; nothing of the pupil is shown")
def notice_of_q(token: str) -> ResponseReturnValue:
    """Also when the link is revoked or the campaign closed: what is kept is kept on."""
    opened = open_notice_link(web.db(), web.parts().signer, token)
    back = url_for("answering.landing", token=token)
    return _show(notice_of_school(web.db(), opened.school.name, back))


@room.get("/stop/<token>/privacy")
@public_page("the signed token says which school; nothing of the pupil is shown")
def notice_of_stop(token: str) -> ResponseReturnValue:
    """What a mail links to: its token can do nothing but stop mail."""
    opened = open_stop_link(web.db(), web.parts().signer, token)
    back = url_for("answering.stop", token=token)
    return _show(notice_of_school(web.db(), opened.school.name, back))


@room.get("/answer/privacy")
@public_page("the visit in the cookie says which school; without one it is the general notice")
def notice_of_visit() -> ResponseReturnValue:
    """Not `open_visit`: reading the notice prolongs no visit and asks for nothing."""
    visit = remembered_visit()
    if visit is None or not visit.is_alive(web.now()):
        return _show(general_notice())
    back = url_for("answering.carry_on")
    return _show(notice_of_school(web.db(), visit.school.name, back))


def _show(shown: Notice) -> str:
    return render_template("answering/privacy.html", notice=shown, school_name=shown.school_name)


def init_app(app: Flask) -> None:
    importlib.import_module("outreach.privacy.sharing_views")  # which adds its pages to the room
    app.register_blueprint(room)
