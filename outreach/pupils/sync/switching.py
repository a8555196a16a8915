"""Moving what is shared, with what follows for pupils' data: deleted where off, fetched where on."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit
from outreach.pupils.characteristics import forget, left_out
from outreach.pupils.models import Item
from outreach.pupils.roster.turns import wait_for_turn
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.models import SourceState
from outreach.pupils.sync.shared_fields import fields_shared
from outreach.pupils.sync.syncs import ask_for_sync
from outreach.schools.models import StaffMember
from outreach.schools.purposes import DataItem
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.schools.switches import switches_after, switches_of


@dataclass(frozen=True)
class Switched:
    """`deleted` says of how many pupils each item was held that is not shared any more."""

    moved: int
    deleted: dict[Item, int]
    asked_source: bool


def switch_sharing(
    session: Session,
    changes: SharingChanges,
    by: StaffMember,
    now: datetime,
    *,
    seen: datetime | None = None,
    why: str | None = None,
) -> Switched:
    """As `change_sharing`. What is newly shared is asked of the source, where there is one."""
    fields_before = fields_shared(session)
    if would_delete(session, changes):
        wait_for_turn(session)  # an import under way would write what is deleted here
    moved = change_sharing(session, changes, by, now, seen=seen, why=why)
    if not moved:
        return Switched(0, {}, False)
    session.flush()
    deleted = forget(session, left_out(session))
    for item, count in deleted.items():
        actor = audit.staff_actor(by.id)
        audit.record(
            session,
            now,
            actor,
            "characteristics.deleted",
            "school",
            None,
            item=item.value,
            pupils=count,
        )
    source = connection_of(session)
    is_new = bool(fields_shared(session) - fields_before)
    asks = is_new and source is not None and source.state is SourceState.AUTHORISED
    if asks:
        ask_for_sync(session, is_full=True, asked_by=by.id, now=now)
    return Switched(moved, deleted, asks)


def would_delete(session: Session, changes: SharingChanges) -> frozenset[Item]:
    """The items that are kept now and would not be with these changes."""
    present = switches_of(session)
    after = switches_after(present, changes.switches)
    return frozenset(
        item
        for item in Item
        if present.is_kept(DataItem(item.value)) and not after.is_kept(DataItem(item.value))
    )
