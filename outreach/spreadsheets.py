"""Tables that a spreadsheet may safely open: CSV whose cells are never run."""

import csv
import io
import re
from collections.abc import Iterable

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_AFTER_SEPARATOR = re.compile(r'([;|\t\r\n][\s"]*)(?=[=+\-@])')
"""Where a spreadsheet that splits a file at another mark than commas begins a new cell."""


def safe_cell(cell: str | float | None) -> str | float | None:
    """A spreadsheet takes text that begins so for a formula and runs it: an apostrophe stops it.

    Within the text, too: LibreOffice lets its user split at semicolons, and then goes by neither
    commas nor the quotes after them.
    """
    if not isinstance(cell, str):
        return cell
    inside = _AFTER_SEPARATOR.sub(r"\1'", cell)
    return f"'{inside}" if inside.startswith(FORMULA_STARTS) else inside


def csv_line(cells: Iterable[str | float | None]) -> str:
    """RFC 4180, ended by CR LF. All text stands in quotes, numbers stay numbers."""
    line = io.StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_NONNUMERIC).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()
