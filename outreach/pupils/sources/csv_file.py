"""A roster as a CSV file: how its bytes become rows of text, whatever program wrote them."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from outreach.pupils.sources.columns import count_known
from outreach.pupils.sources.file_roster import UnreadableFile
from outreach.pupils.sources.table_file import NumberedRow, is_blank, limit, no_headings

DELIMITERS = ",;\t"
_PIECE = 1 << 16
_UTF8_PAIR = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")


class CsvFile:
    """An opened file: its headings, and its rows with the numbers that a spreadsheet shows."""

    source = "csv"
    may_hold_formulas = False
    notes: tuple[str, ...] = ()

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.encoding = _encoding_of(content)
        self._is_marked, self.delimiter = self._sniff_delimiter()
        self._numbered = self._read_rows()
        _, headings = next(self._numbered, (0, None))
        if headings is None:
            raise no_headings()
        self.headings = headings

    def rows(self) -> Iterator[NumberedRow]:
        """The cells are None where stray quotation marks leave no way to tell them apart."""
        return limit(self._numbered)

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
                if "field larger" in str(fault):
                    raise _too_long(number) from fault
                if "expected after" not in str(fault):
                    raise _never_closed(number) from fault
                yield number, None  # the reader goes on with the next line
                continue
            if is_blank(cells):
                continue
            if skip_mark:
                skip_mark = False
                continue
            yield number, cells


def _too_long(number: int) -> UnreadableFile:
    return UnreadableFile(
        f"A cell in row {number} is longer than any cell of a roster. If it begins with a quotation "
        "mark that is never closed, mend it. Nothing was imported."
    )


def _never_closed(number: int) -> UnreadableFile:
    return UnreadableFile(
        f"A quotation mark that opens in row {number} is never closed, so the rows after it "
        "cannot be told apart. Mend that cell and try again. Nothing was imported."
    )


def _encoding_of(content: bytes) -> str:
    """UTF-8 first, since other text is hardly ever valid UTF-8; else what Excel writes on Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _proven(content, "utf-16")
    if _reads_as(content, "utf-8"):
        return "utf-8-sig"
    if _UTF8_PAIR.search(content):
        raise UnreadableFile(
            f"The file mixes two ways of writing letters with accents (first on line "
            f"{_first_bad_line(content)}), so names would be spoilt. Export it again as “CSV "
            "UTF-8”. Nothing was imported."
        )
    return _proven(content, "cp1252")


def _proven(content: bytes, encoding: str) -> str:
    if not _reads_as(content, encoding):
        raise UnreadableFile(
            "The letters of the file could not be read. Export it again as “CSV UTF-8”. "
            "Nothing was imported."
        )
    return encoding


def _reads_as(content: bytes, encoding: str) -> bool:
    """In pieces: the text of a large file need not stand in memory beside its bytes."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for begin in range(0, len(content), _PIECE):
            decoder.decode(content[begin : begin + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_bad_line(content: bytes) -> int:
    good = content.decode("utf-8", "surrogateescape")
    place = next(place for place, mark in enumerate(good) if "\ud800" <= mark <= "\udfff")
    return good.count("\n", 0, place) + 1
