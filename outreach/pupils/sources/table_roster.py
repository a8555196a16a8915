"""Reads a table of pupils row by row into typed records, and keeps what it had to reject, and why."""

import re
from collections.abc import Iterator
from datetime import date

from outreach.pupils.sources.columns import ColumnChoice, read_header
from outreach.pupils.sources.file_roster import FileRoster
from outreach.pupils.sources.reading import CheckAddress, RecordReader
from outreach.pupils.sources.records import CellFault, Field, PupilRecord
from outreach.pupils.sources.table_file import TableFile

_NAMES = (
    Field.MIS_ID,
    Field.ADMISSION_NUMBER,
    Field.FORENAME,
    Field.PREFERRED_FORENAME,
    Field.SURNAME,
)
"""What identifies a pupil besides the UPN, which has a shape of its own: no formula does."""

_FORMULA = re.compile(r"[=+@-].")


class TableRoster(FileRoster):
    """A CSV or Excel file. Raises HeaderFault where its headings say too little."""

    def __init__(
        self,
        file: TableFile,
        *,
        today: date,
        check_address: CheckAddress,
        columns: ColumnChoice | None = None,
    ) -> None:
        header = read_header(file.headings, columns)
        reader = RecordReader(header.headings, today=today, check_address=check_address)
        super().__init__(reader, ignored=header.ignored, notes=file.notes)
        self.source, self.encoding = file.source, file.encoding
        self._file, self._width = file, header.width
        self._places = tuple(header.places.items())
        self._names = [field for field in _NAMES if field in header.places]
        reader.warnings += [
            CellFault(1, heading, "", f"The column was left out. {words}")
            for heading, words in header.unclear
        ]

    def __iter__(self) -> Iterator[PupilRecord]:
        for row, cells in self._file.rows():
            self.row_count += 1
            record = self._read_row(row, cells)
            if record is not None:
                yield record

    def _read_row(self, row: int, cells: list[str] | None) -> PupilRecord | None:
        if cells is None:
            reason = (
                "A quotation mark stands in the wrong place, so the columns cannot be told apart."
            )
            self._reader.reject_whole(row, "", f"{reason} Mend the row.")
            return None
        width = self._width
        extra = next((cell for cell in cells[width:] if cell.strip()), None)
        if extra is not None:  # cells stand under the wrong headings
            reason = (
                "The row has more cells than there are headings: there may be a comma inside a "
                "name or a date. Put that cell in quotation marks."
            )
            self._reader.reject_whole(row, extra, reason, self._by_field(cells))
            return None
        cells += [""] * (width - len(cells))
        by_field = self._by_field(cells)
        record = self._reader.read(row, by_field)
        if self._file.may_hold_formulas and self._has_formula(row, by_field):
            if record is not None:
                self._reader.keep_rejected(by_field)
            return None
        return record

    def _has_formula(self, row: int, cells: dict[Field, str]) -> bool:
        """Text that a spreadsheet would run is nobody's name, and somebody put it there."""
        found = [field for field in self._names if _FORMULA.match(cells[field])]
        for field in found:
            reason = "The text begins as a formula does. Type in what should stand there."
            self._reader.reject(row, field, cells[field], reason)
        return bool(found)

    def _by_field(self, cells: list[str]) -> dict[Field, str]:
        return {field: cells[place] for field, place in self._places}
