"""The page for the school's IT team: what to let through, and how. No pupil data."""

from flask import Blueprint, Flask, render_template

from outreach import web
from outreach.it_team.sender import sender_details
from outreach.schools.access import staff_page
from outreach.schools.models import Role

room = Blueprint("it_team", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(room)


@room.get("/staff/it-team")
@staff_page(Role.IT, Role.ADMIN, Role.CAREERS_LEADER, Role.DATA_PROTECTION)
def show_sender() -> str:
    return render_template("it_team/sender.html", sender=sender_details(web.parts().settings))
