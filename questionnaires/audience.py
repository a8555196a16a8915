"""Who a questionnaire is written for: where they learn, how old they are, who chooses it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt

Year = Annotated[StrictInt, Field(ge=7, le=14)]
Age = Annotated[StrictInt, Field(ge=11, le=25)]


class Setting(StrEnum):
    SCHOOL = "school"
    COLLEGE = "college"
    TRAINING_PROVIDER = "training_provider"


class ChosenBy(StrEnum):
    """What gives a pupil this version: their year, or a member of staff for each pupil."""

    YEAR = "year"
    STAFF = "staff"


class Ages(BaseModel):
    """Whole years, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    youngest: Age
    oldest: Age
    oldest_with_plan: Age | None = None
    """For those with an education, health and care plan, who may stay in education longer."""


class Audience(BaseModel):
    """Beside the years. A file that says nothing is for schools, and is given by year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: tuple[Setting, ...] = (Setting.SCHOOL,)
    ages: Ages | None = None
    """Where a national curriculum year does not say who it is for."""
    chosen_by: ChosenBy = ChosenBy.YEAR


_PLACES = {
    Setting.SCHOOL: "schools",
    Setting.COLLEGE: "colleges",
    Setting.TRAINING_PROVIDER: "training providers",
}


def in_words(years: tuple[int, ...], audience: Audience) -> str:
    """For staff, to follow "Written for": "Years 10 and 11", with what else the file says."""
    parts = []
    if audience.chosen_by is ChosenBy.STAFF and years == tuple(range(7, 15)):
        parts.append("any year")
    elif audience.ages is None and years:
        noun = "Year" if len(years) == 1 else "Years"
        parts.append(f"{noun} {_listed([str(year) for year in years])}")
    if audience.ages is not None:
        parts.append(_ages_in_words(audience.ages))
    if audience.settings != (Setting.SCHOOL,):
        parts.append(f"in {_listed([_PLACES[one] for one in audience.settings])}")
    if audience.chosen_by is ChosenBy.STAFF:
        parts.append("chosen by staff pupil by pupil")
    return ", ".join(parts)


def _ages_in_words(ages: Ages) -> str:
    words = f"ages {ages.youngest} to {ages.oldest}"
    if ages.oldest_with_plan is None:
        return words
    return f"{words} (to {ages.oldest_with_plan} with an education, health and care plan)"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
