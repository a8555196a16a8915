"""CSV files in a zip, read where they are packed: nothing is written out, and no name is believed.

Limits hold before a byte is unpacked: how many members, how large in all, how tightly packed.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from outreach.pupils.sources.file_roster import UnreadableFile
from outreach.pupils.sources.table_file import is_blank

MOST_MEMBERS = 100
LARGEST_UNPACKED = 200 * 1024 * 1024
TIGHTEST = 250
"""Times that a file may shrink: tables of pupils shrink some ten or twenty times."""
SMALL = 1024 * 1024
"""A file of this size does no harm however tightly it is packed."""
LONGEST_LINE = 100_000
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1

DAMAGED = "The zip is damaged and cannot be read."

Row = tuple[int, list[str]]


class ZippedTables:
    """Files are asked for by their own name, in lower case, wherever in the zip they stand.

    Raises UnreadableFile, here and wherever a file is read.
    """

    def __init__(self, content: bytes) -> None:
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, NotImplementedError, UnicodeError, OSError, ValueError):
            raise refused(DAMAGED) from None
        members = [info for info in self._archive.infolist() if not info.is_dir()]
        if len(self._archive.infolist()) > MOST_MEMBERS:
            raise refused(f"The zip holds more than {MOST_MEMBERS} files.")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in members:
            folder, _, name = info.filename.casefold().rpartition("/")
            if folder.startswith("__macosx") or name.startswith("."):
                continue
            _check(info, name)
            if self._members.setdefault(name, info) is not info:
                raise refused("The zip holds two files of the same name.")
        if sum(info.file_size for info in members) > LARGEST_UNPACKED:
            raise refused(
                f"The zip unpacks to more than {LARGEST_UNPACKED // 1024 // 1024} MB, which is "
                "more than one school's roster takes."
            )

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def headings(self, name: str) -> list[str]:
        """Of a file that is there; none where it is empty."""
        with self._lines(name) as lines:
            _, cells = next(_read(name, lines), (0, []))
        return [cell.strip() for cell in cells]

    def rows(self, name: str) -> Iterator[Row]:
        """What follows the headings, with the numbers a spreadsheet shows; none where no file is."""
        if name not in self._members:
            return
        with self._lines(name) as lines:
            numbered = _read(name, lines)
            next(numbered, None)
            yield from numbered

    def columns(self, name: str, *wanted: str) -> Iterator[tuple[str, ...]]:
        """These cells of every row, without blank edges; one that is not there is empty."""
        if name not in self._members:
            return
        headings = self.headings(name)
        places = [headings.index(each) if each in headings else -1 for each in wanted]
        for _, cells in self.rows(name):
            width = len(cells)
            yield tuple([cells[at].strip() if 0 <= at < width else "" for at in places])

    @contextmanager
    def _lines(self, name: str) -> Iterator[Iterator[str]]:
        info = self._members[name]
        try:
            with (
                self._archive.open(info) as stream,
                io.TextIOWrapper(stream, "utf-8-sig", newline="") as text,
            ):
                yield _limited(name, text)
        except UnicodeDecodeError:
            raise refused(f"The letters of {name} could not be read: OneRoster is UTF-8.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise refused(DAMAGED) from None


def refused(words: str) -> UnreadableFile:
    return UnreadableFile(f"{words} Export the OneRoster zip again. Nothing was imported.")


def _check(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise refused("The zip is encrypted.")
    if info.compress_type not in _PACKED:
        raise refused(DAMAGED)
    if name.endswith(".zip"):
        raise refused("The zip holds another zip.")
    if info.file_size > max(SMALL, TIGHTEST * info.compress_size):
        raise refused("The zip is packed more tightly than tables of pupils can be.")


def _limited(name: str, text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise refused(f"A line of {name} is longer than any pupil's.")
        yield line


def _read(name: str, lines: Iterator[str]) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise refused(
                f"Row {number} of {name} cannot be told apart into cells: a quotation mark stands "
                "in the wrong place there, or is never closed."
            ) from None
        if not is_blank(cells):
            yield number, cells
