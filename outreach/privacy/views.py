"""The public privacy notice, for students and the people who look after them."""

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from outreach.schools.access import public_page

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
@public_page("a notice that anybody may read; it names no person and no school")
def notice() -> ResponseReturnValue:
    return render_template("answering/privacy.html")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
