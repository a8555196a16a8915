"""The blueprint that every page of this room belongs to."""

from flask import Blueprint

room = Blueprint("privacy", __name__)
