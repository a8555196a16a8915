"""What the school lets us use, and how it is moved: under a lock, into the history, with a receipt.

The gate reads the agreement and the door to characteristics reads the switches; this module alone
writes them. What follows for pupils' data is `pupils.switching`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
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
    ChangedBy,
    Connection,
    SharingAgreement,
    SharingChange,
    StaffMember,
)
from outreach.schools.receipts import queue_receipts
from outreach.schools.revoking import settle_deletion_timer
from outreach.schools.switches import move_switch, switches_of
from outreach.switching_off import wait_for_senders

SHORTEST_TIMER, LONGEST_TIMER = 1, 90
LONGEST_WHY = 500
_STOPS_MAIL = frozenset({"off", "paused", "revoked"})
KINDS_OF_ADDRESS = ("work_email", "home_email")
UNDECIDED = "undecided"
"""A kind of address that nobody has switched either way: held where it comes, and not used."""


class ChangedMeanwhile(Refusal):
    """Somebody else changed sharing after this person's page was made."""


class BadChange(Refusal):
    """A value that cannot be."""


@dataclass(frozen=True)
class SharingChanges:
    """What is to become of each setting; None leaves it as it is.

    `switches` are special items and purposes by name: `item.sen`, `purpose.comparing_groups`.
    """

    connection: Connection | None = None
    student_email: bool | None = None
    work_email: bool | None = None
    home_email: bool | None = None
    deletion_days: int | None = None
    switches: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class InForce:
    """The four settings that mail hangs on together, as they are or as they would be."""

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


def moves_of(session: Session, changes: SharingChanges) -> list[Move]:
    """What these changes would really move."""
    current, undecided = agreement(session), undecided_addresses(session)
    asked = {one.name: getattr(changes, one.name) for one in fields(SharingChanges)}
    del asked["switches"]
    moves = []
    for name, after in asked.items():
        before = getattr(current, name)
        if after is None:
            continue
        if name in undecided and after is False:
            moves.append(Move(name, UNDECIDED, written(after)))
        elif after != before:
            moves.append(Move(name, written(before), written(after)))
    present = switches_of(session)
    return moves + [
        Move(name, written(not after), written(after))
        for name, after in changes.switches.items()
        if present.position(name) is not after
    ]


def in_force(current: SharingAgreement, changes: SharingChanges | None = None) -> InForce:
    """What holds now or, with `changes`, what would hold after them."""
    names = [one.name for one in fields(InForce)]
    asked = {} if changes is None else asdict(changes)
    values = {name: getattr(current, name) for name in names}
    return InForce(**values | {name: asked[name] for name in names if asked.get(name) is not None})


def agreement(session: Session) -> SharingAgreement:
    return session.get_one(SharingAgreement, school_of(session))


def hold_agreement(session: Session) -> SharingAgreement:
    """As committed now; nobody changes it before this transaction ends."""
    return session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.school_id == school_of(session))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()


def undecided_addresses(session: Session) -> frozenset[str]:
    """Kinds of address that are off because nobody has said anything of them yet."""
    current = agreement(session)
    decided = set(
        session.scalars(
            select(SharingChange.setting)
            .where(
                SharingChange.school_id == school_of(session),
                SharingChange.setting.in_(KINDS_OF_ADDRESS),
            )
            .distinct()
        )
    )
    return frozenset(
        kind for kind in KINDS_OF_ADDRESS if not getattr(current, kind) and kind not in decided
    )


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
    if changes.deletion_days is not None:
        checked_days(changes.deletion_days)
    moves = moves_of(session, changes)
    for move in moves:
        if move.setting in changes.switches:
            move_switch(session, move.setting, changes.switches[move.setting], now)
        else:
            setattr(current, move.setting, getattr(changes, move.setting))
    settle_deletion_timer(session, current, now)
    if moves:
        current.changed_at = now
        write_moves(session, now, moves, ChangedBy.STAFF, by.id, tidy_why(why))
        call_for(session, school_of(session), Work.DELIVER, now)
    if any(move.after in _STOPS_MAIL for move in moves):
        wait_for_senders(session)
    return len(moves)


def checked_days(days: int) -> int:
    """As given. Raises BadChange where the deletion timer cannot be set so."""
    if not SHORTEST_TIMER <= days <= LONGEST_TIMER:
        raise BadChange(
            f"What is held can be deleted {SHORTEST_TIMER} to {LONGEST_TIMER} days after the "
            f"connection is revoked. Enter a number from {SHORTEST_TIMER} to {LONGEST_TIMER}."
        )
    return days


def tidy_why(why: str | None) -> str | None:
    """One line of what was typed, not longer than is kept; None where nothing was."""
    marks = (mark if mark.isprintable() else " " for mark in why or "")
    return " ".join("".join(marks).split())[:LONGEST_WHY] or None


def write_moves(
    session: Session,
    now: datetime,
    moves: Sequence[Move],
    by: ChangedBy,
    staff_id: UUID | None,
    why: str | None,
) -> UUID:
    """Into the history and the audit, as one change with one receipt. Gives the change's id."""
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
    if moves:
        queue_receipts(session, change_id, now)
    return change_id


def written(value: Connection | bool | int) -> str:
    """How a setting's value is kept in the history and shown on the command line."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
