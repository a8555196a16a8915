"""A roster as a Common Transfer File (DfE's XML, `ctf.yaml`): read in one stream, UPN by UPN."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from outreach.pupils.sources.columns import REQUIRED, vocabulary
from outreach.pupils.sources.ctf_mapping import (
    CtfMapping,
    Finder,
    element_name,
    home_of,
)
from outreach.pupils.sources.ctf_parts import CtfParts, TooMuch, WrongRoot
from outreach.pupils.sources.defused import BadXml
from outreach.pupils.sources.file_roster import FileRoster, UnreadableFile
from outreach.pupils.sources.mapping import load_mapping
from outreach.pupils.sources.reading import CheckAddress, RecordReader
from outreach.pupils.sources.records import CellFault, Field, PupilRecord

NEEDED = (Field.UPN, *REQUIRED)
"""A CTF has no MIS ID: pupils are known by their UPN alone."""


class CtfRoster(FileRoster):
    """Read whole before the first record comes: only then is it known to be well-formed, and which
    fields it gives. What is kept meanwhile is a few short texts a pupil.

    A fault's row is the pupil's place in the file, its column the element. An element that no
    pupil has leaves that field as it is stored. Raises UnreadableFile.
    """

    source = "ctf"
    row_name = "pupil"

    def __init__(self, content: bytes, *, today: date, check_address: CheckAddress) -> None:
        mapping = load_mapping("ctf", CtfMapping)
        parts = CtfParts(content, mapping)
        self._former: dict[int, tuple[str, str]] = {}
        self._pupils: list[dict[Field, str]] = []
        given = self._read_all(parts, mapping, today)
        _require(given, parts.count, mapping)
        headings = {field: given[field] for field in mapping.fields if field in given}
        reader = RecordReader(headings, today=today, check_address=check_address)
        super().__init__(reader, notes=(_describe(parts.header),))

    def __iter__(self) -> Iterator[PupilRecord]:
        for place, cells in enumerate(self._pupils, start=1):
            self.row_count = place
            self._tell_former(place)
            record = self._reader.read(place, cells)
            if record is not None:
                yield record

    def _read_all(self, parts: CtfParts, mapping: CtfMapping, today: date) -> dict[Field, str]:
        """Which fields some pupil has, each with the element that first held one."""
        given: dict[Field, str] = {}
        finder: Finder | None = None
        with _told():
            for pupil in parts.pupils():
                finder = finder or Finder(mapping, home_of(parts.header), today)
                cells: dict[Field, str] = {}
                for field, value, way in finder.cells(pupil):
                    cells[field] = value
                    given.setdefault(field, element_name(way))
                self._pupils.append(cells)
                former = finder.find(pupil, mapping.former_upn)
                if former is not None and former[0] != cells.get(Field.UPN):
                    self._former[len(self._pupils)] = (former[0][:200], element_name(former[1]))
        return given

    def _tell_former(self, place: int) -> None:
        if place not in self._former:
            return
        value, element = self._former[place]
        reason = (
            "This is the UPN that the pupil had before. Where the roster still has them under "
            "it, they are added anew, and the old entry is missing from the next full roster."
        )
        self._reader.warnings.append(CellFault(place, element, value, reason))


def _require(given: Mapping[Field, str], count: int, mapping: CtfMapping) -> None:
    missing = [field for field in NEEDED if field not in given]
    if not count or not missing:
        return
    names = vocabulary().names
    told = ", ".join(f"{names[field]} ({' or '.join(_names(mapping, field))})" for field in missing)
    raise UnreadableFile(
        f"No pupil of the Common Transfer File has: {told}. Export it again with these "
        "details of each pupil. Nothing was imported."
    )


def _names(mapping: CtfMapping, field: Field) -> list[str]:
    return list(dict.fromkeys(element_name(way) for way in mapping.fields.get(field, [])))


def _describe(header: Mapping[str, str]) -> str:
    """What the file says of itself, for a person to see whether it is the right one."""
    version, year = header["version"].strip()[:20], header["year"].strip()[:20]
    number = "/".join(filter(None, (header["source_lea"].strip(), header["source_estab"].strip())))
    school = header["source_name"].strip()[:100]
    words = f"Common Transfer File{f' {version}' if version else ''}"
    words += f", school year {year}" if year else ""
    if not (school or number):
        return f"{words}. It does not say which school it comes from."
    return f"{words}, from {school or 'the school'}{f' ({number[:20]})' if number else ''}."


@contextmanager
def _told() -> Iterator[None]:
    """What can be wrong with a whole file, in words."""
    try:
        yield
    except WrongRoot:
        raise UnreadableFile(
            "This is an XML file, but not a Common Transfer File. Export the roster as CTF, CSV "
            "or an Excel workbook. Nothing was imported."
        ) from None
    except TooMuch as fault:
        raise UnreadableFile(
            f"The Common Transfer File has {fault.what}, which is more than one school's file "
            "has. Check that it is the right file. Nothing was imported."
        ) from None
    except BadXml as fault:
        why = (
            "holds a document type or entities, or elements in elements without end: no export "
            "does, and it may be meant to do harm"
            if fault.is_hostile
            else f"is damaged or cut off at line {fault.line:,}"
        )
        raise UnreadableFile(
            f"The XML file {why}. Export it again from the MIS. Nothing was imported."
        ) from None
