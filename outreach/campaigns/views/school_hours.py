"""When a school is at work: Monday to Friday, eight to five in London."""

from datetime import datetime, time

from outreach.clock import london

OPENS, CLOSES = time(8), time(17)
SATURDAY = 5


def is_in_school_hours(moment: datetime) -> bool:
    """Holidays are not known here: this warns a person and stops nothing."""
    local = london(moment)
    return local.weekday() < SATURDAY and OPENS <= local.time() < CLOSES
