"""What a table's columns look like and what each is taken as, for a person to look over."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from outreach.pupils.sources.columns import (
    ColumnChoice,
    HeaderFault,
    fold,
    guess_columns,
    name_column,
    vocabulary,
)
from outreach.pupils.sources.file_roster import UnreadableFile
from outreach.pupils.sources.files import open_table
from outreach.pupils.sources.records import Field

SHOWN_ROWS = 3
LONGEST_SHOWN = 40


@dataclass(frozen=True, repr=False)
class ColumnPreview:
    """`values` are the first that the column has; `words` say why it was not understood."""

    place: int
    name: str
    values: tuple[str, ...]
    field: Field | None
    words: str


def preview_columns(content: bytes, choice: ColumnChoice | None) -> list[ColumnPreview]:
    """Column by column. Empty where the file is of a kind without columns, or cannot be read."""
    try:
        table = open_table(content)
        if table is None:
            return []
        guessed = guess_columns(table.headings)
        rows = [cells or [] for _, cells in islice(table.rows(), SHOWN_ROWS)]
    except (UnreadableFile, HeaderFault):
        return []
    taken = guessed if choice is None else [choice.get(place) for place in range(len(guessed))]
    return [
        ColumnPreview(
            place,
            _show(name_column(table.headings, place)),
            tuple(_show(row[place]) for row in rows if place < len(row) and row[place].strip()),
            field,
            _remark(table.headings[place], field),
        )
        for place, field in enumerate(taken)
    ]


def headings_of(content: bytes) -> Sequence[str] | None:
    """None where the file has no columns to choose, or cannot be read."""
    try:
        table = open_table(content)
    except UnreadableFile:
        return None
    return None if table is None else list(table.headings)


def _remark(heading: str, field: Field | None) -> str:
    return "" if field else vocabulary().unclear.get(fold(heading), "")


def _show(text: str) -> str:
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in text.strip())
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
