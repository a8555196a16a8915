"""A OneRoster 1.1 or 1.2 zip of CSV files as a roster."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from outreach.pupils.sources.file_roster import FileRoster, check_size
from outreach.pupils.sources.oneroster_mapping import oneroster_mapping
from outreach.pupils.sources.oneroster_shapes import (
    Part,
    cells_of,
    teaching_groups,
)
from outreach.pupils.sources.oneroster_tables import (
    BEYOND,
    CLASSES,
    DEMOGRAPHICS,
    OneRosterTables,
)
from outreach.pupils.sources.reading import CheckAddress, RecordReader
from outreach.pupils.sources.records import Field, PupilRecord
from outreach.pupils.sources.zipped_tables import ZippedTables

_KNOWN = frozenset(
    "sourcedid status datelastmodified enableduser orgsourcedids role username userids givenname "
    "familyname middlename identifier email sms phone agentsourcedids grades password "
    "usermasteridentifier resourcesourcedids preferredgivenname preferredmiddlename "
    "preferredfamilyname primaryorgsourcedid pronouns".split()
)
"""Columns of users.csv in OneRoster 1.1 and 1.2; others are extensions."""


DELTA = (
    "The zip holds changes only (its manifest says so): it is not the whole school. Do not import "
    "it as a full roster."
)


class OneRosterZip(FileRoster):
    """Raises UnreadableFile where it is none, or holds the pupils of several schools."""

    source = "oneroster"
    encoding = "utf-8"

    def __init__(self, content: bytes, *, today: date, check_address: CheckAddress) -> None:
        check_size(content)
        self._mapping = oneroster_mapping()
        self._tables = OneRosterTables(ZippedTables(content), self._mapping, today)
        headings = self._given()
        self._fields = tuple(headings)
        columns = self._tables.headings
        super().__init__(
            RecordReader(headings, today=today, check_address=check_address),
            ignored=[each for each in columns if each and each.casefold() not in _KNOWN],
            notes=[DELTA] if self._tables.is_delta else [],
        )

    def __iter__(self) -> Iterator[PupilRecord]:
        for row, user in self._tables.users():
            part = self._tables.part(user)
            if part is Part.LEFT:
                reason = "The record is marked as deleted or left, so the pupil was not imported."
                self._reader.warn(row, Field.MIS_ID, "", reason)
            if part is not Part.STUDENT:
                continue
            self.row_count += 1
            record = self._read_user(row, user)
            if record is not None:
                yield record

    def _read_user(self, row: int, user: dict[str, Any]) -> PupilRecord | None:
        known = self._tables.demographics_of(user["sourcedId"])
        cells = cells_of(user, known, self._mapping, self._fields)
        if user[BEYOND]:
            reason = (
                "The row has more cells than there are headings: there may be a comma inside a "
                "name. Put that cell in quotation marks."
            )
            self._reader.reject_whole(row, user[BEYOND], reason, cells)
            return None
        registration, teaching = self._tables.groups_of(user["sourcedId"])
        if Field.REG_GROUP in self._fields:
            cells[Field.REG_GROUP] = registration
        groups = teaching_groups(teaching) if Field.GROUPS in self._fields else None
        return self._reader.read(row, cells, groups)

    def _given(self) -> dict[Field, str]:
        """Headings in the file's order of columns, then those of the other files."""
        tables, columns = self._tables, self._tables.headings
        given = dict(tables.given)
        if self._mapping.email_field and not set(self._mapping.email) & set(columns):
            del given[self._mapping.email_field]
        places = {heading: place for place, heading in enumerate(columns)}
        order = sorted(given, key=lambda field: places.get(given[field], len(places)))
        headings = {field: given[field] for field in order}
        for field, name in self._mapping.demographics.fields.items():
            if name in tables.demographic_columns:
                headings[field] = f"{name} ({DEMOGRAPHICS})"
        if tables.has_homerooms:
            headings[Field.REG_GROUP] = f"title ({CLASSES}, homeroom)"
        if tables.has_groups:
            headings[Field.GROUPS] = f"title ({CLASSES})"
        return headings
