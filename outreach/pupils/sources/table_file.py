"""What CSV and Excel files have in common: headings in the first row, and numbered rows of text."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from outreach.pupils.sources.file_roster import UnreadableFile

MOST_ROWS = 200_000

NumberedRow = tuple[int, list[str] | None]
"""The row as a spreadsheet numbers it, and its cells; None where they cannot be told apart."""


class TableFile(Protocol):
    """An opened file. `rows` gives what follows the headings, without blank rows, once only."""

    source: str
    encoding: str
    may_hold_formulas: bool
    """Whether text that begins as a formula is a fault in a name or an identifier."""

    @property
    def headings(self) -> Sequence[str]: ...

    @property
    def notes(self) -> Sequence[str]: ...

    def rows(self) -> Iterator[NumberedRow]: ...


def no_headings() -> UnreadableFile:
    return UnreadableFile("The first row of the file has no headings. Nothing was imported.")


def limit(rows: Iterator[NumberedRow]) -> Iterator[NumberedRow]:
    """Raises UnreadableFile where there are more than any school has."""
    for count, row in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise UnreadableFile(
                f"The file has more than {MOST_ROWS:,} rows, which is more than one school has. "
                "Check that it is the right file. Nothing was imported."
            )
        yield row


def is_blank(cells: Sequence[str]) -> bool:
    return not any(cells) or not any(cell.strip() for cell in cells)
