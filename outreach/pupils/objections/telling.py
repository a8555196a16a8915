"""Parents and pupils are told of a sharing, and have 28 days to object before it begins.

The days are the practice of local policies on s72 of the Education and Skills Act 2008; the Act
itself names none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.clock import academic_year, london_date
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import ObjectionScope, SharingWindow

DAYS_TO_OBJECT = 28
OLDEST = timedelta(days=5 * 366)
"""A pupil told in Year 7 may be on a list in Year 11; what is older is a slip of the pen."""

FIRST_YEAR, LAST_YEAR = 7, 14
SCOPES = (ObjectionScope.LOCAL_AUTHORITY, ObjectionScope.POST_16_SHARING)
"""Mail from the school itself waits for nobody's 28 days."""


class TellingRefused(Refusal):
    """It cannot be recorded as given; `faults` says why, by field of the form."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(f"{words}." for words in faults.values()))
        self.faults = faults


class Told(Enum):
    """Where a pupil stands with one scope."""

    NEVER = "never"
    DAYS_RUN = "days_run"
    DAYS_OVER = "days_over"


@dataclass(frozen=True)
class Standing:
    """`ends_on` is the last day to object, while the days run."""

    told: Told
    ends_on: date | None = None


@dataclass(frozen=True)
class Telling:
    """Who was told, and when. `years` are year groups of the school year that `told_on` is in."""

    id: UUID
    scope: ObjectionScope
    years: tuple[int, ...]
    told_on: date
    ends_on: date

    def covers(self, year: int, started_on: date | None, today: date) -> bool:
        """Whether a pupil who is in `year` today was told: they moved up since, or came later."""
        came_later = started_on is not None and started_on > self.told_on
        year_then = year - (academic_year(today) - academic_year(self.told_on))
        return year_then in self.years and not came_later


def where_told(
    tellings: Iterable[Telling], year: int, started_on: date | None, today: date
) -> Standing:
    """Over as soon as the days of one telling are over; a second telling starts nothing anew."""
    ends = [one.ends_on for one in tellings if one.covers(year, started_on, today)]
    if not ends:
        return Standing(Told.NEVER)
    first = min(ends)
    return Standing(Told.DAYS_OVER) if first < today else Standing(Told.DAYS_RUN, first)


def roster_since(session: Session) -> date | None:
    """The day of the first pupils of the school's roster here."""
    first = session.scalar(
        select(func.min(Pupil.created_at)).where(Pupil.school_id == school_of(session))
    )
    return london_date(first) if first is not None else None


def came_on(pupil: Pupil, since: date | None) -> date | None:
    """When a pupil without a start date was first on the roster here.

    None for those of its first day: they were at the school before this service knew it.
    """
    first_seen = london_date(pupil.created_at)
    return first_seen if since is not None and first_seen > since else None


def tell(
    session: Session,
    scope: ObjectionScope,
    years: Iterable[int],
    told_on: date,
    staff_id: UUID | None,
    now: datetime,
) -> Telling:
    """Record that these years were told on that day. Raises TellingRefused."""
    wanted = sorted(set(years))
    faults = _faults(scope, wanted, told_on, london_date(now))
    if faults:
        raise TellingRefused(faults)
    window = SharingWindow(
        school_id=school_of(session),
        id=uuid4(),
        scope=scope,
        years=wanted,
        told_on=told_on,
        ends_on=told_on + timedelta(days=DAYS_TO_OBJECT),
        staff_id=staff_id,
        at=now,
    )
    session.add(window)
    session.flush()
    _record(session, "sharing_window.told", window, staff_id, now)
    return _telling(window)


def take_back(session: Session, window_id: UUID, staff_id: UUID | None, now: datetime) -> None:
    """It was recorded by mistake: nobody counts as told by it. Raises NotFound."""
    window = session.get(SharingWindow, (school_of(session), window_id))
    if window is None:
        raise NotFound("There is no such record at this school.")
    _record(session, "sharing_window.taken_back", window, staff_id, now)
    session.delete(window)
    session.flush()


def tellings_of(session: Session, scope: ObjectionScope | None = None) -> list[Telling]:
    """Newest first."""
    wanted = SCOPES if scope is None else (scope,)
    rows = session.scalars(
        select(SharingWindow)
        .where(SharingWindow.school_id == school_of(session), SharingWindow.scope.in_(wanted))
        .order_by(SharingWindow.told_on.desc(), SharingWindow.at.desc())
    )
    return [_telling(row) for row in rows]


def _faults(scope: ObjectionScope, years: list[int], told_on: date, today: date) -> dict[str, str]:
    faults: dict[str, str] = {}
    if scope not in SCOPES:
        faults["scope"] = "Choose what they were told of"
    if not years:
        faults["years"] = "Choose at least one year"
    elif years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        faults["years"] = f"Choose years from {FIRST_YEAR} to {LAST_YEAR}"
    if told_on > today:
        faults["told_on"] = "The day must be today or earlier: record it once they have been told"
    elif told_on < today - OLDEST:
        faults["told_on"] = "The day must be within the last five years: check the year"
    return faults


def _record(
    session: Session, action: str, window: SharingWindow, staff_id: UUID | None, now: datetime
) -> None:
    audit.record(
        session,
        now,
        audit.staff_actor(staff_id) if staff_id else audit.OPERATOR,
        action,
        "sharing_window",
        window.id,
        scope=window.scope.value,
        years=", ".join(str(year) for year in window.years),
        told_on=window.told_on.isoformat(),
    )


def _telling(window: SharingWindow) -> Telling:
    return Telling(window.id, window.scope, tuple(window.years), window.told_on, window.ends_on)
