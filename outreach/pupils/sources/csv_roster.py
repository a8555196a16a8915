"""Reads a roster CSV row by row into typed records, and keeps what it had to reject, and why."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from outreach.mail.addresses import AddressFault
from outreach.pupils.sources.cells import (
    BadCell,
    read_date,
    read_text,
    read_upn,
    read_year,
    read_yes_no,
    tidy,
)
from outreach.pupils.sources.columns import IDENTIFIERS, REQUIRED, vocabulary
from outreach.pupils.sources.csv_file import CsvFile
from outreach.pupils.sources.records import CellFault, Field, PupilRecord, RejectedPupil
from outreach.pupils.upn import authority_of, is_known_authority

CheckAddress = Callable[[str], str | AddressFault]
"""The address in the form to keep, or why it cannot be one."""

LONGEST_ADDRESS = 320
_SLOTS = {name: slot for slot, name in enumerate(PupilRecord._fields)}
_READERS: dict[Field, Callable[[str], object]] = {
    Field.UPN: read_upn,
    Field.YEAR: read_year,
    Field.DATE_OF_BIRTH: read_date,
    Field.START_DATE: read_date,
    Field.LEAVING_DATE: read_date,
}
_YES_NO = (Field.FSM, Field.PUPIL_PREMIUM)
_ADDRESSES = {Field.WORK_EMAIL: "work_fault", Field.HOME_EMAIL: "home_fault"}


class CsvRoster:
    """Iterate over it once for the good rows; then `rejected` and `warnings` are complete.

    Raises UnreadableFile or HeaderFault where the file as a whole cannot be read.
    """

    def __init__(self, content: bytes, *, today: date, check_address: CheckAddress) -> None:
        self._file = CsvFile(content)
        self._today = today
        self._check_address = check_address
        self._header = self._file.header
        self._plan = [
            (field, place, _SLOTS[field.value], _READERS.get(field, read_text))
            for field, place in self._header.places.items()
            if field not in _YES_NO and field not in _ADDRESSES
        ]
        self._lenient = [field for field in _YES_NO if field in self._header.places]
        self._addresses = [field for field in _ADDRESSES if field in self._header.places]
        self._rows_by_upn: dict[str, int] = {}
        self._rows_by_mis_id: dict[str, int] = {}
        self._authorities_warned: set[int] = set()
        self.row_count = 0
        self.rejected: list[CellFault] = []
        self.rejected_pupils: list[RejectedPupil] = []
        self.warnings = [
            CellFault(1, heading, "", f"The column was left out. {words}")
            for heading, words in self._header.unclear
        ]

    @property
    def fields(self) -> frozenset[Field]:
        """The columns that the file has: what it does not have stays as it is stored."""
        return frozenset(self._header.places)

    @property
    def ignored(self) -> tuple[str, ...]:
        return self._header.ignored

    @property
    def encoding(self) -> str:
        return self._file.encoding

    def heading_of(self, field: Field) -> str:
        """What the file calls it, or we do where the file has no such column."""
        return self._header.headings.get(field, vocabulary().names[field])

    def __iter__(self) -> Iterator[PupilRecord]:
        for row, cells in self._file.rows():
            self.row_count += 1
            record = None if cells is None else self._read_row(row, cells)
            if cells is None:
                self._reject_whole_row(row)
            elif record is not None:
                yield record

    def reject(self, record_row: int, field: Field, value: str, reason: str) -> None:
        """Also for what only the database can know, such as whose identifier it is."""
        self.rejected.append(CellFault(record_row, self.heading_of(field), value, reason))

    def _reject_whole_row(self, row: int) -> None:
        reason = "A quotation mark stands in the wrong place, so the columns cannot be told apart."
        self.rejected.append(CellFault(row, "", "", f"{reason} Mend the row."))

    def _read_row(self, row: int, cells: list[str]) -> PupilRecord | None:
        faults_before = len(self.rejected)
        cells += [""] * (self._header.width - len(cells))
        values: list[Any] = [None] * len(_SLOTS)
        values[0] = row
        for field, place, slot, read in self._plan:
            try:
                values[slot] = read(cells[place])
            except BadCell as fault:
                self.reject(row, field, cells[place], fault.reason)
        if any(cell.strip() for cell in cells[self._header.width :]):
            del self.rejected[faults_before:]  # cells stand under the wrong headings
            self._reject_too_wide(row, cells)
        if len(self.rejected) == faults_before:
            self._check_whole(row, values, cells)
        if len(self.rejected) > faults_before:
            self.rejected_pupils.append(RejectedPupil(values[1], values[2]))
            return None
        self._remember(row, values[1], values[2])
        for field in self._lenient:
            values[_SLOTS[field.value]] = self._read_yes_no(row, field, cells)
        for field in self._addresses:
            address, address_fault = self._read_address(row, field, cells)
            values[_SLOTS[field.value]] = address
            values[_SLOTS[_ADDRESSES[field]]] = address_fault
        return PupilRecord._make(values)

    def _reject_too_wide(self, row: int, cells: list[str]) -> None:
        extra = next(cell for cell in cells[self._header.width :] if cell.strip())
        reason = (
            "The row has more cells than there are headings: there may be a comma inside a name or "
            "a date. Put that cell in quotation marks."
        )
        self.rejected.append(CellFault(row, "", extra, reason))

    def _check_whole(self, row: int, values: list[Any], cells: list[str]) -> None:
        """What one cell alone cannot tell: what is needed, what is still to come, what repeats."""
        for field in REQUIRED:
            if values[_SLOTS[field.value]] is None:
                self.reject(row, field, "", "This is needed for every pupil. Fill the cell.")
        upn, mis_id = values[1], values[2]
        if upn is None and mis_id is None:
            place = next(field for field in IDENTIFIERS if field in self._header.places)
            self.reject(row, place, "", "A pupil needs a UPN or a MIS ID. Fill one of them.")
        born = values[_SLOTS["date_of_birth"]]
        if born is not None and born >= self._today:
            cell = cells[self._header.places[Field.DATE_OF_BIRTH]]
            self.reject(row, Field.DATE_OF_BIRTH, cell, "The date of birth is not in the past.")
        for field, value, rows in (
            (Field.UPN, upn, self._rows_by_upn),
            (Field.MIS_ID, mis_id, self._rows_by_mis_id),
        ):
            if value in rows:
                reason = f"Row {rows[value]} has the same one. Keep one row for each pupil."
                self.reject(row, field, cells[self._header.places[field]], reason)

    def _remember(self, row: int, upn: str | None, mis_id: str | None) -> None:
        if mis_id is not None:
            self._rows_by_mis_id[mis_id] = row
        if upn is None:
            return
        self._rows_by_upn[upn] = row
        code = authority_of(upn)
        if not is_known_authority(code) and code not in self._authorities_warned:
            self._authorities_warned.add(code)
            reason = (
                f"No local authority with the code {code:03d} is known to us. The pupil was taken "
                "all the same, and so are others with this code."
            )
            self.warnings.append(CellFault(row, self.heading_of(Field.UPN), upn, reason))

    def _read_yes_no(self, row: int, field: Field, cells: list[str]) -> str | None:
        cell = cells[self._header.places[field]]
        try:
            return read_yes_no(cell)
        except BadCell as fault:
            self.warnings.append(CellFault(row, self.heading_of(field), cell, fault.reason))
            return None

    def _read_address(
        self, row: int, field: Field, cells: list[str]
    ) -> tuple[str | None, str | None]:
        """An address that cannot be one keeps nobody off the roster: it is kept with its fault."""
        cell = cells[self._header.places[field]]
        try:
            address = tidy(cell)
        except BadCell:
            address = "".join(mark if mark.isprintable() else "\ufffd" for mark in cell)
        if not address:
            return None, None
        checked = self._check_address(address)
        if isinstance(checked, str):
            return checked, None
        reason = f"{checked.reason} The pupil was taken, but cannot be mailed there."
        self.warnings.append(CellFault(row, self.heading_of(field), cell, reason))
        return address[:LONGEST_ADDRESS], checked.reason
