"""The birth check reads a day and a month, whatever was typed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.answering.proving import DayAndMonth, read_day_and_month


@pytest.mark.parametrize(
    ("day", "month", "read"),
    [
        ("14", "3", DayAndMonth(14, 3)),
        ("04", "03", DayAndMonth(4, 3)),
        (" 4 ", "3", DayAndMonth(4, 3)),
        ("29", "2", DayAndMonth(29, 2)),
        ("30", "2", None),
        ("31", "4", None),
        ("0", "3", None),
        ("14", "13", None),
        ("", "", None),
        ("-1", "3", None),
        ("1.5", "3", None),
        ("²", "3", None),
        ("١٤", "3", None),
        ("\x00", "3", None),
        ("014", "3", None),
        ("9" * 10_000, "3", None),
    ],
)
def test_only_days_of_the_calendar_are_read(day: str, month: str, read: DayAndMonth | None) -> None:
    assert read_day_and_month(day, month) == read


@given(st.text(), st.text())
def test_whatever_is_typed_is_read_or_turned_away_but_never_an_error(day: str, month: str) -> None:
    read = read_day_and_month(day, month)

    assert read is None or date(2000, read.month, read.day)


@given(st.dates(), st.dates())
def test_a_birthday_is_its_day_and_month_in_any_year(born: date, other: date) -> None:
    given_day = DayAndMonth(other.day, other.month)

    assert given_day.is_birthday_in(born) == (f"{born:%d%m}" == f"{other:%d%m}")
