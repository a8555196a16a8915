"""School days in England: bank holidays, terms of the school's own, hours, and nights when clocks turn."""

from datetime import UTC, date, datetime, time

import pytest

from outreach.school_days import SchoolCalendar, SchoolTimes, Term, bank_holidays

USUAL = SchoolCalendar()
OWN = SchoolCalendar(
    terms=(
        Term(date(2026, 9, 3), date(2026, 10, 23)),
        Term(date(2026, 11, 2), date(2026, 12, 18)),
        Term(date(2027, 1, 4), date(2027, 2, 12)),
    ),
    closed=frozenset({date(2026, 11, 30)}),
)


def test_bank_holidays_of_england_are_known_far_ahead() -> None:
    assert bank_holidays(2027)[date(2027, 3, 26)] == "Good Friday"
    assert date(2027, 12, 27) in bank_holidays(2027), "Christmas Day falls on a Saturday"
    assert date(2026, 11, 30) not in bank_holidays(2026), "St Andrew's Day is Scotland's"
    assert date(2045, 4, 7) in bank_holidays(2045)


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 22), False),  # a Sunday
        (date(2027, 5, 3), False),  # the early May bank holiday
        (date(2027, 6, 2), False),  # in the week of the late one
        (date(2027, 3, 31), False),  # in the week of Easter Monday
        (date(2026, 8, 12), False),
        (date(2026, 12, 23), False),
        (date(2027, 1, 4), True),
    ],
)
def test_without_terms_of_its_own_a_school_has_the_usual_days(day: date, is_one: bool) -> None:
    assert USUAL.is_school_day(day) is is_one


def test_terms_of_the_school_go_before_what_is_usual_in_the_years_they_are_of() -> None:
    assert not OWN.is_school_day(date(2026, 10, 27)), "half-term"
    assert not OWN.is_school_day(date(2026, 11, 30)), "a training day"
    assert OWN.is_school_day(date(2026, 12, 18))
    assert not OWN.is_school_day(date(2027, 3, 10)), "no term of that school year has it"
    assert OWN.is_school_day(date(2027, 9, 15)), "of the next school year nothing is said"


def test_school_days_are_counted_over_weekends_holidays_and_training_days() -> None:
    assert OWN.nth_after(date(2026, 10, 21), 3) == date(2026, 11, 2)
    assert OWN.nth_after(date(2026, 11, 26), 2) == date(2026, 12, 1)
    assert OWN.last_before(date(2026, 11, 2), date(2026, 10, 1)) == date(2026, 10, 23)
    assert OWN.last_before(date(2026, 11, 2), date(2026, 10, 23)) is None


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 17, tzinfo=UTC), False),
        (datetime(2026, 11, 22, 11, tzinfo=UTC), False),
        (datetime(2026, 7, 6, 7, 30, tzinfo=UTC), True),  # half past eight in British Summer Time
    ],
)
def test_school_hours_are_london_hours(moment: datetime, is_inside: bool) -> None:
    assert USUAL.is_in_hours(moment) is is_inside


def test_what_is_late_waits_for_the_end_of_the_quiet_hours_of_a_school_day() -> None:
    in_the_evening = datetime(2026, 11, 26, 21, tzinfo=UTC)
    on_friday_night = datetime(2026, 11, 27, 19, tzinfo=UTC)
    at_noon = datetime(2026, 11, 27, 12, tzinfo=UTC)

    assert USUAL.next_beginning(in_the_evening) == datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert USUAL.next_beginning(on_friday_night) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert USUAL.next_beginning(at_noon) == at_noon


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    at_noon = SchoolCalendar(times=SchoolTimes(quiet_from=time(12), quiet_until=time(14)))
    never = SchoolCalendar(times=SchoolTimes(quiet_from=time(0), quiet_until=time(0)))
    moment = datetime(2026, 11, 26, 13, tzinfo=UTC)

    assert at_noon.next_beginning(moment) == datetime(2026, 11, 26, 14, tzinfo=UTC)
    assert never.next_beginning(moment) == moment


def test_ten_in_the_morning_is_ten_in_london_before_and_after_the_clocks_turn() -> None:
    assert OWN.mailing_on(date(2026, 10, 23)) == datetime(2026, 10, 23, 9, tzinfo=UTC)
    assert OWN.mailing_on(date(2026, 11, 2)) == datetime(2026, 11, 2, 10, tzinfo=UTC)
    at_night = SchoolCalendar(times=SchoolTimes(mails_at=time(1, 30)))
    skipped, repeated = date(2027, 3, 28), date(2026, 10, 25)
    assert at_night.mailing_on(skipped) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert at_night.mailing_on(repeated) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
