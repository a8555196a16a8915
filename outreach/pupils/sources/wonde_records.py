"""Wonde's records: from JSON, whatever it holds, to cells, groups, leavers and what is gone."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from outreach.pupils.sources.cells import MOST_GROUPS, BadCell, read_date, read_text
from outreach.pupils.sources.mapping import as_cell, pick
from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.source import Leaver, SourcePupil
from outreach.pupils.sources.wonde_mapping import GroupRule, WondeMapping

LONGEST_CELL = 2_000
"""Characters that are looked at; no field may be nearly as long."""
NO_OBJECT = (
    "A record that Wonde sent is not a student's at all, so it was left out. Tell Wonde's support "
    "if it stays so."
)
NO_IDENTIFIER = (
    "A record that Wonde sent has no identifier, so nobody can say whose it is. It was left out. "
    "Tell Wonde's support if it stays so."
)
NO_SINGLE_VALUE = (
    "Wonde sent something else here than a single value of plain text. Correct it in the MIS, or "
    "tell Wonde's support if it is right there."
)
_TOLD_LATER = frozenset({Field.WORK_EMAIL, Field.HOME_EMAIL, Field.FSM, Field.PUPIL_PREMIUM})
"""A bad value of these keeps nobody off the roster: the reader takes the pupil and tells it."""
_DATES = frozenset({Field.DATE_OF_BIRTH, Field.START_DATE, Field.LEAVING_DATE})
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]\d{2}:.*", re.DOTALL)
_UNREADABLE = "(no single value)"


def read_students(
    mapping: WondeMapping, wanted: Collection[Field], rows: Iterable[Any]
) -> tuple[list[SourcePupil], list[str]]:
    """The pupils of a page, and what is said of each record that is none."""
    pupils: list[SourcePupil] = []
    malformed: list[str] = []
    for row in rows:
        if not isinstance(row, Mapping):
            malformed.append(NO_OBJECT)
            continue
        pupil = _read_student(mapping, wanted, row)
        if pupil.cells.get(Field.MIS_ID):
            pupils.append(pupil)
        elif pupil.cells.get(Field.UPN):  # it is known whose record was bad: not an absent pupil's
            pupils.append(
                SourcePupil(
                    pupil.cells, pupil.groups, {**pupil.faults, Field.MIS_ID: NO_IDENTIFIER}
                )
            )
        else:
            malformed.append(NO_IDENTIFIER)
    return pupils, malformed


def read_leavers(mapping: WondeMapping, rows: Iterable[Any]) -> Iterator[Leaver]:
    for row in _objects(rows):
        mis_id = _identifier(row, mapping.fields[Field.MIS_ID].paths)
        if mis_id is not None:
            yield Leaver(mis_id, _day(row, mapping.leavers.left_on))


def read_gone(mapping: WondeMapping, rows: Iterable[Any]) -> list[str]:
    """Identifiers of deleted students; what was restored, or is of another type, is not gone."""
    rule = mapping.deletions
    gone = []
    for row in _objects(rows):
        kind = as_cell(pick(row, rule.type)) or rule.types[0]
        mis_id = _identifier(row, rule.id)
        if mis_id is not None and kind.casefold() in rule.types and not pick(row, rule.restored):
            gone.append(mis_id)
    return gone


def read_line(record: Mapping[str, Any], paths: Sequence[str]) -> str | None:
    """A short text for people, such as a school's name; None where there is none to show."""
    try:
        return read_text(_first(record, paths) or "")
    except BadCell:
        return None


def _read_student(
    mapping: WondeMapping, wanted: Collection[Field], row: Mapping[str, Any]
) -> SourcePupil:
    cells: dict[Field, str] = {}
    faults: dict[Field, str] = {}
    for field, rule in mapping.fields.items():
        if field not in wanted and field is not Field.MIS_ID:
            continue
        cell = _first(row, rule.paths)
        if cell is None and field in _TOLD_LATER:
            cell = _UNREADABLE
        if cell is None:
            faults[field] = NO_SINGLE_VALUE
            continue
        if field in _DATES:
            cell = _DAY.sub(r"\1", cell)
        cells[field] = rule.values.get(cell.casefold(), cell)
    groups = _read_groups(mapping, wanted, row, cells, faults)
    return SourcePupil(cells, groups, faults)


def _read_groups(
    mapping: WondeMapping,
    wanted: Collection[Field],
    row: Mapping[str, Any],
    cells: dict[Field, str],
    faults: dict[Field, str],
) -> tuple[GroupPlace, ...] | None:
    """Registration groups go to a cell of their own. None where no groups were sent."""
    places: list[GroupPlace] = []
    has_any = False
    for rule in mapping.group_rules(wanted):
        held = pick(row, f"{rule.include}.data")
        if not isinstance(held, list):
            continue
        has_any = True
        for group in _objects(held[: MOST_GROUPS * 4]):
            try:
                place = _place(rule, group)
            except BadCell as fault:
                faults[Field.GROUPS] = f"The name of a group: {fault.reason}"
                continue
            if place is not None:
                places.append(place)
    forms = [place for place in places if place.kind == "registration"]
    others = tuple(place for place in places if place.kind != "registration")
    if Field.REG_GROUP in wanted and forms:
        cells[Field.REG_GROUP] = max(forms, key=_how_lasting).name
    if Field.GROUPS not in wanted:
        faults.pop(Field.GROUPS, None)
        return None
    if len(others) > MOST_GROUPS:
        faults[Field.GROUPS] = f"A pupil can be in {MOST_GROUPS} groups at most."
    return others[:MOST_GROUPS] if has_any else None


def _place(rule: GroupRule, group: Mapping[str, Any]) -> GroupPlace | None:
    kind = rule.otherwise
    if rule.type is not None:
        kind = rule.kinds.get((as_cell(pick(group, rule.type)) or "").casefold(), kind)
    name = None if kind == "left_out" else read_text(_first(group, rule.name) or "")
    if name is None:
        return None
    return GroupPlace(kind, name, _day(group, rule.starts_on), _day(group, rule.ends_on))


def _how_lasting(place: GroupPlace) -> tuple[date, date]:
    """Of two registration groups, the one that ends later, and then the one that began later."""
    return place.ends_on or date.max, place.starts_on or date.min


def _first(record: Mapping[str, Any], paths: Sequence[str]) -> str | None:
    """The first that is filled; "" where none is, None where what is there is no single value."""
    is_odd = False
    for path in paths:
        value = pick(record, path)
        if isinstance(value, Mapping) and "date" in value:  # {date, timezone_type, timezone}
            value = value["date"]
        cell = as_cell(value)
        if cell is None:
            is_odd = True
        elif cell.strip():
            return cell[:LONGEST_CELL]
    return None if is_odd else ""


def _identifier(row: Mapping[str, Any], paths: Sequence[str]) -> str | None:
    return read_line(row, paths)


def _day(record: Mapping[str, Any], paths: Sequence[str]) -> date | None:
    try:
        return read_date(_DAY.sub(r"\1", _first(record, paths) or ""))
    except BadCell:
        return None


def _objects(rows: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    return (row for row in rows if isinstance(row, Mapping))
