"""From a page of Xporter's student records to pupils with raw cells, joined data and groups."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.source import SourcePupil
from outreach.pupils.sources.xporter_client import XporterClient
from outreach.pupils.sources.xporter_joins import Draft, Joins, read_groups
from outreach.pupils.sources.xporter_mapping import XporterMapping
from outreach.pupils.sources.xporter_shapes import (
    Row,
    first_of,
    fold,
    folded,
    identifier_of,
    identifiers_in,
)

NO_DAY = "0001-01-01"
"""A date that is not set, as .NET writes it."""
_HOUR = re.compile(r"(?<=^[0-9]{4}-[0-9]{2}-[0-9]{2})[ T][0-9]{2}:.*")
_DAYS = frozenset({Field.DATE_OF_BIRTH, Field.START_DATE, Field.LEAVING_DATE})
NO_IDENTIFIER = (
    "Xporter sent no identifier for this pupil, so it was not taken. Tell Xporter's support."
)


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
        found: list[tuple[Draft, tuple[GroupPlace, ...] | None]] = []
        by_id: dict[str, Draft] = {}
        for number, record in enumerate(records, start=1):
            if not isinstance(record, Mapping):
                malformed.append(f"Record {number} of page {page} is not a pupil's record.")
                continue
            row = folded(record)
            key = identifier_of(row, self._mapping.students.id)
            if only is not None and key not in only:
                continue
            draft = self._draft(row)
            if key is not None:
                draft.cells[Field.MIS_ID] = key
                by_id.setdefault(key, draft)
            elif Field.UPN in draft.cells:
                draft.faults[Field.MIS_ID] = NO_IDENTIFIER  # and who has the UPN is not absent
            else:
                malformed.append(f"Record {number} of page {page} has no identifier.")
                continue
            found.append((draft, self._groups_of(row)))
        self._joins.fill(by_id, self._wanted)
        pupils = [SourcePupil(draft.cells, groups, draft.faults) for draft, groups in found]
        return pupils, malformed

    def _draft(self, row: Row) -> Draft:
        draft = Draft()
        for field, names in self._mapping.students.fields.items():
            if field in self._wanted:
                value = first_of(row, names)
                if field in _DAYS and isinstance(value, str):
                    value = "" if value.startswith(NO_DAY) else _HOUR.sub("", value)
                draft.put(field, value)
        return draft

    def _groups_of(self, row: Row) -> tuple[GroupPlace, ...] | None:
        """None where the school does not share groups, or the record says nothing of them."""
        name = next((n for n in self._mapping.groups.on_student if fold(n) in row), None)
        if self._groups is None or name is None:
            return None
        keys = identifiers_in(row[fold(name)])
        return tuple(self._groups[key] for key in keys if key in self._groups)
