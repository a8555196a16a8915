"""Reads the parts of an Excel workbook by hand before any reader of cells sees them: no bombs.

A workbook is a zip of XML. What is passed on is a new archive of the parts that were really read
here, in full and within limits: no macros, no pictures, nothing encrypted, no DTD, no sheet whose
few cells stand so far apart, or repeat such long text, that they would fill the memory.
"""

import io
import re
import zipfile
import zlib

from outreach.pupils.sources.defused import BadXml, in_pieces
from outreach.pupils.sources.file_roster import UnreadableFile
from outreach.pupils.sources.xlsx_extent import Extent, OutOfBounds

LARGEST_UNPACKED = 100 * 1024 * 1024
MOST_MEMBERS = 1_000
MOST_AREA = 4_000_000
"""Cells of the rectangle from A1 to the last that holds something: memory is taken for all."""
MOST_TEXT = 200_000_000
"""Characters of all cells, text that is stored once counted as often as it is shown."""

_NEEDED = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/[^/]+\.rels|xl/worksheets/[^/]+\.xml",
    re.IGNORECASE,
)
_SHARED = "xl/sharedstrings.xml"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

DAMAGED = "The Excel workbook is damaged and cannot be read."
HOSTILE = (
    "The Excel workbook holds something that no spreadsheet program writes, and may be meant to "
    "do harm."
)
TOO_LARGE = "The Excel workbook unpacks to more than one school's roster takes."


def checked_copy(content: bytes) -> bytes:
    """The workbook's parts that cells are read from, each as it was read here, not packed.

    Raises UnreadableFile.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _copy(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError):
        raise refuse(DAMAGED) from None
    except BadXml as fault:
        raise refuse(HOSTILE if fault.is_hostile else DAMAGED) from None


def refuse(words: str) -> UnreadableFile:
    mend = "Open it, save it again as an Excel workbook (.xlsx) or as CSV UTF-8, and try that."
    return UnreadableFile(f"{words} {mend} Nothing was imported.")


def _copy(archive: zipfile.ZipFile) -> bytes:
    members = [info for info in archive.infolist() if _NEEDED.fullmatch(info.filename)]
    names = [info.filename.casefold() for info in members]
    if len(archive.infolist()) > MOST_MEMBERS or len(set(names)) < len(names):
        raise refuse(HOSTILE)
    if any(info.flag_bits & 1 for info in members):
        raise refuse("The Excel workbook is encrypted.")
    if any(info.compress_type not in _PACKED for info in members):
        raise refuse(DAMAGED)
    members.sort(key=lambda info: info.filename.casefold() != _SHARED)  # what cells point to first
    copy = io.BytesIO()
    left = LARGEST_UNPACKED
    lengths: list[int] = []
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as kept:
        for info in members:
            part = _unpack(archive, info, left)
            left -= len(part)
            _measure(part, lengths, is_shared=info.filename.casefold() == _SHARED)
            kept.writestr(zipfile.ZipInfo(info.filename), part)
    return copy.getvalue()


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """What the archive says of sizes is not believed."""
    part = bytearray()
    with archive.open(info) as stream:
        for piece in in_pieces(stream):
            part += piece
            if len(part) > left:
                raise refuse(TOO_LARGE)
    return bytes(part)


def _measure(part: bytes, lengths: list[int], *, is_shared: bool) -> None:
    extent = Extent(lengths)
    try:
        for piece in in_pieces(io.BytesIO(part)):
            extent.parser.feed(piece)
        extent.parser.finish()
    except OutOfBounds:
        raise refuse(DAMAGED) from None
    if extent.shared and not is_shared:
        raise refuse(HOSTILE)
    if extent.rows * extent.columns > MOST_AREA:
        raise refuse(
            f"The cells of the Excel workbook reach to row {extent.rows:,} and column "
            f"{extent.columns:,}, which is more than a roster has."
        )
    if extent.characters > MOST_TEXT:
        raise refuse(TOO_LARGE)
    lengths += extent.shared
