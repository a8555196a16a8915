"""The pages of campaigns, put together: each kind of page has a module of its own."""

from flask import Flask

from outreach.campaigns.views import (
    addresses,
    campaign,
    chat,
    held_domains,
    lists,
    new_links,
    own_checking,
    own_writing,
    previews,
    provider_hooks,
    pupil,
    questionnaires,
    reminders,
    resending,
    slips,
    steering,
    stopped_mail,
    words,
)
from outreach.campaigns.views.blueprint import blueprint

PAGES = (
    lists,
    campaign,
    chat,
    previews,
    words,
    reminders,
    pupil,
    addresses,
    new_links,
    resending,
    held_domains,
    slips,
    steering,
    questionnaires,
    own_writing,
    own_checking,
    provider_hooks,
    stopped_mail,
)
"""Imported for their routes."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
