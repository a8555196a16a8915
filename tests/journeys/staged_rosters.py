"""Records as a sync stages them, for tests of what the merge makes of them."""

from typing import Any
from uuid import UUID, uuid4

from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.pupils.roster.importing import ImportReport, Staged, merge_staged
from outreach.pupils.roster.staging import forget_staged, stage_page
from outreach.pupils.sources.records import Field, PupilRecord
from outreach.pupils.sync.models import RosterSync, SourceKind, SyncState
from tests.journeys.roster_files import upn

GIVEN = frozenset(Field) - {Field.LEAVING_DATE}


def record(number: int, **values: Any) -> PupilRecord:
    """A pupil whose every value is told by the number, as in `roster_files.row`."""
    standing: dict[str, Any] = dict.fromkeys(PupilRecord._fields) | {
        "row": number,
        "upn": upn(number),
        "mis_id": str(number),
        "forename": f"Forename{number}",
        "surname": f"Surname{number}",
        "year": 10,
        "reg_group": "10A",
        "work_email": f"p{number}@hill.example",
        "sen": "K",
    }
    return PupilRecord(**(standing | values))


def records(*numbers: int) -> list[PupilRecord]:
    return [record(number) for number in numbers]


def merge(
    sessions: Sessions,
    school_id: UUID,
    *staged: PupilRecord,
    fields: frozenset[Field] = GIVEN,
    is_full: bool = False,
    confirm_drop: bool = False,
    **others: Any,
) -> ImportReport:
    """Staged in pages of two, then merged; `others` are of `Staged`."""
    sync_id = uuid4()
    with transaction(sessions, school_id) as session:
        session.add(
            RosterSync(
                school_id=school_id,
                id=sync_id,
                kind=SourceKind.WONDE,
                system="wonde A1",
                is_full=is_full,
                state=SyncState.DONE,
                asked_at=now(),
                due_at=now(),
            )
        )
        for begin in range(0, len(staged), 2):
            stage_page(session, sync_id, staged[begin : begin + 2])
    standing = {"rejected": [], "rejected_pupils": [], "warnings": [], "row_count": len(staged)}
    headings = {field: field.value for field in fields}
    with transaction(sessions, school_id) as session:
        report = merge_staged(
            session,
            Staged(sync_id, headings, **(standing | others)),
            source="wonde",
            is_full=is_full,
            confirm_drop=confirm_drop,
            staff_id=None,
            now=now(),
        )
        forget_staged(session, sync_id)
        return report
