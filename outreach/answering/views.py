"""The pages of answering, gathered: first page, questions, resuming, stopping mail, letting in."""

from flask import Flask

from outreach.answering import (
    accessibility_views,
    again_views,
    beside_views,
    code_views,
    ending_views,
    feedback_views,
    landing_views,
    question_views,
    resuming_views,
    staff_views,
    stop_views,
    ways_views,
)
from outreach.answering.blueprint import blueprint
from outreach.answering.help_lines import help_lines
from outreach.answering.safeguarding import views as safeguarding_views
from outreach.answering.showing import symbols
from outreach.answering.speaking import words_in
from questionnaires.model import DEFAULT_LANGUAGE

VIEWS = (
    accessibility_views,
    beside_views,
    code_views,
    again_views,
    ending_views,
    feedback_views,
    landing_views,
    question_views,
    resuming_views,
    safeguarding_views,
    staff_views,
    stop_views,
    ways_views,
)


def init_app(app: Flask) -> None:
    app.jinja_env.globals["say"] = words_in(DEFAULT_LANGUAGE)  # for the student's layout elsewhere
    app.jinja_env.globals["help_lines"] = help_lines
    app.jinja_env.globals["symbols"] = symbols  # for staff, who see a questionnaire as students do
    app.register_blueprint(blueprint)
