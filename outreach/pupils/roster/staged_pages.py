"""Pages of a sync as they come in: read, staged, their faults kept, and put together for the merge."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.addresses import check_quickly
from outreach.pupils.roster.importing import ImportReport
from outreach.pupils.roster.staging import Staged, stage_page
from outreach.pupils.sources.columns import vocabulary
from outreach.pupils.sources.reading import RecordReader
from outreach.pupils.sources.records import CellFault, Field, RejectedPupil
from outreach.pupils.sources.source import Leaver, Nonsense, Source, SourcePage, Standing
from outreach.pupils.sync.models import RosterSync, SourceKind, SyncFault

MOST_FAULTS = 10_000
"""So many mean that the mapping is wrong, not the pupils."""
MOST_PAGES, MOST_RECORDS, MOST_GONE = 20_000, 250_000, 50_000
MOST_TEXT = 256 * 1024 * 1024
"""Characters. Of one sync in all its turns: a source without an end must not fill our disk."""
GONE = "gone"


@dataclass
class Fetching:
    """What one turn of a sync goes on from."""

    kind: SourceKind
    cursor: str | None
    is_fetched: bool
    is_full: bool
    confirm_drop: bool
    ids_changed: bool
    asked_by: UUID | None
    started_at: datetime
    wanted: frozenset[Field]
    changed_since: datetime | None = None
    standing: Standing | None = None
    """What the integrator said, until the first page of pupils bears it out."""
    authorities_told: set[int] = field(default_factory=set)
    """Local authorities that nobody knows, each told once."""

    @classmethod
    def of(cls, sync: RosterSync, wanted: frozenset[Field], ids_changed: bool) -> "Fetching":
        return cls(
            kind=sync.kind,
            cursor=sync.cursor,
            is_fetched=sync.pages > 0 and sync.cursor is None,
            is_full=sync.is_full,
            confirm_drop=sync.confirm_drop,
            ids_changed=ids_changed,
            asked_by=sync.asked_by,
            started_at=sync.started_at or sync.asked_at,
            wanted=wanted,
        )


def keep_page(
    session: Session,
    sync: RosterSync,
    page: SourcePage,
    headings: Mapping[Field, str],
    authorities_told: set[int],
    now: datetime,
) -> None:
    """Stage its records and move the sync's cursor, in the caller's transaction.

    Raises Nonsense where the sync comes to more than any school can have.
    """
    _require_within_limits(sync, page)
    reader = RecordReader(
        headings,
        today=london_date(now),
        check_address=check_quickly,
        authorities_told=authorities_told,
    )
    records = []
    row = sync.records
    for pupil in page.pupils:
        row += 1
        record = reader.read(row, pupil.cells, pupil.groups, pupil.faults)
        if record is not None:
            records.append(record)
    for words in page.malformed:
        row += 1
        reader.reject_whole(row, "", words)
    stage_page(session, sync.id, records)
    _keep_faults(session, sync.id, reader)
    sync.records, sync.pages, sync.cursor = row, sync.pages + 1, page.next_cursor
    sync.expected = page.expected if page.expected is not None else sync.expected
    sync.mark = page.mark if page.mark is not None else sync.mark
    if page.gone:
        held = dict(sync.report or {})
        sync.report = held | {GONE: [*held.get(GONE, ()), *page.gone]}


def _require_within_limits(sync: RosterSync, page: SourcePage) -> None:
    sync.characters += _text_of(page)
    records = sync.records + len(page.pupils) + len(page.malformed)
    gone = len((sync.report or {}).get(GONE, ())) + len(page.gone)
    if (
        sync.pages >= MOST_PAGES
        or records > MOST_RECORDS
        or gone > MOST_GONE
        or sync.characters > MOST_TEXT
    ):
        raise Nonsense(
            f"The source sent more than a school can have: {records:,} pupils on "
            f"{sync.pages + 1:,} pages, {sync.characters // 1024 // 1024} MB of text and {gone:,} who "
            "are gone. Nothing was changed. Tell whoever runs this service."
        )


def _text_of(page: SourcePage) -> int:
    count = sum(map(len, page.gone)) + sum(map(len, page.malformed))
    for pupil in page.pupils:
        count += sum(map(len, pupil.cells.values()))
        count += sum(len(place.name) for place in pupil.groups or ())
    return count


def leavers_of(source: Source) -> list[Leaver]:
    """Raises Nonsense where they are more than any school can have."""
    leavers = list(islice(source.leavers(), MOST_GONE + 1))
    if len(leavers) > MOST_GONE:
        raise Nonsense(
            f"The source lists more than {MOST_GONE:,} leavers, more than a school can have. "
            "Nothing was changed. Tell whoever runs this service."
        )
    return leavers


def staged_of(
    session: Session,
    sync_id: UUID,
    called: Mapping[Field, str],
    fetching: Fetching,
    leavers: Sequence[Leaver],
) -> Staged:
    sync = session.get_one(RosterSync, (school_of(session), sync_id))
    rejected: list[CellFault] = []
    warnings: list[CellFault] = []
    rejected_pupils: list[RejectedPupil] = []
    here = (SyncFault.school_id == sync.school_id, SyncFault.sync_id == sync_id)
    for fault in session.scalars(select(SyncFault).where(*here).order_by(SyncFault.number)):
        told = CellFault(fault.row, fault.column, fault.value, fault.reason)
        (rejected if fault.is_rejected else warnings).append(told)
        if fault.upn or fault.mis_id:
            rejected_pupils.append(RejectedPupil(fault.upn, fault.mis_id))
    return Staged(
        sync_id=sync_id,
        headings=headings_for_staff(called, fetching.wanted),
        rejected=rejected,
        rejected_pupils=rejected_pupils,
        warnings=warnings,
        row_count=sync.records,
        leavers=leavers,
        gone=tuple((sync.report or {}).get(GONE, ())),
        ids_changed=fetching.ids_changed,
    )


def headings_for_staff(called: Mapping[Field, str], wanted: Collection[Field]) -> dict[Field, str]:
    """What staff call each field that is asked for, and what the source calls it."""
    words = vocabulary().names
    return {one: f"{words[one]} ({called[one]})" for one in called if one in wanted}


def keep_report(session: Session, sync: RosterSync, report: ImportReport) -> None:
    """The counts, and every fault that the merge found besides those of reading."""
    sync.report = report.counts
    here = (SyncFault.school_id == sync.school_id, SyncFault.sync_id == sync.id)
    session.execute(delete(SyncFault).where(*here))
    told = [(fault, True) for fault in report.rejected]
    told += [(fault, False) for fault in report.warnings]
    rows = [
        _row(session, sync.id, number, fault, is_rejected)
        for number, (fault, is_rejected) in enumerate(told[:MOST_FAULTS], start=1)
    ]
    if rows:
        session.execute(insert(SyncFault), rows)


def faults_of(session: Session, sync_id: UUID, *, is_rejected: bool, limit: int) -> list[CellFault]:
    """Those of one sync, as far as they are still kept."""
    rows = session.scalars(
        select(SyncFault)
        .where(
            SyncFault.school_id == school_of(session),
            SyncFault.sync_id == sync_id,
            SyncFault.is_rejected.is_(is_rejected),
        )
        .order_by(SyncFault.number)
        .limit(limit)
    )
    return [CellFault(fault.row, fault.column, fault.value, fault.reason) for fault in rows]


def _keep_faults(session: Session, sync_id: UUID, reader: RecordReader) -> None:
    if not reader.rejected and not reader.warnings:
        return
    here = (SyncFault.school_id == school_of(session), SyncFault.sync_id == sync_id)
    number = session.scalar(select(func.count()).select_from(SyncFault).where(*here)) or 0
    rejected_rows = sorted({fault.row for fault in reader.rejected})
    pupils = dict(zip(rejected_rows, reader.rejected_pupils, strict=False))
    told = [(fault, True) for fault in reader.rejected]
    told += [(fault, False) for fault in reader.warnings]
    if number + len(told) > MOST_FAULTS:
        raise Nonsense(
            f"More than {MOST_FAULTS:,} values could not be understood, so the source seems to "
            "name its fields differently. Nothing was changed. Tell whoever runs this service."
        )
    rows = []
    for fault, is_rejected in told:
        number += 1
        pupil = pupils.pop(fault.row, None) if is_rejected else None
        rows.append(_row(session, sync_id, number, fault, is_rejected, pupil))
    session.execute(insert(SyncFault), rows)


def _row(
    session: Session,
    sync_id: UUID,
    number: int,
    fault: CellFault,
    is_rejected: bool,
    pupil: RejectedPupil | None = None,
) -> dict[str, object]:
    return {
        "school_id": school_of(session),
        "sync_id": sync_id,
        "number": number,
        "is_rejected": is_rejected,
        "row": fault.row,
        "column": fault.column,
        "value": fault.value.replace("\0", ""),
        "reason": fault.reason,
        "upn": pupil.upn if pupil else None,
        "mis_id": pupil.mis_id if pupil else None,
    }
