"""From raw cells to a typed record, or to what is wrong with them: the same for every source."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from outreach.mail.addresses import AddressFault
from outreach.pupils.roster.upn import authority_of, is_known_authority
from outreach.pupils.sources.cells import (
    BadCell,
    read_date,
    read_groups,
    read_text,
    read_upn,
    read_year,
    read_yes_no,
    tidy,
)
from outreach.pupils.sources.columns import IDENTIFIERS, REQUIRED, vocabulary
from outreach.pupils.sources.records import (
    CellFault,
    Field,
    GroupPlace,
    PupilRecord,
    RejectedPupil,
    groups_as_json,
)

CheckAddress = Callable[[str], str | AddressFault]
"""The address in the form to keep, or why it cannot be one."""

LONGEST_ADDRESS = 320
LONGEST_SHOWN = 200
_SLOTS = {name: slot for slot, name in enumerate(PupilRecord._fields)}
_READERS: dict[Field, Callable[[str], object]] = {
    Field.UPN: read_upn,
    Field.YEAR: read_year,
    Field.DATE_OF_BIRTH: read_date,
    Field.START_DATE: read_date,
    Field.LEAVING_DATE: read_date,
    Field.GROUPS: read_groups,
}
_YES_NO = (Field.FSM, Field.PUPIL_PREMIUM)
_ADDRESSES = {Field.WORK_EMAIL: "work_fault", Field.HOME_EMAIL: "home_fault"}


class RecordReader:
    """Reads row after row; `rejected`, `rejected_pupils` and `warnings` grow as it goes.

    `authorities_told` holds codes of local authorities that need no remark any more.

    `headings` are the source's own words for the fields it gives. Whether two rows name one pupil
    is not asked here: see `pupils.incoming`.
    """

    def __init__(
        self,
        headings: Mapping[Field, str],
        *,
        today: date,
        check_address: CheckAddress,
        authorities_told: set[int] | None = None,
    ) -> None:
        self._headings = headings
        self._today = today
        self._check_address = check_address
        self._plan = [
            (field, _SLOTS[field.value], _READERS.get(field, read_text))
            for field in headings
            if field not in _YES_NO and field not in _ADDRESSES
        ]
        self._lenient = [field for field in _YES_NO if field in headings]
        self._addresses = [field for field in _ADDRESSES if field in headings]
        self._authorities_told = set() if authorities_told is None else authorities_told
        self.rejected: list[CellFault] = []
        self.rejected_pupils: list[RejectedPupil] = []
        self.warnings: list[CellFault] = []

    @property
    def fields(self) -> frozenset[Field]:
        """What the source gives: what it does not stays as it is stored."""
        return frozenset(self._headings)

    def heading_of(self, field: Field) -> str:
        """What the source calls it, or we do where it has no such field."""
        return self._headings.get(field, vocabulary().names[field])

    def reject(self, row: int, field: Field, value: str, reason: str) -> None:
        """Also for what only the database can know, such as whose identifier it is."""
        self.rejected.append(CellFault(row, self.heading_of(field), _shown(value), reason))

    def reject_whole(
        self, row: int, value: str, reason: str, cells: Mapping[Field, str] | None = None
    ) -> None:
        """A row that is no pupil's as it stands. `cells` may still say whose it was meant to be."""
        self.rejected.append(CellFault(row, "", _shown(value), reason))
        if cells:
            self.keep_rejected(cells)

    def keep_rejected(self, cells: Mapping[Field, str]) -> None:
        """Whose row it was, as far as it can be read: that pupil is not absent."""
        upn, mis_id = (_readable(cells.get(field, ""), field) for field in IDENTIFIERS)
        self.rejected_pupils.append(RejectedPupil(upn, mis_id))

    def warn(self, row: int, field: Field, value: str, reason: str) -> None:
        self.warnings.append(CellFault(row, self.heading_of(field), _shown(value), reason))

    def sort_faults(self) -> None:
        """By row, and within a row in the source's own order of fields."""
        places = {heading: place for place, heading in enumerate(self._headings.values())}
        for faults in (self.rejected, self.warnings):
            faults.sort(key=lambda fault: (fault.row, places.get(fault.column, -1)))

    def read(
        self,
        row: int,
        cells: Mapping[Field, str],
        groups: Iterable[GroupPlace] | None = None,
        faults: Mapping[Field, str] = {},
    ) -> PupilRecord | None:
        """The record, or None where the row was rejected. A field without a cell is empty.

        `groups` are given by sources that know kinds and dates, in place of a cell. `faults` are
        reasons against fields that came as no text.
        """
        faults_before = len(self.rejected)
        values: list[Any] = [None] * len(_SLOTS)
        values[0] = row
        for field, reason in faults.items():
            self.reject(row, field, "", reason)
        for field, slot, read in self._plan:
            cell = cells.get(field, "")
            if not cell:
                continue
            try:
                values[slot] = read(cell)
            except BadCell as fault:
                self.reject(row, field, cell, fault.reason)
        if len(self.rejected) == faults_before:
            self._check_whole(row, values, cells)
        if len(self.rejected) > faults_before:
            self.rejected_pupils.append(RejectedPupil(values[1], values[2]))
            return None
        self._check_authority(row, values[1])
        if groups is not None:
            values[_SLOTS[Field.GROUPS.value]] = self._read_groups(row, groups)
        for field in self._lenient:
            values[_SLOTS[field.value]] = self._read_yes_no(row, field, cells.get(field, ""))
        for field in self._addresses:
            cell = cells.get(field, "")
            if cell:
                address, fault_words = self._read_address(row, field, cell)
                values[_SLOTS[field.value]] = address
                values[_SLOTS[_ADDRESSES[field]]] = fault_words
        return PupilRecord._make(values)

    def _check_whole(self, row: int, values: list[Any], cells: Mapping[Field, str]) -> None:
        """What one cell alone cannot tell: what is needed, and what is still to come."""
        for field in REQUIRED:
            if values[_SLOTS[field.value]] is None:
                self.reject(row, field, "", "This is needed for every pupil. Fill the cell.")
        if values[1] is None and values[2] is None:
            place = next((field for field in IDENTIFIERS if field in self._headings), Field.MIS_ID)
            self.reject(row, place, "", "A pupil needs a UPN or a MIS ID. Fill one of them.")
        born = values[_SLOTS["date_of_birth"]]
        if born is not None and born >= self._today:
            cell = cells[Field.DATE_OF_BIRTH]
            self.reject(row, Field.DATE_OF_BIRTH, cell, "The date of birth is not in the past.")

    def _check_authority(self, row: int, upn: str | None) -> None:
        if upn is None:
            return
        code = authority_of(upn)
        if not is_known_authority(code) and code not in self._authorities_told:
            self._authorities_told.add(code)
            reason = (
                f"No local authority with the code {code:03d} is known to us. The pupil was taken "
                "all the same, and so are others with this code."
            )
            self.warn(row, Field.UPN, upn, reason)

    def _read_yes_no(self, row: int, field: Field, cell: str) -> str | None:
        try:
            return read_yes_no(cell)
        except BadCell as fault:
            self.warn(row, field, cell, fault.reason)
            return None

    def _read_groups(self, row: int, groups: Iterable[GroupPlace]) -> str:
        """A group whose name cannot be read is left out; that keeps nobody off the roster."""
        good: list[GroupPlace] = []
        for place in groups:
            try:
                name = read_text(place.name)
            except BadCell as fault:
                reason = f"{fault.reason} The pupil was taken, and the group left out."
                self.warn(row, Field.GROUPS, place.name, reason)
            else:
                good += [place._replace(name=name)] if name else []
        return groups_as_json(good)

    def _read_address(self, row: int, field: Field, cell: str) -> tuple[str | None, str | None]:
        """An address that cannot be one keeps nobody off the roster: it is kept with its fault."""
        try:
            address = tidy(cell)
        except BadCell:
            address = "".join(mark if mark.isprintable() else "\ufffd" for mark in cell)
        if not address:
            return None, None
        checked = self._check_address(address)
        if isinstance(checked, str):
            return checked, None
        reason = f"{checked.reason} The pupil was taken, but cannot be mailed there."
        self.warn(row, field, cell, reason)
        return address[:LONGEST_ADDRESS], checked.reason


def _shown(value: str) -> str:
    """Half a surrogate pair, which JSON can smuggle in, is no text that can be kept or sent."""
    return value[:LONGEST_SHOWN].encode("utf-8", "replace").decode()


def _readable(cell: str, field: Field) -> str | None:
    try:
        return read_upn(cell) if field is Field.UPN else read_text(cell)
    except BadCell:
        return None


def fields_named(names: Iterable[str]) -> frozenset[Field]:
    """From a mapping file's keys."""
    return frozenset(Field(name) for name in names)
