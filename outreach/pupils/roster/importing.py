"""Importing a roster: a whole file or sync in one transaction, merged into the pupils already known.

Pupils are matched by UPN, else by MIS ID. What a source does not have stays; what it leaves empty
is cleared. Imports of one school go one after another. The rules are told in `docs/rosters.md`.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.clock import london_date
from outreach.database import refresh_statistics, school_of
from outreach.errors import Refusal
from outreach.pupils.addresses import check_quickly
from outreach.pupils.characteristics import left_out
from outreach.pupils.models import (
    GroupMember,
    Pupil,
    PupilAddress,
    PupilCharacteristic,
    RosterGroup,
)
from outreach.pupils.roster import departing, incoming, merging
from outreach.pupils.roster.import_report import (
    DROP_SHARE,
    DropRefused,
    ImportReport,
    NothingImported,
    is_large_drop,
    share_of_a_sync,
)
from outreach.pupils.roster.memberships import change_memberships
from outreach.pupils.roster.models import RosterImport
from outreach.pupils.roster.reporting import Order, drop_refused, nothing_imported, report_of
from outreach.pupils.roster.staging import Staged, take_in_staged
from outreach.pupils.roster.turns import wait_for_turn
from outreach.pupils.sources.columns import ColumnChoice
from outreach.pupils.sources.files import open_roster
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.roster import Roster
from outreach.pupils.sync.shared_fields import ADDRESSES, fields_left_out
from outreach.queues import Work
from outreach.schools.revoking import is_deleted, is_revoked
from outreach.schools.sharing import hold_agreement

MANY = 200
"""From so many new rows on, the database counts its tables anew."""

_BELONGINGS = (PupilAddress, PupilCharacteristic, RosterGroup, GroupMember)
_PLAN_FOR_SETS = text("""
    SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),
        set_config('enable_nestloop', 'off', true)
