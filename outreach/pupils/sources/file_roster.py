"""What every roster file is to an import, whatever its format: records, faults, and its own words."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from outreach.errors import Refusal
from outreach.pupils.sources.reading import RecordReader
from outreach.pupils.sources.records import CellFault, Field, PupilRecord, RejectedPupil

LARGEST_FILE = 20 * 1024 * 1024


class UnreadableFile(Refusal):
    """The bytes are no roster at all, or one too large. Nothing can be read."""


class FileRoster(ABC):
    """Iterate over it once for the good rows; then `rejected` and `warnings` are complete.

    `notes` say of the file as a whole what a person should know before they import it.
    """

    source: str
    row_name = "row"
    """What a fault's `row` counts, in a word."""
    encoding = ""

    def __init__(
        self, reader: RecordReader, *, ignored: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> None:
        self._reader = reader
        self.ignored = tuple(ignored)
        self.notes = tuple(notes)
        self.row_count = 0

    @abstractmethod
    def __iter__(self) -> Iterator[PupilRecord]:
        """The good rows."""

    @property
    def fields(self) -> frozenset[Field]:
        return self._reader.fields

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

    def sort_faults(self) -> None:
        """By row, and within a row in the file's own order of columns."""
        self._reader.sort_faults()


def check_size(content: bytes) -> None:
    """Before anything is read. Raises UnreadableFile."""
    if not content or content.isspace():
        raise UnreadableFile("The file is empty. Export the roster again and try once more.")
    if len(content) > LARGEST_FILE:
        raise UnreadableFile(
            f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB, which is more than one "
            "school's roster takes. Check that it is the right file. Nothing was imported."
        )
