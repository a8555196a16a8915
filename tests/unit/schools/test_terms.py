"""A calendar as people type it, and what they are told where it cannot be."""

from datetime import date, time

import pytest

from outreach.school_days import Term
from outreach.schools.terms import BadCalendar, TypedCalendar, read_calendar, read_day, typed


@pytest.mark.parametrize(
    "text",
    ["3 September 2026", "Thursday 3rd September 2026", "3 Sept 2026", "3/9/2026", "2026-09-03"],
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert read_day(text) == date(2026, 9, 3)


@pytest.mark.parametrize("text", ["31 June 2026", "3 Ju 2026", "September 2026", "3.9.26", ""])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert read_day(text) is None


def test_terms_and_days_are_read_and_shown_again() -> None:
    given = TypedCalendar(
        terms="2 November 2026 to 18 December 2026\n\n3/9/2026 – 23/10/2026\n",
        closed="4 January 2027",
        mails_at="9:15",
    )
    calendar = read_calendar(given)

    assert calendar.terms == (
        Term(date(2026, 9, 3), date(2026, 10, 23)),
        Term(date(2026, 11, 2), date(2026, 12, 18)),
    )
    assert calendar.closed == {date(2027, 1, 4)}
    assert calendar.times.mails_at == time(9, 15)
    assert read_calendar(typed(calendar)) == calendar


def test_every_fault_says_where_and_what_to_do() -> None:
    given = TypedCalendar(
        terms="autumn\n3 September 2026 to 1 September 2026\n"
        "1 October 2026 to 20 December 2026\n1 December 2026 to 2 February 2027",
        closed="Monday",
        opens="eight",
        mails_at="19:00",
    )
    with pytest.raises(BadCalendar) as refused:
        read_calendar(given)

    faults = refused.value.faults
    assert "Line 1, “autumn”: give the first and the last day" in faults["terms"]
    assert "Line 2: the last day comes before the first" in faults["terms"]
    assert "Line 4: it begins before another term has ended" in faults["terms"]
    assert "Line 1, “Monday”: give one day" in faults["closed"]
    assert "such as 10:00" in faults["opens"]


def test_reminders_do_not_go_in_the_quiet_hours() -> None:
    with pytest.raises(BadCalendar, match="quiet hours"):
        read_calendar(TypedCalendar(mails_at="19:00"))
