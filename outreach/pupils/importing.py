"""Importing a roster: a whole file in one transaction, merged into the pupils already known.

Pupils are matched by UPN, else by MIS ID. What a file does not have stays; what it leaves empty
is cleared. Imports of one school go one after another.
"""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.clock import london_date
from outreach.database import refresh_statistics, school_of
from outreach.errors import Refusal
from outreach.mail.addresses import AddressFault, check
from outreach.pupils import incoming, merging
from outreach.pupils.addresses import address_key
from outreach.pupils.models import (
    GroupMember,
    Pupil,
    PupilAddress,
    PupilCharacteristic,
    RosterGroup,
    RosterImport,
)
from outreach.pupils.sources.csv_roster import CsvRoster
from outreach.pupils.sources.reading import CheckAddress
from outreach.pupils.sources.records import CellFault, Field
from outreach.queues import Work

DROP_SHARE = 0.2
DROP_ALWAYS_ALLOWED = 1
"""A full roster may drop a fifth of the current pupils, or one, before anybody is asked."""

MANY = 200
"""From so many new rows on, the database counts its tables anew."""

_BELONGINGS = (PupilAddress, PupilCharacteristic, RosterGroup, GroupMember)


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. Every row is added, changed, unchanged or rejected.

    `left` and `missing` count pupils who became so by this import. `rejected` and `warnings` hold
    what stood in the file: show them to the person importing, and do not log or store them.
    `ignored_columns` we do not know; `not_kept_columns` we know and have no use for.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    missing: int = 0
    rejected: list[CellFault] = field(default_factory=list)
    warnings: list[CellFault] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    not_kept_columns: tuple[str, ...] = ()
    encoding: str = ""
    is_full: bool = False
    is_dry_run: bool = False

    @property
    def rejected_rows(self) -> int:
        """A row with two bad cells is two faults and one row."""
        return len({fault.row for fault in self.rejected})

    @property
    def counts(self) -> dict[str, int]:
        names = ("added", "changed", "unchanged", "left", "missing", "rejected_rows")
        return {name: getattr(self, name) for name in names} | {"warnings": len(self.warnings)}

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"rejected_rows": self.rejected_rows}


@dataclass(frozen=True)
class _Order:
    """How a file is to be imported, and when."""

    source: str
    is_full: bool
    confirm_drop: bool
    dry_run: bool
    today: date
    now: datetime


class NothingImported(Refusal):
    """No row of the file could be taken; `report` says why for each."""

    def __init__(self, words: str, report: ImportReport) -> None:
        super().__init__(words)
        self.report = report


class DropRefused(Refusal):
    """The full roster lacks so many pupils that it may be the wrong file."""

    def __init__(self, missing: int, current: int, report: ImportReport) -> None:
        super().__init__(
            f"This full roster would drop {missing} of {current} pupils, who would get no more "
            "mail. Nothing was imported. If the file is the whole school's roster, confirm the "
            "drop; if it is only a part, import it without calling it full."
        )
        self.missing = missing
        self.current = current
        self.report = report


def import_roster(
    session: Session,
    content: bytes,
    *,
    source: str,
    is_full: bool,
    confirm_drop: bool,
    dry_run: bool,
    staff_id: UUID | None,
    now: datetime,
) -> ImportReport:
    """Merge the file into the school's roster; a dry run counts the same and changes nothing.

    Raises Refusal, with nothing changed: UnreadableFile, HeaderFault, NothingImported, DropRefused.
    `staff_id` is None for the operator at the terminal.
    """
    school_id = school_of(session)
    order = _Order(source, is_full, confirm_drop, dry_run, london_date(now), now)
    _wait_for_turn(session, school_id)
    roster = CsvRoster(content, today=order.today, check_address=_checker(session))
    savepoint = session.begin_nested()
    try:
        report = _merge(session, roster, order)
    except BaseException:
        savepoint.rollback()
        raise
    if dry_run:
        savepoint.rollback()
        return report
    savepoint.commit()
    session.expire_all()
    _record(session, report, source, staff_id, now)
    queues.call_for(session, school_id, Work.DELIVER, now)
    return report


