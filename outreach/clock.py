"""Time: UTC inside, Europe/London outside, and the school's academic year."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Anything that answers with an aware datetime in UTC; tests pass their own."""

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    return datetime.now(UTC)


def london(moment: datetime) -> datetime:
    return moment.astimezone(LONDON)


def london_date(moment: datetime) -> date:
    return london(moment).date()


def academic_year(day: date) -> int:
    """The year in which the academic year began: it runs from 1 September to 31 August."""
    return day.year if day.month >= 9 else day.year - 1


def academic_year_start(moment: datetime) -> datetime:
    """The first instant, in London, of the academic year that `moment` falls in, as UTC."""
    year = academic_year(london_date(moment))
    return datetime(year, 9, 1, tzinfo=LONDON).astimezone(UTC)


def in_london(moment: datetime) -> str:
    """21 November 2026 at 9:14pm"""
    local = london(moment)
    clock_time = local.strftime("%I:%M%p").lstrip("0").lower()
    return f"{local.day} {local.strftime('%B %Y')} at {clock_time}"


def long_date(day: date) -> str:
    """21 November 2026"""
    if isinstance(day, datetime):
        day = london(day).date()
    return f"{day.day} {day.strftime('%B %Y')}"
