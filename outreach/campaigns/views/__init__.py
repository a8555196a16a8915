"""The pages of campaigns, put together: each kind of page has a module of its own."""

from flask import Flask

from outreach.campaigns.views import (
    campaign,
    lists,
    own_checking,
    own_writing,
    previews,
    questionnaires,
    resending,
    slips,
    steering,
)
from outreach.campaigns.views.blueprint import blueprint

PAGES = (
    lists,
    campaign,
    previews,
    resending,
    slips,
    steering,
    questionnaires,
    own_writing,
    own_checking,
)
"""Imported for their routes."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
