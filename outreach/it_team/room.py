"""The blueprint that every page of this room is on, and who may do what there."""

from flask import Blueprint

from outreach.schools.models import Role

room = Blueprint("it_team", __name__)

MAY_CHANGE = (Role.IT, Role.ADMIN)
MAY_READ = (*MAY_CHANGE, Role.CAREERS_LEADER, Role.DATA_PROTECTION)
