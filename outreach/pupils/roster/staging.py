"""Records of a sync on their way: kept page by page, then merged all at once.

A page is one statement in the transaction that moves the sync's cursor, so that a sync that is cut
off goes on after its last page. Memory holds one page at a time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.addresses import address_key, hash_if_faulty
from outreach.pupils.roster.incoming import COLUMNS, make_tables
from outreach.pupils.roster.models import StagedPupil
from outreach.pupils.sources.columns import vocabulary
from outreach.pupils.sources.records import CellFault, Field, PupilRecord, RejectedPupil
from outreach.pupils.sources.source import Leaver


@dataclass(frozen=True)
class Staged:
    """What a sync fetched, ready to be merged; its records are rows of `staged_pupil`.

    `headings` are the source's words for the fields that it was asked for. `leavers` and `gone` it
    names apart from the records. `ids_changed`: the MIS IDs are another system's than before.
    """

    sync_id: UUID
    headings: Mapping[Field, str]
    rejected: list[CellFault]
    rejected_pupils: list[RejectedPupil]
    warnings: list[CellFault]
    row_count: int
    leavers: Sequence[Leaver] = ()
    gone: Sequence[str] = ()
    ids_changed: bool = False

    @property
    def fields(self) -> frozenset[Field]:
        return frozenset(self.headings)

    @property
    def ignored(self) -> tuple[str, ...]:
        return ()

    @property
    def encoding(self) -> str:
        return ""

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def row_name(self) -> str:
        return "record"

    def heading_of(self, field: Field) -> str:
        return self.headings.get(field, vocabulary().names[field])

    def reject(self, row: int, field: Field, value: str, reason: str) -> None:
        self.rejected.append(CellFault(row, self.heading_of(field), value, reason))

    def sort_faults(self) -> None:
        for faults in (self.rejected, self.warnings):
            faults.sort(key=lambda fault: fault.row)


def stage_page(session: Session, sync_id: UUID, records: Sequence[PupilRecord]) -> None:
    """Keep a page's records; their `row` numbers are unique in the sync."""
    if not records:
        return
    session.flush()
    key = address_key(session)
    page = [
        [
            *(cell.isoformat() if isinstance(cell, date) else cell for cell in record),
            *(_in_hex(hashed) for hashed in hash_if_faulty(key, record)),
        ]
        for record in records
    ]
    keys = {"school_id": school_of(session), "sync_id": sync_id}
    session.execute(_STAGE, keys | {"page": json.dumps(page, ensure_ascii=False)})


def forget_staged(session: Session, sync_id: UUID) -> None:
    here = (StagedPupil.school_id == school_of(session), StagedPupil.sync_id == sync_id)
    session.execute(delete(StagedPupil).where(*here))


def take_in_staged(session: Session, sync_id: UUID) -> int:
    """Copy the sync's records into `incoming`, and give their number.

    Of a record that came twice, because pages shifted while they were read, the later one counts.
    """
    make_tables(session)
    keys = {"school_id": school_of(session), "sync_id": sync_id}
    return session.execute(_TAKE_IN, keys).rowcount  # type: ignore[attr-defined, no-any-return]


def _in_hex(hashed: bytes | None) -> str | None:
    return None if hashed is None else f"\\x{hashed.hex()}"


_STAGE = text("""
    INSERT INTO staged_pupil (school_id, sync_id, row, record)
    SELECT :school_id, :sync_id, CAST(record ->> 0 AS integer), record
    FROM jsonb_array_elements(CAST(:page AS jsonb)) AS record
""")

_MIS_ID = list(COLUMNS).index("mis_id")
_CELLS = ", ".join(
    f"CAST(record ->> {place} AS {kind})" for place, kind in enumerate(COLUMNS.values())
)
_TAKE_IN = text(f"""
    INSERT INTO incoming ({", ".join(COLUMNS)})
    SELECT {_CELLS} FROM (
        SELECT record, row, max(row) OVER (PARTITION BY record ->> {_MIS_ID}) AS last_row
        FROM staged_pupil WHERE school_id = :school_id AND sync_id = :sync_id
    ) staged
    WHERE row = last_row OR record ->> {_MIS_ID} IS NULL
""")  # noqa: S608 -- column names of our own
