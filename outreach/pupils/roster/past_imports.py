"""The imports of a school so far: when, by whom, and what each did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.roster.models import RosterImport
from outreach.schools.models import StaffMember


@dataclass(frozen=True)
class PastImport:
    """`by` is None where the operator imported at the terminal."""

    at: datetime
    by: str | None
    is_full: bool
    counts: dict[str, Any]


def past_imports(session: Session, limit: int = 20) -> list[PastImport]:
    """The newest first."""
    is_by = and_(
        StaffMember.school_id == RosterImport.school_id, StaffMember.id == RosterImport.staff_id
    )
    rows = session.execute(
        select(RosterImport, StaffMember.name)
        .outerjoin(StaffMember, is_by)
        .where(RosterImport.school_id == school_of(session))
        .order_by(RosterImport.at.desc())
        .limit(limit)
    )
    return [PastImport(done.at, name, done.is_full, done.counts) for done, name in rows]
