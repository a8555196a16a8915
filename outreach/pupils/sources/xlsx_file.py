"""A roster as an Excel workbook: its first sheet with anything in it, as rows of text."""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from outreach.pupils.sources.table_file import NumberedRow, is_blank, limit, no_headings
from outreach.pupils.sources.xlsx_check import DAMAGED, checked_copy, refuse

MIDNIGHT = time()


class XlsxFile:
    """An opened workbook. Cells hold what the file says they show: no formula is worked out."""

    source = "xlsx"
    encoding = ""
    may_hold_formulas = True

    def __init__(self, content: bytes) -> None:
        copy = checked_copy(content)
        try:
            sheet, others = _choose_sheet(CalamineWorkbook.from_filelike(io.BytesIO(copy)))
        except CalamineError:
            raise refuse(DAMAGED) from None
        self.notes = _note_others(sheet, others)
        self._numbered = _read_rows(sheet)
        _, headings = next(self._numbered, (0, None))
        if headings is None:
            raise no_headings()
        self.headings: Sequence[str] = headings

    def rows(self) -> Iterator[NumberedRow]:
        return limit(self._numbered)


def _choose_sheet(book: CalamineWorkbook) -> tuple[CalamineSheet, int]:
    """The first that is to be seen and holds something, and how many more do."""
    filled = [
        book.get_sheet_by_name(about.name)
        for about in book.sheets_metadata
        if about.typ is SheetTypeEnum.WorkSheet and about.visible is SheetVisibleEnum.Visible
    ]
    filled = [sheet for sheet in filled if sheet.start is not None]
    if not filled:
        raise refuse("The Excel workbook has no sheet with anything in it that can be seen.")
    return filled[0], len(filled) - 1


def _note_others(sheet: CalamineSheet, others: int) -> tuple[str, ...]:
    if not others:
        return ()
    rest = (
        "another sheet with cells in it, which was" if others == 1 else f"{others} more, which were"
    )
    return (f"The sheet “{sheet.name[:60]}” was read. The workbook has {rest} not.",)


def _read_rows(sheet: CalamineSheet) -> Iterator[NumberedRow]:
    """Numbered as Excel shows them, without blank ones and without blank cells at the end."""
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [as_text(value) for value in values]
        if is_blank(cells):
            continue
        while not cells[-1]:
            cells.pop()
        yield number, cells


def as_text(value: Any) -> str:
    """A typed cell as somebody would type it: 10 and not 10.0, days as 2011-09-04, yes and no."""
    match value:
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime() if value.time() == MIDNIGHT:
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