def _wait_for_turn(session: Session, school_id: UUID) -> None:
    """Until this transaction ends, another import of the school waits here."""
    lock = func.hashtextextended(f"roster {school_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))


def _checker(session: Session) -> CheckAddress:
    """`check`, once for each address of the file; what the roster already holds has passed it."""
    passed = select(PupilAddress.address).where(
        PupilAddress.school_id == school_of(session), PupilAddress.fault.is_(None)
    )
    known: dict[str, str | AddressFault] = {each: each for each in session.scalars(passed)}

    def check_once(address: str) -> str | AddressFault:
        checked = known.get(address)
        if checked is None:
            checked = known[address] = check(address)
        return checked

    return check_once


def _merge(session: Session, roster: CsvRoster, order: _Order) -> ImportReport:
    taken = incoming.take_in(session, roster, address_key(session))
    clashes = incoming.match(session)
    for clash in clashes:
        roster.reject(clash.row, clash.field, clash.value, clash.reason)
    roster.rejected.sort(key=lambda fault: fault.row)
    if taken == len(clashes):
        raise _nothing_imported(roster, order)
    left = merging.count_newly_left(session, order.today)
    current = merging.count_current(session, order.today)
    added = merging.add_pupils(session, order.source, order.now)
    if len(added) >= MANY:
        refresh_statistics(session, Pupil)  # before rows that point at them
    changed = merging.change_pupils(session, roster.fields, order.source, order.now)
    changed |= _change_belongings(session, roster.fields, order.now)
    if len(added | changed) >= MANY:
        refresh_statistics(session, *_BELONGINGS)
    missing = 0
    if order.is_full:
        seen = incoming.find_rejected(session, roster.rejected_pupils)
        seen.update(pupil for clash in clashes for pupil in clash.pupils if pupil)
        missing = merging.mark_missing(session, seen, order.today, order.now)
    changed -= added
    kept = taken - len(clashes) - len(added) - len(changed)
    report = _report(roster, order, len(added), len(changed), kept, left, missing)
    is_large = missing > max(DROP_ALWAYS_ALLOWED, DROP_SHARE * current)
    if is_large and not order.confirm_drop:
        raise DropRefused(missing, current, report)
    return report


def _change_belongings(session: Session, fields: frozenset[Field], now: datetime) -> set[UUID]:
    """What hangs on a pupil: addresses, characteristics, registration group."""
    changed: set[UUID] = set()
    for address in (Field.WORK_EMAIL, Field.HOME_EMAIL):
        if address in fields:
            changed |= merging.change_addresses(session, address)
    changed |= merging.change_characteristics(session, fields, now)
    if Field.REG_GROUP in fields:
        changed |= merging.change_registration_groups(session)
    return changed


def _nothing_imported(roster: CsvRoster, order: _Order) -> NothingImported:
    report = _report(roster, order)
    if not roster.row_count:
        return NothingImported("The file has headings and no pupils. Nothing was imported.", report)
    first = roster.rejected[0]
    where = f"row {first.row}" + (f", column “{first.column}”" if first.column else "")
    words = (
        f"Nothing was imported: every row of the file was rejected ({report.rejected_rows} in "
        f"all). The first fault is in {where}: {first.reason}"
    )
    return NothingImported(words, report)


def _report(
    roster: CsvRoster,
    order: _Order,
    added: int = 0,
    changed: int = 0,
    unchanged: int = 0,
    left: int = 0,
    missing: int = 0,
) -> ImportReport:
    not_kept = tuple(roster.heading_of(field) for field in merging.not_kept(roster.fields))
    return ImportReport(
        added,
        changed,
        unchanged,
        left,
        missing,
        rejected=roster.rejected,
        warnings=_warnings(roster, not_kept),
        ignored_columns=roster.ignored,
        not_kept_columns=not_kept,
        encoding=roster.encoding,
        is_full=order.is_full,
        is_dry_run=order.dry_run,
    )


def _warnings(roster: CsvRoster, not_kept: tuple[str, ...]) -> list[CellFault]:
    """One for each column that is left out, in place of any remark on its cells."""
    left_out = [
        CellFault(1, heading, "", "The column was left out. Not kept: nothing here uses it.")
        for heading in not_kept
    ]
    return left_out + [fault for fault in roster.warnings if fault.column not in not_kept]


def _record(
    session: Session, report: ImportReport, source: str, staff_id: UUID | None, now: datetime
) -> None:
    """Counts only: what the file said is told to the person and kept nowhere."""
    done = RosterImport(
        school_id=school_of(session),
        id=uuid4(),
        at=now,
        source=source,
        staff_id=staff_id,
        is_full=report.is_full,
        counts=report.counts,
    )
    session.add(done)
    actor = audit.OPERATOR if staff_id is None else audit.staff_actor(staff_id)
    audit.record(
        session,
        now,
        actor,
        "roster.imported",
        "roster_import",
        done.id,
        source=source,
        is_full=report.is_full,
        **report.counts,
    )
