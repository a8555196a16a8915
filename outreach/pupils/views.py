"""Pages of the pupils' room: the blueprint, and which of its requests may be large."""

from typing import Any

from flask import Blueprint, Flask, request, session

from outreach.pupils.sources.file_roster import LARGEST_FILE
from outreach.schools.access import COOKIE_KEY

room = Blueprint("pupils", __name__)

LARGEST_FORM = 2_000_000
"""Enough to carry a page's list of faults back and forth."""

ROOM_FOR_FORM = 100_000


@room.url_value_preprocessor
def permit_large_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Runs before anything reads the form. The app's limit is far below a school's roster.

    A stranger keeps that limit: nothing large is read for somebody who is not signed in.
    """
    if COOKIE_KEY not in session:
        return
    if endpoint == "pupils.take_roster":
        request.max_content_length = LARGEST_FILE + ROOM_FOR_FORM
    elif endpoint == "pupils.download_faults":
        request.max_content_length = request.max_form_memory_size = LARGEST_FORM


def init_app(app: Flask) -> None:
    from outreach.pupils import limiting_views, pupil_views, supporting_views
    from outreach.pupils.objections import telling_views
    from outreach.pupils.objections import views as objection_views
    from outreach.pupils.reach import views as reach_views
    from outreach.pupils.roster import views as roster_views
    from outreach.pupils.sync import hook_views
    from outreach.pupils.sync import views as source_views

    pages = (
        hook_views,
        limiting_views,
        objection_views,
        pupil_views,
        reach_views,
        roster_views,
        source_views,
        supporting_views,
        telling_views,
    )
    for module in pages:
        assert module.room is room  # importing it is what adds its pages
    app.register_blueprint(room)
