"""A roster file of any format we read, told by its content: CSV, Excel workbook, CTF, OneRoster."""

import io
import re
import zipfile
from datetime import date

from outreach.pupils.sources.columns import ColumnChoice
from outreach.pupils.sources.csv_file import CsvFile
from outreach.pupils.sources.ctf import CtfRoster
from outreach.pupils.sources.file_roster import FileRoster, UnreadableFile, check_size
from outreach.pupils.sources.oneroster_zip import OneRosterZip
from outreach.pupils.sources.reading import CheckAddress
from outreach.pupils.sources.table_file import TableFile
from outreach.pupils.sources.table_roster import TableRoster
from outreach.pupils.sources.xlsx_file import XlsxFile

_ZIP = b"PK\x03\x04"
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<[\0]?[?!A-Za-z]")
_WORKBOOK = re.compile(r"xl/workbook\d*\.xml")
_OTHERS = {
    b"\xd0\xcf\x11\xe0": (
        "This is an old Excel workbook (.xls), or one with a password. Open it, choose Save as, "
        "pick “Excel workbook (.xlsx)” without a password, and try that."
    ),
    b"%PDF": "This is a PDF. Export the roster as CSV or as an Excel workbook (.xlsx).",
}


def open_roster(
    content: bytes, *, today: date, check_address: CheckAddress, columns: ColumnChoice | None = None
) -> FileRoster:
    """`columns` say what those of a CSV or Excel file are; the other formats name their fields.

    Raises UnreadableFile or HeaderFault where the file as a whole cannot be read.
    """
    table = open_table(content)
    if table is not None:
        return TableRoster(table, today=today, check_address=check_address, columns=columns)
    if content.startswith(_ZIP):
        return OneRosterZip(content, today=today, check_address=check_address)
    return CtfRoster(content, today=today, check_address=check_address)


def open_table(content: bytes) -> TableFile | None:
    """A CSV or Excel file; None where the file is of a kind that has no columns to choose.

    Raises UnreadableFile.
    """
    check_size(content)
    for mark, words in _OTHERS.items():
        if content.startswith(mark):
            raise UnreadableFile(f"{words} Nothing was imported.")
    if content.startswith(_ZIP):
        return XlsxFile(content) if _is_workbook(content) else None
    return None if _XML.match(content) else CsvFile(content)


def _is_workbook(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name.casefold() for name in archive.namelist()]
    except (zipfile.BadZipFile, UnicodeError, NotImplementedError):
        raise UnreadableFile(
            "The file is damaged: it begins as a zip or an Excel workbook and does not go on as "
            "one. Export it again. Nothing was imported."
        ) from None
    if any(_WORKBOOK.fullmatch(name) for name in names):
        return True
    if any(name.rpartition("/")[2] in ("users.csv", "manifest.csv") for name in names):
        return False
    raise UnreadableFile(
        "The file is a zip, but neither an Excel workbook (.xlsx) nor a OneRoster zip with "
        "users.csv in it. Save the roster as .xlsx or CSV. Nothing was imported."
    )
