"""The pages of answering, gathered: first page, questions, resuming, stopping mail, letting in."""

from flask import Flask

from outreach.answering import (
    landing_views,
    question_views,
    resuming_views,
    staff_views,
    stop_views,
)
from outreach.answering.blueprint import blueprint

VIEWS = (landing_views, question_views, resuming_views, staff_views, stop_views)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
