"""Whether the school is at work, by its own calendar. It warns a person and stops nothing."""

from datetime import datetime

from outreach import web
from outreach.schools.terms import calendar_of


def is_in_school_hours(moment: datetime) -> bool:
    return calendar_of(web.db()).is_in_hours(moment)
