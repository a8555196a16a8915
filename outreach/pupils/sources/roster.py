"""What an import needs to know of a roster: a file's, or what a sync fetched."""

from typing import Protocol

from outreach.pupils.sources.records import CellFault, Field, RejectedPupil


class Roster(Protocol):
    """`fields` are what the source gives: what it does not stays as it is stored.

    `rejected` is known once the records are read, and grows by what only the database can know.
    """

    @property
    def fields(self) -> frozenset[Field]: ...

    @property
    def rejected(self) -> list[CellFault]: ...

    @property
    def rejected_pupils(self) -> list[RejectedPupil]: ...

    @property
    def warnings(self) -> list[CellFault]: ...

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that we do not know."""

    @property
    def encoding(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the source as a whole."""

    @property
    def row_name(self) -> str:
        """What a fault's `row` counts, in a word."""

    @property
    def row_count(self) -> int: ...

    def heading_of(self, field: Field) -> str:
        """What the source calls it, or we do where it has no such field."""

    def reject(self, row: int, field: Field, value: str, reason: str) -> None: ...

    def sort_faults(self) -> None:
        """By row, and within a row in the source's own order of fields."""
