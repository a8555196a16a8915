"""The history of sharing: who moved what, when and why. Read by pages, receipts and commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.schools.models import Account, ChangedBy, SharingChange, StaffMember

NOBODY = {
    ChangedBy.STAFF: "A member of staff",
    ChangedBy.OPERATOR: "Whoever runs this service",
    ChangedBy.SOURCE: "The integrator, on the school’s word there",
    ChangedBy.SERVICE: "This service",
}
"""Who it was, where no member of staff is named."""


@dataclass(frozen=True)
class PastChange:
    """One setting moved. Settings that were moved together share `change_id`."""

    change_id: UUID
    at: datetime
    by: ChangedBy
    staff_name: str | None
    staff_email: str | None
    setting: str
    before: str
    after: str
    why: str | None

    @property
    def who(self) -> str:
        return self.staff_name or NOBODY[self.by]


def history(session: Session, limit: int | None = None) -> Sequence[PastChange]:
    """Newest first. Somebody who has left the school since is still named."""
    newest_first = _changes().where(SharingChange.school_id == school_of(session))
    ordered = newest_first.order_by(SharingChange.at.desc(), SharingChange.setting).limit(limit)
    return [_past(row) for row in session.execute(ordered)]


def change_by_id(session: Session, change_id: UUID) -> Sequence[PastChange]:
    """All that one change moved."""
    here = _changes().where(
        SharingChange.school_id == school_of(session), SharingChange.change_id == change_id
    )
    return [_past(row) for row in session.execute(here.order_by(SharingChange.setting))]


def _changes() -> Select[SharingChange, str, str]:
    return (
        select(SharingChange, StaffMember.name, Account.email)
        .outerjoin(
            StaffMember,
            (StaffMember.school_id == SharingChange.school_id)
            & (StaffMember.id == SharingChange.staff_id),
        )
        .outerjoin(Account, Account.id == StaffMember.account_id)
    )


def _past(row: Row[SharingChange, str, str]) -> PastChange:
    change, name, email = row
    return PastChange(
        change.change_id,
        change.at,
        change.by,
        name,
        email,
        change.setting,
        change.before,
        change.after,
        change.why,
    )
