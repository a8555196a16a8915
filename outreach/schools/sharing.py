"""What the school lets us use, and every change of it: who, when, from what to what.

The gate reads the agreement; this module alone writes it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import OPERATOR, SYSTEM, record, staff_actor
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.queues import Work, call_for
from outreach.schools.models import (
    Account,
    ChangedBy,
    Connection,
    SharingAgreement,
    SharingChange,
    StaffMember,
)
from outreach.schools.revoking import start_deletion_timer, stop_deletion_timer


class ChangedMeanwhile(Refusal):
    """Somebody else changed sharing after this person's page was made."""


@dataclass(frozen=True)
class SharingChanges:
    """What is to become of each setting; None leaves it as it is."""

    connection: Connection | None = None
    student_email: bool | None = None
    work_email: bool | None = None
    home_email: bool | None = None


@dataclass(frozen=True)
class InForce:
    """The four settings together, as they are or as they would be."""

    connection: Connection
    student_email: bool
    work_email: bool
    home_email: bool


@dataclass(frozen=True)
class Move:
    """One setting, from what to what."""

    setting: str
    before: str
    after: str


def moves_of(current: SharingAgreement, changes: SharingChanges) -> list[Move]:
    """What these changes would really move."""
    asked = {field.name: getattr(changes, field.name) for field in fields(SharingChanges)}
    return [
        Move(name, written(getattr(current, name)), written(after))
        for name, after in asked.items()
        if after is not None and after != getattr(current, name)
    ]


def in_force(current: SharingAgreement, changes: SharingChanges | None = None) -> InForce:
    """What holds now or, with `changes`, what would hold after them."""
    values = {field.name: getattr(current, field.name) for field in fields(InForce)}
    asked = {} if changes is None else asdict(changes)
    values |= {name: value for name, value in asked.items() if value is not None}
    return InForce(**values)


def agreement(session: Session) -> SharingAgreement:
    return session.get_one(SharingAgreement, school_of(session))


def change_sharing(
    session: Session,
    changes: SharingChanges,
    by: StaffMember,
    now: datetime,
    *,
    seen: datetime | None = None,
    why: str | None = None,
) -> int:
    """Move the switches and say how many moved. Mail that is queued is looked at again.

    `by` may be any staff member: on the command line the operator acts on their word; the web
    page lets administrators and data protection through only. `seen` is the `changed_at` that the
    person's page showed: if sharing was changed since, ChangedMeanwhile is raised.
    """
    current = session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.school_id == school_of(session))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if seen is not None and seen != current.changed_at:
        words = (
            "Somebody else changed sharing while you were deciding, so your change was not made. "
            "Look at the settings as they are now, then choose again."
        )
        raise ChangedMeanwhile(words)
    moves = moves_of(current, changes)
    was_revoked = current.connection is Connection.REVOKED
    for move in moves:
        setattr(current, move.setting, getattr(changes, move.setting))
    if moves:
        current.changed_at = now
        write_moves(session, now, moves, ChangedBy.STAFF, by.id, why)
        call_for(session, school_of(session), Work.DELIVER, now)
    if current.connection is Connection.REVOKED and not was_revoked:
        start_deletion_timer(session, now)
    elif was_revoked and current.connection is not Connection.REVOKED:
        stop_deletion_timer(session)
    return len(moves)


def write_moves(
    session: Session,
    now: datetime,
    moves: Sequence[Move],
    by: ChangedBy,
    staff_id: UUID | None,
    why: str | None,
) -> UUID:
    """Into the history and the audit, as one change. Gives its id."""
    change_id = uuid4()
    actors = {ChangedBy.OPERATOR: OPERATOR, ChangedBy.STAFF: OPERATOR}
    actor = staff_actor(staff_id) if staff_id else actors.get(by, SYSTEM)
    for move in moves:
        moved = {"setting": move.setting, "before": move.before, "after": move.after}
        session.add(
            SharingChange(
                school_id=school_of(session),
                change_id=change_id,
                at=now,
                by=by,
                staff_id=staff_id,
                why=why,
                **moved,
            )
        )
        record(session, now, actor, "sharing.changed", "sharing_agreement", None, **moved)
    return change_id


def written(value: Connection | bool) -> str:
    """How a setting's value is kept in the history and shown on the command line."""
    if isinstance(value, Enum):
        return str(value.value)
    return "on" if value else "off"


@dataclass(frozen=True)
class PastChange:
    """One line of the history, with the name of whoever made the change."""

    at: datetime
    staff_name: str
    staff_email: str
    setting: str
    before: str
    after: str


def history(session: Session, limit: int | None = None) -> Sequence[PastChange]:
    """Newest first. Somebody who has left the school since is still named."""
    rows = session.execute(
        select(SharingChange, StaffMember.name, Account.email)
        .join(
            StaffMember,
            (StaffMember.school_id == SharingChange.school_id)
            & (StaffMember.id == SharingChange.staff_id),
        )
        .join(Account, Account.id == StaffMember.account_id)
        .where(SharingChange.school_id == school_of(session))
        .order_by(SharingChange.at.desc(), SharingChange.setting)
        .limit(limit)
    )
    return [
        PastChange(change.at, name, email, change.setting, change.before, change.after)
        for change, name, email in rows
    ]
