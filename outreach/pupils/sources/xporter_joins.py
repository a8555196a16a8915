"""Data that Xporter keeps apart from the pupils, joined to one page of them at a time.

Memory holds one page of pupils and what is joined to it, whatever the size of the school. Groups
are the exception: a school has far fewer groups than pupils, so their names are read once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.xporter_client import NotShared, XporterClient
from outreach.pupils.sources.xporter_mapping import Groups, Join, Rule, XporterMapping
from outreach.pupils.sources.xporter_shapes import (
    Row,
    as_identifier,
    cell_of,
    day_of,
    first_of,
    fold,
    folded,
    identifier_of,
    matches,
    plain,
)

NO_SINGLE_VALUE = (
    "What Xporter sent here is no single value, so it was not taken. Tell Xporter's support."
)
MOST_GROUPS_OF_SCHOOL = 50_000
YES_NO = frozenset({Field.FSM, Field.PUPIL_PREMIUM})
_TOLD_LATER = YES_NO | {Field.WORK_EMAIL, Field.HOME_EMAIL}
"""A bad value of these keeps nobody off the roster: the reader takes the pupil and tells it."""
_UNREADABLE = "(no single value)"
_Rank = tuple[bool, date]


@dataclass
class Draft:
    """One pupil being put together: cells, and reasons against values that are none."""

    cells: dict[Field, str] = field(default_factory=dict, repr=False)
    faults: dict[Field, str] = field(default_factory=dict)

    def lacks(self, wanted: Field) -> bool:
        return wanted not in self.cells and wanted not in self.faults

    def put(self, wanted: Field, value: Any) -> None:
        """The value of a field, raw; an empty one is none."""
        cell = cell_of(value, is_yes_no=wanted in YES_NO)
        if cell is None and wanted in _TOLD_LATER:
            self.cells[wanted] = _UNREADABLE
        elif cell is None:
            self.faults[wanted] = NO_SINGLE_VALUE
        elif cell:
            self.cells[wanted] = cell


class Joins:
    """For one reading of a school: it remembers which data are refused or cannot be asked by id."""

    def __init__(self, client: XporterClient, mapping: XporterMapping, today: date) -> None:
        self._client, self._mapping, self._today = client, mapping, today
        self._refused: set[str] = set()
        self._not_by_id: set[str] = set()

    def fill(self, page: Mapping[str, Draft], wanted: Collection[Field]) -> None:
        """Complete the page's pupils, by identifier; what they hold already stays."""
        for join in self._mapping.joins_for(wanted):
            fields = join.gives.keys() & wanted
            lacking = [key for key, draft in page.items() if any(map(draft.lacks, fields))]
            if lacking and join.path not in self._refused:
                self._fill_from(join, fields, lacking, page)

    def _fill_from(
        self, join: Join, fields: Collection[Field], lacking: list[str], page: Mapping[str, Draft]
    ) -> None:
        best: dict[tuple[str, Field], tuple[_Rank, Any]] = {}
        asked = frozenset(lacking)
        try:
            for row in self._rows(join, lacking):
                person = identifier_of(row, join.person)
                rank = self._rank(join, row)
                if person not in asked or rank is None:
                    continue
                for wanted in fields:
                    value = _given(join.gives[wanted], row)
                    known = best.get((person, wanted))
                    if value is not None and (known is None or rank > known[0]):
                        best[person, wanted] = rank, value
        except NotShared:
            self._refused.add(join.path)
            return
        for (person, wanted), (_, value) in best.items():
            if page[person].lacks(wanted):
                page[person].put(wanted, value)

    def _rows(self, join: Join, ids: Sequence[str]) -> Iterator[Row]:
        """Rows of these pupils, perhaps among others, perhaps twice."""
        if join.path not in self._not_by_id:
            yield from self._rows_by_id(join, ids)
        if join.path in self._not_by_id:
            for envelope in self._client.pages(join.path, join.rows):
                yield from _objects(envelope.rows)

    def _rows_by_id(self, join: Join, ids: Sequence[str]) -> Iterator[Row]:
        at_once = self._mapping.ids_at_once
        for start in range(0, len(ids), at_once):
            some = ids[start : start + at_once]
            asked = frozenset(some)
            address = join.by_ids.replace("{ids}", ",".join(quote(key, safe="") for key in some))
            try:
                for envelope in self._client.pages(address, join.rows):
                    rows = list(_objects(envelope.rows))
                    if any(identifier_of(row, join.person) not in asked for row in rows):
                        self._not_by_id.add(join.path)
                        return
                    yield from rows
            except Nonsense:
                self._not_by_id.add(join.path)  # asked for without ids, it may be understood
                return

    def _rank(self, join: Join, row: Row) -> _Rank | None:
        """The higher the better. None for a row of another kind of person, or not of today."""
        if any(matches(row, {name: words}) for name, words in join.skip.items()):
            return None
        starts, ends = day_of(row, join.starts), day_of(row, join.ends)
        if (ends is not None and ends < self._today and ends.year > 1900) or (
            starts is not None and starts > self._today
        ):
            return None
        return _is_true(first_of(row, join.first)), starts or date.min


def read_groups(client: XporterClient, groups: Groups) -> Mapping[str, GroupPlace] | None:
    """Teaching and user-defined groups by identifier; None where the school does not share them."""
    kinds = {fold(word): kind for kind, words in groups.kinds.items() for word in words}
    found: dict[str, GroupPlace] = {}
    try:
        for envelope in client.pages(groups.path, groups.rows):
            for row in _objects(envelope.rows):
                key = identifier_of(row, groups.id)
                kind = kinds.get(fold(as_identifier(first_of(row, groups.kind)) or ""))
                name = plain(first_of(row, groups.name))
                if key and kind and name:
                    days = day_of(row, groups.starts), day_of(row, groups.ends)
                    found[key] = GroupPlace(kind, name, *days)
            if len(found) > MOST_GROUPS_OF_SCHOOL:
                raise Nonsense(
                    "Groupcall Xporter lists more groups than a school can have. Nothing was "
                    "changed. Tell whoever runs this service."
                )
    except NotShared:
        return None
    return found


def _given(rules: Sequence[Rule], row: Row) -> Any:
    for rule in rules:
        if rule.where and not matches(row, rule.where):
            continue
        value = rule.means if rule.means is not None else first_of(row, rule.value)
        if value is not None:
            return value
    return None


def _objects(rows: Sequence[Any]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Mapping):
            yield folded(row)


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().casefold() in ("true", "1", "y", "yes")
