"""What a new campaign can choose from: questionnaires, and the years and groups on the roster."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.campaigns.own.adding import title_for_staff
from outreach.campaigns.own.library import NotAsStored, is_own, of_school
from outreach.campaigns.own.listing import in_order
from outreach.campaigns.pinning import BY_STAGE, BY_STAGE_TITLE, has_stages
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.finding import groups_here, is_here
from outreach.pupils.groups import KIND_WORDS
from outreach.pupils.models import GroupKind, Pupil
from outreach.pupils.viewing import WHOLE_SCHOOL
from questionnaires.audience import in_words
from questionnaires.loading import Library
from questionnaires.model import Questionnaire

SUGGESTED_WEEKS = 4
SATURDAY = 5

Option = tuple[str, str, str]
"""Value, label, hint: as `components/forms.html` takes them."""


GROUP_FIELDS = ("groups", "teaching_groups", "other_groups")
_FIELDS = dict(zip(GroupKind, GROUP_FIELDS, strict=True))


@dataclass(frozen=True)
class GroupChoices:
    """The groups of one kind. `field` is their name in the form; each value says its kind too."""

    field: str
    words: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Choices:
    questionnaires: tuple[Option, ...]
    years: tuple[Option, ...]
    groups: tuple[GroupChoices, ...]

    @property
    def group_keys(self) -> set[str]:
        return {key for one in self.groups for key, _, _ in one.options}

    @property
    def is_empty(self) -> bool:
        """The roster has nobody to ask."""
        return not self.years


def choices_of(session: Session, library: Library, now: datetime) -> Choices:
    return Choices(
        questionnaires=_questionnaires(of_school(session, library)),
        years=_years(session, now),
        groups=_groups(session, now),
    )


def suggested_closing(now: datetime) -> tuple[str, str, str]:
    """Day, month and year some weeks ahead, on a school day."""
    day = london_date(now) + timedelta(weeks=SUGGESTED_WEEKS)
    day -= timedelta(days=max(0, day.weekday() - SATURDAY + 1))
    return str(day.day), str(day.month), str(day.year)


def _questionnaires(library: Library) -> tuple[Option, ...]:
    """The one for each year first: it is right for most."""
    published = (_questionnaire(one) for one in in_order(library.published))
    by_name = (*published, *_own(library))
    if not has_stages(library):
        return by_name
    hint = "Recommended. Pupils for whom you chose the supported version get that one."
    return ((BY_STAGE, BY_STAGE_TITLE, hint), *by_name)


def _questionnaire(latest: Questionnaire) -> Option:
    return (
        latest.id,
        title_for_staff(latest),
        f"Written for {in_words(latest.years, latest.audience)}",
    )


def _own(library: Library) -> Iterator[Option]:
    """One that cannot be read is not offered: its own page says why."""
    for id in library.ids:
        if not is_own(id):
            continue
        with suppress(NotAsStored):
            _, title, hint = _questionnaire(library.latest(id))
            yield id, title, f"Your school’s own. {hint}"


def _years(session: Session, now: datetime) -> tuple[Option, ...]:
    rows = session.execute(
        select(Pupil.year, func.count())
        .where(Pupil.school_id == school_of(session), *is_here(london_date(now)))
        .group_by(Pupil.year)
        .order_by(Pupil.year)
    )
    return tuple((str(year), f"Year {year}", _pupils(count)) for year, count in rows)


def _groups(session: Session, now: datetime) -> tuple[GroupChoices, ...]:
    found = groups_here(session, now, WHOLE_SCHOOL)
    choices = (
        GroupChoices(
            field=_FIELDS[kind],
            words=f"{words}s",
            options=tuple(
                (one.group.key, one.group.name, _pupils(one.pupils))
                for one in found
                if one.group.kind is kind
            ),
        )
        for kind, words in KIND_WORDS.items()
    )
    return tuple(one for one in choices if one.options)


def _pupils(count: int) -> str:
    return f"{count} pupil" if count == 1 else f"{count} pupils"
