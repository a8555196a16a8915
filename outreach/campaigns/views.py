"""The pages of campaigns, put together: each kind of page has a module of its own."""

from flask import Flask

from outreach.campaigns import (
    campaign_views,
    list_views,
    preview_views,
    resending_views,
    steering_views,
)
from outreach.campaigns.blueprint import blueprint

PAGES = (list_views, campaign_views, preview_views, steering_views, resending_views)
"""Imported for their routes."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
