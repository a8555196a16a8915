"""From a page of Xporter's student records to pupils with raw cells, joined data and groups."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.source import SourcePupil
from outreach.pupils.sources.xporter_client import XporterClient
from outreach.pupils.sources.xporter_joins import YES_NO, Cells, Joins, read_groups
from outreach.pupils.sources.xporter_mapping import XporterMapping
from outreach.pupils.sources.xporter_shapes import (
    Row,
    cell_of,
    first_of,
    fold,
    folded,
    identifier_of,
    identifiers_in,
)

NO_DAY = "0001-01-01"
"""A date that is not set, as .NET writes it."""
_DAYS = frozenset({Field.DATE_OF_BIRTH, Field.START_DATE, Field.LEAVING_DATE})
_NO_IDENTIFIER = "(none,\nnot a number)"


class PupilReader:
    """For one reading of a school. `read` gives the page's pupils, and what is wrong with records
    that are none."""

    def __init__(
        self,
        client: XporterClient,
        mapping: XporterMapping,
        wanted: Collection[Field],
        today: date,
    ) -> None:
        self._mapping, self._wanted = mapping, wanted
        self._joins = Joins(client, mapping, today)
        self._groups: Mapping[str, GroupPlace] | None = (
            read_groups(client, mapping.groups) if Field.GROUPS in wanted else None
        )

    def read(
        self, records: Sequence[Any], page: int, only: Collection[str] | None
    ) -> tuple[list[SourcePupil], list[str]]:
        """`only`: pupils with other identifiers are passed over."""
        malformed: list[str] = []
        found: list[tuple[Cells, tuple[GroupPlace, ...] | None]] = []
        by_id: dict[str, Cells] = {}
        for number, record in enumerate(records, start=1):
            if not isinstance(record, Mapping):
                malformed.append(f"Record {number} of page {page} is not a pupil's record.")
                continue
            row = folded(record)
            key = identifier_of(row, self._mapping.students.id)
            if only is not None and key not in only:
                continue
            cells = self._cells(row)
            if key is not None:
                cells[Field.MIS_ID] = key
                by_id.setdefault(key, cells)
            elif cells.get(Field.UPN):
                cells[Field.MIS_ID] = _NO_IDENTIFIER  # told as a fault, and the UPN is not absent
            else:
                malformed.append(f"Record {number} of page {page} has no identifier.")
                continue
            found.append((cells, self._groups_of(row)))
        self._joins.fill(by_id, self._wanted)
        return [SourcePupil(cells, groups) for cells, groups in found], malformed

    def _cells(self, row: Row) -> Cells:
        cells: Cells = {}
        for field, names in self._mapping.students.fields.items():
            if field in self._wanted:
                cell = cell_of(first_of(row, names), is_yes_no=field in YES_NO)
                if cell and not (field in _DAYS and cell.startswith(NO_DAY)):
                    cells[field] = cell
        return cells

    def _groups_of(self, row: Row) -> tuple[GroupPlace, ...] | None:
        """None where the school does not share groups, or the record says nothing of them."""
        name = next((n for n in self._mapping.groups.on_student if fold(n) in row), None)
        if self._groups is None or name is None:
            return None
        keys = identifiers_in(row[fold(name)])
        return tuple(self._groups[key] for key in keys if key in self._groups)
