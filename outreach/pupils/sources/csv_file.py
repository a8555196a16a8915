"""A roster as a CSV file: how its bytes become rows of text, whatever program wrote them."""

import csv
import io
import re
from collections.abc import Iterator

from outreach.errors import Refusal
from outreach.pupils.sources.columns import Header, count_known, read_header

LARGEST_FILE = 20 * 1024 * 1024
MOST_ROWS = 200_000
DELIMITERS = ",;\t"
_NOT_TEXT = {
    b"PK\x03\x04": "It is an Excel workbook (.xlsx).",
    b"\xd0\xcf\x11\xe0": "It is an old Excel workbook (.xls).",
    b"%PDF": "It is a PDF.",
}
_UTF8_PAIR = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")

NumberedRow = tuple[int, list[str] | None]


class UnreadableFile(Refusal):
    """The bytes are no roster at all, or one too large. Nothing can be read."""


class CsvFile:
    """An opened file: its header, and its rows with the numbers that a spreadsheet shows."""

    def __init__(self, content: bytes) -> None:
        _check_bytes(content)
        self._content = content
        self.encoding = _encoding_of(content)
        self._is_marked, self.delimiter = self._sniff_delimiter()
        self._numbered = self._read_rows()
        _, headings = next(self._numbered, (0, None))
        if headings is None:
            raise UnreadableFile("The first row of the file has no headings. Nothing was imported.")
        self.header: Header = read_header(headings)

    def rows(self) -> Iterator[NumberedRow]:
        """Row number and cells, without the header and without blank rows. Once only.

        The cells are None where stray quotation marks leave no way to tell them apart.
        """
        for count, (number, cells) in enumerate(self._numbered, start=1):
            if count > MOST_ROWS:
                raise UnreadableFile(
                    f"The file has more than {MOST_ROWS:,} rows, which is more than one school has. "
                    "Check that it is the right file. Nothing was imported."
                )
            yield number, cells

    def _lines(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self._content), self.encoding, newline="")

    def _sniff_delimiter(self) -> tuple[bool, str]:
        """The delimiter that makes most sense of the first line that is not blank."""
        first = next((line for line in self._lines() if line.strip(" \t\r\n,;")), "")
        marked = re.fullmatch(r"sep=([,;\t])\s*", first, re.IGNORECASE)
        if marked:  # Excel's own mark, a line before the header
            return True, marked[1]

        def sense(delimiter: str) -> tuple[int, int]:
            cells = next(csv.reader([first], delimiter=delimiter), [])
            return count_known(cells), len(cells)

        return False, max(DELIMITERS, key=sense)

    def _read_rows(self) -> Iterator[NumberedRow]:
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        skip_mark = self._is_marked
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                if "expected after" not in str(fault):
                    raise _never_closed(number) from fault
                yield number, None  # the reader goes on with the next line
                continue
            if not any(cells) or not any(cell.strip() for cell in cells):
                continue
            if skip_mark:
                skip_mark = False
                continue
            yield number, cells


def _never_closed(number: int) -> UnreadableFile:
    return UnreadableFile(
        f"A quotation mark that opens in row {number} is never closed, so the rows after it "
        "cannot be told apart. Mend that cell and try again. Nothing was imported."
    )


def _check_bytes(content: bytes) -> None:
    if not content.strip():
        raise UnreadableFile("The file is empty. Export the roster again and try once more.")
    if len(content) > LARGEST_FILE:
        raise UnreadableFile(
            f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB, which is more than one "
            "school's roster takes. Check that it is the right file. Nothing was imported."
        )
    for mark, words in _NOT_TEXT.items():
        if content.startswith(mark):
            raise UnreadableFile(
                f"This is not a CSV file. {words} Open it, choose Save as, pick "
                "“CSV UTF-8 (comma delimited)”, and import that. Nothing was imported."
            )


def _encoding_of(content: bytes) -> str:
    """UTF-8 first, since other text is hardly ever valid UTF-8; else what Excel writes on Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _proven(content, "utf-16")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as fault:
        if _UTF8_PAIR.search(content):
            line = content.count(b"\n", 0, fault.start) + 1
            raise UnreadableFile(
                f"The file mixes two ways of writing letters with accents (first on line {line}), "
                "so names would be spoilt. Export it again as “CSV UTF-8”. Nothing was imported."
            ) from None
        return _proven(content, "cp1252")
    return "utf-8-sig"


def _proven(content: bytes, encoding: str) -> str:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableFile(
            "The letters of the file could not be read. Export it again as “CSV UTF-8”. "
            "Nothing was imported."
        ) from None
    return encoding
