"""Reads a roster CSV row by row into typed records, and keeps what it had to reject, and why."""

from collections.abc import Iterator
from datetime import date

from outreach.pupils.sources.csv_file import CsvFile
from outreach.pupils.sources.reading import CheckAddress, RecordReader
from outreach.pupils.sources.records import CellFault, Field, PupilRecord, RejectedPupil


class CsvRoster:
    """Iterate over it once for the good rows; then `rejected` and `warnings` are complete.

    Raises UnreadableFile or HeaderFault where the file as a whole cannot be read.
    """

    def __init__(self, content: bytes, *, today: date, check_address: CheckAddress) -> None:
        self._file = CsvFile(content)
        self._header = self._file.header
        headings = {field: self._header.headings[field] for field in self._header.places}
        self._reader = RecordReader(headings, today=today, check_address=check_address)
        self._places = tuple(self._header.places.items())
        self.row_count = 0
        self._reader.warnings += [
            CellFault(1, heading, "", f"The column was left out. {words}")
            for heading, words in self._header.unclear
        ]

    @property
    def fields(self) -> frozenset[Field]:
        return self._reader.fields

    @property
    def ignored(self) -> tuple[str, ...]:
        return self._header.ignored

    @property
    def encoding(self) -> str:
        return self._file.encoding

    @property
    def rejected(self) -> list[CellFault]:
        return self._reader.rejected

    @property
    def rejected_pupils(self) -> list[RejectedPupil]:
        return self._reader.rejected_pupils

    @property
    def warnings(self) -> list[CellFault]:
        return self._reader.warnings

    def heading_of(self, field: Field) -> str:
        return self._reader.heading_of(field)

    def reject(self, row: int, field: Field, value: str, reason: str) -> None:
        self._reader.reject(row, field, value, reason)

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
        width = self._header.width
        extra = next((cell for cell in cells[width:] if cell.strip()), None)
        if extra is not None:  # cells stand under the wrong headings
            reason = (
                "The row has more cells than there are headings: there may be a comma inside a "
                "name or a date. Put that cell in quotation marks."
            )
            self._reader.reject_whole(row, extra, reason, self._by_field(cells))
            return None
        cells += [""] * (width - len(cells))
        return self._reader.read(row, self._by_field(cells))

    def _by_field(self, cells: list[str]) -> dict[Field, str]:
        return {field: cells[place] for field, place in self._places}
