"""The accessibility statement, for everybody."""

from flask import render_template
from flask.typing import ResponseReturnValue

from outreach.answering.blueprint import blueprint
from outreach.schools.access import public_page


@blueprint.get("/accessibility")
@public_page("a statement that anybody may read; it names nobody")
def accessibility() -> ResponseReturnValue:
    return render_template("answering/accessibility.html")
