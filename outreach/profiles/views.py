"""The page of one pupil."""

from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import audit, web
from outreach.campaigns.stopped_mail import stopped_mail_of
from outreach.errors import NotFound
from outreach.profiles.by_reference import pupil_by_reference
from outreach.profiles.copy_views import mail_own_copy, own_copy
from outreach.profiles.pupil_page import page_of
from outreach.profiles.tutor_page import tutor_page_of
from outreach.pupils.characteristics import Purpose
from outreach.pupils.viewing import seen_here
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

room = Blueprint("profiles", __name__)
STUDENTS_PAGES = (own_copy, mail_own_copy)
"""They stand among the pages of answering: importing their module is what adds them there."""


def init_app(app: Flask) -> None:
    app.register_blueprint(room)


@room.get("/staff/pupils/<uuid:pupil_id>")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER, Role.VIEWER)
def show_pupil(pupil_id: UUID) -> str:
    """A GET that leaves one audit row and changes nothing else: Law 3 is about students' links,
    which scanners follow; this page asks for a signed-in person, and says afterwards who looked.
    """
    person = signed_in()
    if person.role is Role.VIEWER:
        seen = tutor_page_of(web.db(), pupil_id, web.now(), seen_here())
        _record_view(pupil_id, None)
        return render_template("staff/profiles/pupil_for_tutor.html", page=seen)
    purpose = Purpose.GUIDING_PUPIL
    page = page_of(web.db(), web.parts().library, pupil_id, purpose, web.now())
    _record_view(pupil_id, purpose)
    stopped_mail = stopped_mail_of(web.db(), pupil_id, web.now())
    return render_template("staff/profiles/pupil.html", page=page, stopped_mail=stopped_mail)


@room.post("/staff/pupils/by-reference")
@staff_page(Role.ADMIN, Role.CAREERS_LEADER)
def find_by_reference() -> ResponseReturnValue:
    """A form that changes nothing; it comes from the list of pupils, whose search it is."""
    try:
        pupil_id = pupil_by_reference(web.db(), request.form.get("search", ""))
    except NotFound as fault:
        flash(str(fault), "error")
        return redirect(url_for("pupils.list_all"), code=303)
    return redirect(url_for("profiles.show_pupil", pupil_id=pupil_id), code=303)


def _record_view(pupil_id: UUID, purpose: Purpose | None) -> None:
    audit.record(
        web.db(),
        web.now(),
        signed_in().actor,
        "pupil.viewed",
        "pupil",
        pupil_id,
        purpose=purpose.value if purpose else None,
    )
