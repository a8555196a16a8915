"""The pages of campaigns, put together: each kind of page has a module of its own."""

from flask import Flask

from outreach.campaigns.views import campaign, lists, previews, resending, steering
from outreach.campaigns.views.blueprint import blueprint

PAGES = (lists, campaign, previews, resending, steering)
"""Imported for their routes."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
