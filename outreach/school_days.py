"""School days, school hours and quiet hours: when the service may begin something by itself.

They hold nothing that a person does. Bank holidays are England's; the rest is the school's own, or
where it has said nothing what is usual in England. Knows no database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from outreach.clock import LONDON, academic_year, london, london_date

SATURDAY = 5
ONE_DAY = timedelta(days=1)
EASTER_MONDAY, SPRING = "Easter Monday", "Spring Bank Holiday"
USUAL_HOLIDAYS = (((7, 24), (8, 31)), ((12, 21), (12, 31)), ((1, 1), (1, 2)))
"""First and last day, as month and day: summer, Christmas and New Year."""


@dataclass(frozen=True)
class Term:
    """Days with lessons, from the first to the last, both among them. A half-term break ends one."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class SchoolTimes:
    """In London. Nothing that the service starts by itself goes out in the quiet hours."""

    opens: time = time(8)
    closes: time = time(17)
    mails_at: time = time(10)
    """When mail goes that the service starts by itself."""
    quiet_from: time = time(18)
    quiet_until: time = time(8)

    def is_quiet(self, at: time) -> bool:
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


@dataclass(frozen=True)
class SchoolCalendar:
    """What one school has said of its days. Without terms of a school year, the usual ones hold."""

    terms: tuple[Term, ...] = ()
    closed: frozenset[date] = frozenset()
    """Days of a term without lessons: training days, elections."""
    times: SchoolTimes = SchoolTimes()

    def is_school_day(self, day: date) -> bool:
        if day.weekday() >= SATURDAY or day in self.closed or day in bank_holidays(day.year):
            return False
        if self.knows_year_of(day):
            return any(term.starts_on <= day <= term.ends_on for term in self.terms)
        return not is_usual_holiday(day)

    def knows_year_of(self, day: date) -> bool:
        """Whether the school has given any term of that school year."""
        return academic_year(day) in {academic_year(term.starts_on) for term in self.terms}

    def nth_after(self, day: date, count: int) -> date:
        """The `count`th school day after `day`; for 0 that day itself, whatever it is."""
        for _ in range(count):
            day = next(one for one in _days_after(day) if self.is_school_day(one))
        return day

    def last_before(self, day: date, after: date) -> date | None:
        """The last school day before `day` that is later than `after`; None where there is none."""
        day -= ONE_DAY
        while day > after:
            if self.is_school_day(day):
                return day
            day -= ONE_DAY
        return None

    def is_in_hours(self, moment: datetime) -> bool:
        """Whether the school is at work then."""
        local = london(moment)
        is_open = self.times.opens <= local.time() < self.times.closes
        return is_open and self.is_school_day(local.date())

    def may_begin(self, moment: datetime) -> bool:
        local = london(moment)
        return self.is_school_day(local.date()) and not self.times.is_quiet(local.time())

    def next_beginning(self, moment: datetime) -> datetime:
        """The first moment from this one on at which the service may begin something."""
        if self.may_begin(moment):
            return moment
        starts = sorted({time(0), self.times.quiet_until})
        day = london_date(moment) - ONE_DAY
        while True:
            day += ONE_DAY
            if not self.is_school_day(day):
                continue
            for start in starts:
                begins = at_london(day, start)
                if begins >= moment and not self.times.is_quiet(start):
                    return begins

    def mailing_on(self, day: date) -> datetime:
        """When mail of that day goes, where the service starts it."""
        return at_london(day, self.times.mails_at)


def at_london(day: date, at: time) -> datetime:
    """That time of that day, as UTC. One that the clocks leave out is taken an hour later; of one
    that they repeat, the first."""
    return datetime.combine(day, at, LONDON).astimezone(UTC)


def is_usual_holiday(day: date) -> bool:
    """Summer, Christmas, the week from Good Friday, the week of the late May bank holiday."""
    for first, last in USUAL_HOLIDAYS:
        if first <= (day.month, day.day) <= last:
            return True
    named = {name: one for one, name in bank_holidays(day.year).items()}
    easter, spring = named.get(EASTER_MONDAY), named.get(SPRING)
    return any(
        monday is not None and monday <= day < monday + timedelta(days=5)
        for monday in (easter, spring)
    )


@cache
def bank_holidays(year: int) -> dict[date, str]:
    """England's, worked out by the library without asking anybody. Imported when first needed: it
    takes half a second, and most commands need none."""
    from holidays import country_holidays

    return dict(country_holidays("GB", subdiv="ENG", years=year, language="en_GB"))


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += ONE_DAY
        yield day
