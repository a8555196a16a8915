"""What a source gives: one record a pupil, and faults told by row and column."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import NamedTuple


class Field(Enum):
    """What a roster can say about a pupil. Values are the names in `PupilRecord`."""

    UPN = "upn"
    MIS_ID = "mis_id"
    ADMISSION_NUMBER = "admission_number"
    FORENAME = "forename"
    PREFERRED_FORENAME = "preferred_forename"
    SURNAME = "surname"
    DATE_OF_BIRTH = "date_of_birth"
    GENDER = "gender"
    YEAR = "year"
    REG_GROUP = "reg_group"
    GROUPS = "groups"
    WORK_EMAIL = "work_email"
    HOME_EMAIL = "home_email"
    SEN = "sen"
    FSM = "fsm"
    PUPIL_PREMIUM = "pupil_premium"
    ETHNICITY = "ethnicity"
    FIRST_LANGUAGE = "first_language"
    START_DATE = "start_date"
    LEAVING_DATE = "leaving_date"

    __hash__ = object.__hash__
    """Members are found by identity; Enum's own hash took a tenth of the time of an import."""


class PupilRecord(NamedTuple):
    """One good row. None is an empty cell, or a column that the file does not have.

    `row` is the line as a spreadsheet shows it. An address that cannot be one is kept as it was
    given, with its fault in words beside it. `groups` is JSON (`groups_as_json`), of teaching and
    user-defined groups.
    """

    row: int
    upn: str | None
    mis_id: str | None
    admission_number: str | None
    forename: str
    preferred_forename: str | None
    surname: str
    date_of_birth: date | None
    gender: str | None
    year: int
    reg_group: str | None
    groups: str | None
    work_email: str | None
    home_email: str | None
    sen: str | None
    fsm: str | None
    pupil_premium: str | None
    ethnicity: str | None
    first_language: str | None
    start_date: date | None
    leaving_date: date | None
    work_fault: str | None
    home_fault: str | None

    def __repr__(self) -> str:
        return f"PupilRecord(row={self.row})"


class GroupPlace(NamedTuple):
    """A pupil's place in a group: `kind` is teaching or user_defined; open where no dates are."""

    kind: str
    name: str
    starts_on: date | None = None
    ends_on: date | None = None


def groups_as_json(groups: Iterable[GroupPlace]) -> str:
    """One group once: `[["teaching", "9A/Ma1", "2026-09-01", null]]`."""
    once = {(place.kind, place.name): place for place in groups}
    return json.dumps(
        [[*key, _day(place.starts_on), _day(place.ends_on)] for key, place in sorted(once.items())],
        ensure_ascii=False,
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell that is wrong or worth a look, in the file's own words. For the person importing only:
    `value` is as given, and must not be logged or stored."""

    row: int
    column: str
    value: str = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class RejectedPupil:
    """The identifiers of a rejected row, as far as they could be read: it is not *absent*."""

    upn: str | None
    mis_id: str | None
