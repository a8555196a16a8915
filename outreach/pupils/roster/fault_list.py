"""The rejected cells of an import as a CSV file that a spreadsheet may safely open."""

import json
from collections.abc import Sequence

from outreach.errors import Refusal
from outreach.pupils.sources.records import CellFault
from outreach.spreadsheets import csv_line

MOST_CARRIED = 5_000
"""As many faults as a page carries in its form; nothing of them is kept on the server."""


def write_faults(faults: Sequence[CellFault], row_name: str = "row") -> bytes:
    """With a byte order mark, by which Excel knows UTF-8. `row_name` is what a row counts."""
    lines = [csv_line([row_name.capitalize(), "Column", "Value", "What to do"])]
    lines += [csv_line([one.row, one.column, one.value, one.reason]) for one in faults]
    return "".join(lines).encode("utf-8-sig", errors="replace")


def carry(faults: Sequence[CellFault]) -> str:
    """For a hidden field of the page that shows them."""
    return json.dumps([[f.row, f.column, f.value, f.reason] for f in faults[:MOST_CARRIED]])


def receive(carried: str) -> list[CellFault]:
    """What `carry` wrote, back from the browser; Refusal where it is something else."""
    try:
        rows = json.loads(carried)
        faults = [
            CellFault(int(row), str(column), str(value), str(reason))
            for row, column, value, reason in rows
        ]
    except (ValueError, TypeError, OverflowError, RecursionError):
        words = "The list of faults did not arrive whole. Check the file again to see it."
        raise Refusal(words) from None
    return faults
