"""A roster as a Common Transfer File (DfE's XML, `ctf.yaml`): read in one stream, UPN by UPN."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from xml.etree.ElementTree import Element

from outreach.pupils.sources.columns import REQUIRED, vocabulary
from outreach.pupils.sources.ctf_mapping import (
    CtfMapping,
    Finder,
    Way,
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
    """Read twice: once whole, to know that it is well-formed and which fields it gives.

    A fault's row is the pupil's place in the file, its column the element. An element that no
    pupil has leaves that field as it is stored. Raises UnreadableFile.
    """

    source = "ctf"
    row_name = "pupil"

    def __init__(self, content: bytes, *, today: date, check_address: CheckAddress) -> None:
        self._content, self._mapping = content, load_mapping("ctf", CtfMapping)
        given, header = _survey(content, self._mapping, today)
        self._finder = Finder(self._mapping, home_of(header), today)
        headings = {field: element_name(way) for field, way in given.items()}
        reader = RecordReader(headings, today=today, check_address=check_address)
        super().__init__(reader, notes=(_describe(header),))

    def __iter__(self) -> Iterator[PupilRecord]:
        with _told():
            for pupil in CtfParts(self._content, self._mapping).pupils():
                self.row_count += 1
                record = self._read(pupil)
                if record is not None:
                    yield record

    def _read(self, pupil: Element) -> PupilRecord | None:
        place = self.row_count
        cells = {field: value for field, value, _ in self._finder.cells(pupil)}
        former = self._finder.find(pupil, self._mapping.former_upn)
        if former is not None and former[0] != cells.get(Field.UPN):
            reason = (
                "This is the UPN that the pupil had before. Where the roster still has them under "
                "it, they are added anew, and the old entry is missing from the next full roster."
            )
            fault = CellFault(place, element_name(former[1]), former[0][:200], reason)
            self._reader.warnings.append(fault)
        return self._reader.read(place, cells)


def _survey(
    content: bytes, mapping: CtfMapping, today: date
) -> tuple[Mapping[Field, Way], Mapping[str, str]]:
    """Which fields some pupil has, in the mapping's order, each with the first way that found it."""
    given: dict[Field, Way] = {}
    parts = CtfParts(content, mapping)
    finder: Finder | None = None
    with _told():
        for pupil in parts.pupils():
            finder = finder or Finder(mapping, home_of(parts.header), today)
            for field, _, way in finder.cells(pupil):
                given.setdefault(field, way)
    missing = [field for field in NEEDED if field not in given]
    if parts.count and missing:
        names = vocabulary().names
        told = ", ".join(
            f"{names[field]} ({' or '.join(_names(mapping, field))})" for field in missing
        )
        raise UnreadableFile(
            f"No pupil of the Common Transfer File has: {told}. Export it again with these "
            "details of each pupil. Nothing was imported."
        )
    return {field: given[field] for field in mapping.fields if field in given}, parts.header


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
