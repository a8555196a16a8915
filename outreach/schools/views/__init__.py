"""The pages of this room, one module for each kind: the front door, staff, contacts, audit."""

from flask import Flask

from outreach.schools import access
from outreach.schools.views import audit, contacts, front_door, passwords, staff, terms
from outreach.schools.views.room import room

__all__ = ["audit", "contacts", "front_door", "passwords", "staff", "terms"]


def init_app(app: Flask) -> None:
    access.init_app(app)
    app.register_blueprint(room)
