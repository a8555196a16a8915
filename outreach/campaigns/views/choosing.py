"""What a new campaign can choose from: questionnaires, and the years and groups on the roster."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from outreach.campaigns.views.listing import audience_words
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.groups import is_in_registration_group
from outreach.pupils.models import Pupil, RosterGroup
from questionnaires.loading import Library
from questionnaires.model import DEFAULT_LANGUAGE

SUGGESTED_WEEKS = 4
SATURDAY = 5

Option = tuple[str, str, str]
"""Value, label, hint: as `components/forms.html` takes them."""


@dataclass(frozen=True)
class Choices:
    questionnaires: tuple[Option, ...]
    years: tuple[Option, ...]
    groups: tuple[Option, ...]

    @property
    def is_empty(self) -> bool:
        """The roster has nobody to ask."""
        return not self.years


def choices_of(session: Session, library: Library, now: datetime) -> Choices:
    return Choices(
        questionnaires=tuple(_questionnaire(library, id) for id in library.ids),
        years=_years(session, now),
        groups=_groups(session, now),
    )


def suggested_closing(now: datetime) -> tuple[str, str, str]:
    """Day, month and year some weeks ahead, on a school day."""
    day = london_date(now) + timedelta(weeks=SUGGESTED_WEEKS)
    day -= timedelta(days=max(0, day.weekday() - SATURDAY + 1))
    return str(day.day), str(day.month), str(day.year)


def _questionnaire(library: Library, id: str) -> Option:
    latest = library.latest(id)
    return (
        id,
        latest.title.in_(DEFAULT_LANGUAGE),
        f"Written for {audience_words(latest.years, ())}",
    )


def _years(session: Session, now: datetime) -> tuple[Option, ...]:
    rows = session.execute(
        select(Pupil.year, func.count())
        .where(Pupil.school_id == school_of(session), *_is_here(london_date(now)))
        .group_by(Pupil.year)
        .order_by(Pupil.year)
    )
    return tuple((str(year), f"Year {year}", _pupils(count)) for year, count in rows)


def _groups(session: Session, now: datetime) -> tuple[Option, ...]:
    today = london_date(now)
    rows = session.execute(
        select(RosterGroup.name, func.count())
        .where(
            RosterGroup.school_id == school_of(session),
            is_in_registration_group(today),
            *_is_here(today),
        )
        .group_by(RosterGroup.name)
    )
    ordered = sorted(rows, key=lambda row: natural_order(row[0]))
    return tuple((name, name, _pupils(count)) for name, count in ordered)


def _is_here(today: date) -> tuple[ColumnElement[bool], ...]:
    """Those who have left or are missing are counted apart, once the campaign is a draft."""
    return (
        or_(Pupil.leaving_date.is_(None), Pupil.leaving_date > today),
        Pupil.missing_since.is_(None),
    )


def _pupils(count: int) -> str:
    return f"{count} pupil" if count == 1 else f"{count} pupils"


def natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """9A before 10A."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part), "") if part.isdigit() else (-1, part.casefold()) for part in parts)