""")
_PLAN_AS_BEFORE = text("SET LOCAL enable_nestloop TO DEFAULT")
"""Whole rosters are joined, which the planner cannot know where it believes a table to be empty:
comparing each row with every other took minutes."""


def import_roster(
    session: Session,
    content: bytes,
    *,
    is_full: bool,
    confirm_drop: bool,
    dry_run: bool,
    staff_id: UUID | None,
    now: datetime,
    source: str | None = None,
    columns: ColumnChoice | None = None,
) -> ImportReport:
    """Merge the file into the school's roster; a dry run counts the same and changes nothing.

    Raises Refusal, with nothing changed: UnreadableFile, HeaderFault, NothingImported,
    DropRefused, and where the connection is revoked by either word, or what was held was deleted
    after that and nobody has authorised it again.
    `staff_id` is None for the operator at the terminal; `source` is the file's format where not
    given; `columns` say what the columns of a table are.
    """
    wait_for_turn(session)
    _require_not_revoked(session)
    roster = open_roster(
        content, today=london_date(now), check_address=check_quickly, columns=columns
    )
    order = Order(source or roster.source, is_full, confirm_drop, dry_run, staff_id, now)

    def merge() -> ImportReport:
        taken = incoming.take_in(session, roster)
        clashes = _match(session, roster)
        if taken == len(clashes):
            raise nothing_imported(session, roster, order)
        return _merge(session, roster, order, taken, clashes)

    return _import(session, order, merge)


def merge_staged(
    session: Session,
    staged: Staged,
    *,
    source: str,
    is_full: bool,
    confirm_drop: bool,
    staff_id: UUID | None,
    now: datetime,
) -> ImportReport:
    """Merge what a sync has staged. The staged rows stay until `forget_staged`.

    Raises NothingImported (a full sync only: one of changes may well bring none) and DropRefused,
    with nothing changed.
    """
    wait_for_turn(session)
    order = Order(source, is_full, confirm_drop, False, staff_id, now, called="sync")

    def merge() -> ImportReport:
        taken = take_in_staged(session, staged.sync_id)
        clashes = _match(session, staged, by_mis_id=not staged.ids_changed)
        if is_full and taken == len(clashes):
            raise nothing_imported(session, staged, order)
        if staged.ids_changed:
            merging.free_mis_ids(session)
        if Field.LEAVING_DATE not in staged.fields:
            departing.keep_dates_to_come(session, order.today)
        departing.end_records_of_leavers(session, staged.leavers, order.today)
        return _merge(session, staged, order, taken, clashes)

    return _import(session, order, merge)


def _require_not_revoked(session: Session) -> None:
    """Holds off a revocation until this import is committed, or sees the one before it."""
    agreement = hold_agreement(session)
    if is_revoked(agreement):
        where = "with its integrator" if agreement.source_revoked else "on the Data sharing page"
        raise Refusal(
            "The connection is revoked, so no roster is taken in, by a file or otherwise. Nothing "
            f"was imported. Have it authorised again {where} first."
        )
    if is_deleted(session, agreement):
        raise Refusal(
            "What was held of the school's pupils was deleted after the connection was revoked. "
            "Nothing was imported. Have the connection authorised on the Data sharing page first."
        )


def _import(session: Session, order: Order, merge: Callable[[], ImportReport]) -> ImportReport:
    savepoint = session.begin_nested()
    try:
        session.execute(_PLAN_FOR_SETS)
        report = merge()
        session.execute(_PLAN_AS_BEFORE)
    except BaseException:
        savepoint.rollback()
        raise
    if order.dry_run:
        savepoint.rollback()
        return report
    savepoint.commit()
    session.expire_all()
    _record(session, report, order)
    queues.call_for(session, school_of(session), Work.DELIVER, order.now)
    return report


def _match(session: Session, roster: Roster, *, by_mis_id: bool = True) -> list[incoming.Clash]:
    clashes = incoming.match(session, by_mis_id=by_mis_id, row_name=roster.row_name)
    for clash in clashes:
        roster.reject(clash.row, clash.field, clash.value, clash.reason)
    roster.sort_faults()
    return clashes


def _merge(
    session: Session, roster: Roster, order: Order, taken: int, clashes: list[incoming.Clash]
) -> ImportReport:
    today, now, fields = order.today, order.now, roster.fields
    if isinstance(roster, Staged):
        fields |= {Field.LEAVING_DATE}  # on the roll, unless a date or the leavers' list says else
    left = departing.count_newly_left(session, today)
    current = departing.count_current(session, today)
    dropped = 0
    if isinstance(roster, Staged):
        dropped = departing.count_leaving(session, roster.leavers, today)
    added = merging.add_pupils(session, order.source, now)
    if added >= MANY:
        refresh_statistics(session, Pupil)  # before rows that point at them
    merging.change_pupils(session, fields, order.source, now)
    _change_belongings(session, fields, order)
    changed = incoming.count_touched(session)
    if added + changed >= MANY:
        refresh_statistics(session, *_BELONGINGS)
    missing = 0
    if isinstance(roster, Staged):
        left += departing.mark_leavers(session, roster.leavers, today, now)
        missing += departing.mark_gone(session, roster.gone, today, now)
    if order.is_full:
        seen = incoming.find_rejected(session, roster.rejected_pupils)
        seen.update(pupil for clash in clashes for pupil in clash.pupils if pupil)
        missing += departing.mark_absent(session, seen, today, now)
    kept = taken - len(clashes) - added - changed
    report = report_of(session, roster, order, added, changed, kept, left, missing)
    dropped += missing
    share = share_of_a_sync(today) if isinstance(roster, Staged) else DROP_SHARE
    if is_large_drop(dropped, current, share) and not order.confirm_drop:
        raise drop_refused(order, dropped, current, report)
    return report


def _change_belongings(session: Session, fields: frozenset[Field], order: Order) -> None:
    """What hangs on a pupil: addresses, characteristics, groups."""
    for address in (fields & ADDRESSES.keys()) - fields_left_out(session).keys():
        merging.change_addresses(session, address)
    merging.change_characteristics(session, fields, left_out(session), order.now)
    change_memberships(session, fields, order.today)


def _record(session: Session, report: ImportReport, order: Order) -> None:
    """Counts only: what the file said is told to the person and kept nowhere."""
    done = RosterImport(
        school_id=school_of(session),
        id=uuid4(),
        at=order.now,
        source=order.source,
        staff_id=order.staff_id,
        is_full=order.is_full,
        counts=report.counts,
    )
    session.add(done)
    actor = audit.OPERATOR if order.staff_id is None else audit.staff_actor(order.staff_id)
    audit.record(
        session,
        order.now,
        actor,
        "roster.imported",
        "roster_import",
        done.id,
        source=order.source,
        is_full=order.is_full,
        **report.counts,
    )


__all__ = [
    "DropRefused",
    "ImportReport",
    "NothingImported",
    "Staged",
    "import_roster",
    "merge_staged",
]
