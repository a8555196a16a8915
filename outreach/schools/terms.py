"""A school's own calendar: read, checked as people type it, and kept."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import queues
from outreach.audit import Actor, record
from outreach.clock import long_date
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.queues import Work
from outreach.school_days import SchoolCalendar, SchoolTimes, Term
from outreach.schools.term_models import ClosedDay, SchoolHours, SchoolTerm

MOST_LINES = 60
MONTHS = (
    "january february march april may june july august september october november december".split()
)
HOURS = {
    "opens": "When the school opens",
    "closes": "When the school closes",
    "mails_at": "When reminders go",
    "quiet_from": "When quiet hours begin",
    "quiet_until": "When quiet hours end",
}
_BETWEEN = re.compile(r"\s+(?:to|until|-|–|—)\s+|\s*[–—]\s*", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_WORDS = re.compile(r"(?:[a-z]+day,? )?(\d{1,2})(?:st|nd|rd|th)? ([a-z]+),? (\d{4})", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})")


@dataclass(frozen=True)
class TypedCalendar:
    """As a person types it: a line a term, a line a day, times as 10:00."""

    terms: str = ""
    closed: str = ""
    opens: str = ""
    closes: str = ""
    mails_at: str = ""
    quiet_from: str = ""
    quiet_until: str = ""


class BadCalendar(Refusal):
    """Something in it cannot be read or cannot be right; `faults` says what, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


def calendar_of(session: Session) -> SchoolCalendar:
    """Of the school entered; the usual one where it has said nothing."""
    school_id = school_of(session)
    terms = session.scalars(
        select(SchoolTerm).where(SchoolTerm.school_id == school_id).order_by(SchoolTerm.starts_on)
    )
    closed = session.scalars(select(ClosedDay.day).where(ClosedDay.school_id == school_id))
    hours = session.get(SchoolHours, school_id, populate_existing=True)
    times = SchoolTimes() if hours is None else _times(hours)
    return SchoolCalendar(
        tuple(Term(one.starts_on, one.ends_on) for one in terms), frozenset(closed), times
    )


def typed(calendar: SchoolCalendar) -> TypedCalendar:
    """As the form shows what is kept."""
    times = {name: getattr(calendar.times, name).strftime("%H:%M") for name in HOURS}
    return TypedCalendar(
        terms="\n".join(
            f"{long_date(term.starts_on)} to {long_date(term.ends_on)}" for term in calendar.terms
        ),
        closed="\n".join(long_date(day) for day in sorted(calendar.closed)),
        **times,
    )


def change_calendar(session: Session, given: TypedCalendar, actor: Actor, now: datetime) -> bool:
    """Keep this in place of what was kept, and have reminders planned anew. Raises BadCalendar."""
    wanted = read_calendar(given)
    if wanted == calendar_of(session):
        return False
    school_id = school_of(session)
    session.execute(delete(SchoolTerm).where(SchoolTerm.school_id == school_id))
    session.execute(delete(ClosedDay).where(ClosedDay.school_id == school_id))
    session.add_all(
        SchoolTerm(school_id=school_id, starts_on=term.starts_on, ends_on=term.ends_on)
        for term in wanted.terms
    )
    session.add_all(ClosedDay(school_id=school_id, day=day) for day in wanted.closed)
    values = {name: getattr(wanted.times, name) for name in HOURS} | {"changed_at": now}
    session.execute(
        insert(SchoolHours)
        .values(school_id=school_id, **values)
        .on_conflict_do_update(index_elements=[SchoolHours.school_id], set_=values)
    )
    session.flush()
    counts = {"terms": len(wanted.terms), "closed_days": len(wanted.closed)}
    record(session, now, actor, "school.calendar_changed", "school", school_id, **counts)
    queues.call_for(session, school_id, Work.REMIND, now)
    return True


def read_calendar(given: TypedCalendar) -> SchoolCalendar:
    """Raises BadCalendar, with every fault of each field."""
    faults: dict[str, list[str]] = {}
    terms = _read_terms(given.terms, faults.setdefault("terms", []))
    closed = _read_days(given.closed, faults.setdefault("closed", []))
    times = _read_times(given, faults)
    told = {field: " ".join(words) for field, words in faults.items() if words}
    if told:
        raise BadCalendar(told)
    return SchoolCalendar(terms, closed, times)


def _times(hours: SchoolHours) -> SchoolTimes:
    return SchoolTimes(**{name: getattr(hours, name) for name in HOURS})


def _read_terms(text: str, faults: list[str]) -> tuple[Term, ...]:
    terms: list[tuple[int, Term]] = []
    for number, line in _lines(text, faults):
        parts = _BETWEEN.split(line)
        days = [day for day in map(read_day, parts) if day is not None]
        if len(days) != 2 or len(parts) != 2:
            faults.append(
                f"Line {number}, “{_short(line)}”: give the first and the last day, such as "
                "3 September 2026 to 23 October 2026."
            )
            continue
        first, last = days
        if last < first:
            faults.append(f"Line {number}: the last day comes before the first.")
        elif (last - first).days > 200:
            faults.append(f"Line {number}: that is longer than 200 days. Give each term its line.")
        else:
            terms.append((number, Term(first, last)))
    terms.sort(key=lambda one: one[1].starts_on)
    for (_, earlier), (number, later) in pairwise(terms):
        if later.starts_on <= earlier.ends_on:
            faults.append(f"Line {number}: it begins before another term has ended.")
    return tuple(term for _, term in terms)


def _read_days(text: str, faults: list[str]) -> frozenset[date]:
    days = set()
    for number, line in _lines(text, faults):
        day = read_day(line)
        if day is None:
            faults.append(f"Line {number}, “{_short(line)}”: give one day, such as 4 January 2027.")
        else:
            days.add(day)
    return frozenset(days)


def _read_times(given: TypedCalendar, faults: dict[str, list[str]]) -> SchoolTimes:
    usual, read = SchoolTimes(), {}
    for name, label in HOURS.items():
        text = getattr(given, name).strip()
        at = read_time(text) if text else getattr(usual, name)
        if at is None:
            faults[name] = [f"{label}: give a time of the 24-hour clock, such as 10:00."]
        else:
            read[name] = at
    times = SchoolTimes(**read)
    if not any(name in faults for name in HOURS):
        if times.closes <= times.opens:
            faults["closes"] = ["The school closes after it opens. Give a later time."]
        if times.is_quiet(times.mails_at):
            faults["mails_at"] = ["Reminders cannot go in the quiet hours. Give another time."]
    return times


def read_day(text: str) -> date | None:
    """3 September 2026, Thursday 3rd September 2026, 3/9/2026 or 2026-09-03."""
    text = " ".join(text.split())
    if found := _ISO.fullmatch(text):
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif found := _NUMBERS.fullmatch(text):
        parts = (int(found[3]), int(found[2]), int(found[1]))
    elif found := _WORDS.fullmatch(text):
        parts = (int(found[3]), _month(found[2]), int(found[1]))
    else:
        return None
    try:
        day = date(*parts)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def read_time(text: str) -> time | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        return time(int(found[1]), int(found[2]))
    except ValueError:
        return None


def _month(word: str) -> int:
    word = word.lower()
    fits = [
        place for place, name in enumerate(MONTHS, 1) if len(word) >= 3 and name.startswith(word)
    ]
    return fits[0] if len(fits) == 1 else 0


def _lines(text: str, faults: list[str]) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        faults.append(f"These are {len(lines)} lines; {MOST_LINES} at most can be kept.")
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.strip()


def _short(line: str) -> str:
    return line if len(line) <= 40 else f"{line[:40]}…"
