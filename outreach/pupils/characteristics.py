"""The one door to pupils' characteristics: who asks says what for, and gets no more than that.

An item is given out only if the table of purposes allows it, the school has it switched on, has
left the purpose on, and lets us use its roster at all. Otherwise it is as if nothing were held.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Subquery, delete, func, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.models import Item, PupilCharacteristic
from outreach.pupils.sync.permission import connection_in_force
from outreach.schools.models import Connection
from outreach.schools.purposes import DataItem, Purpose, table
from outreach.schools.switches import switches_of

LABELS = {item: table().items[DataItem(item.value)].label for item in Item}

_OWN_COPY = Purpose.ANSWERING_ACCESS_REQUEST


def readable(session: Session, purpose: Purpose) -> frozenset[Item]:
    """The items that are given out for `purpose` now.

    A pupil's own copy has all that is held, whatever is switched off: what is held is theirs to see.
    """
    if purpose is _OWN_COPY:
        return frozenset(Item)
    if connection_in_force(session) is not Connection.AUTHORISED:
        return frozenset()
    switches = switches_of(session)
    return frozenset(item for item in Item if switches.may_use(DataItem(item.value), purpose))


def read(session: Session, pupil_id: UUID, purpose: Purpose) -> dict[Item, str]:
    """The pupil's items that may be read for `purpose`; nothing of any other pupil."""
    permitted = readable(session, purpose)
    if not permitted:
        return {}
    rows = session.execute(
        select(PupilCharacteristic.item, PupilCharacteristic.value).where(
            PupilCharacteristic.school_id == school_of(session),
            PupilCharacteristic.pupil_id == pupil_id,
            PupilCharacteristic.item.in_(permitted),
        )
    )
    return {row.item: row.value for row in rows}


def values(session: Session, item: Item, purpose: Purpose) -> Subquery:
    """`pupil_id, value` of all the school's pupils, for a statement to join. Empty where barred."""
    is_permitted = item in readable(session, purpose)
    return (
        select(PupilCharacteristic.pupil_id, PupilCharacteristic.value)
        .where(
            PupilCharacteristic.school_id == school_of(session),
            PupilCharacteristic.item.in_([item] if is_permitted else []),
        )
        .subquery()
    )


def in_words(item: Item, value: str) -> str:
    """What a code means; what is no code of ours is shown as the source gave it."""
    return table().items[DataItem(item.value)].values.get(value, value)


def left_out(session: Session) -> dict[Item, str]:
    """Items that must not be stored for this school, each with why, for whoever brings them."""
    switches, rules = switches_of(session), table()
    reasons: dict[Item, str] = {}
    for item in Item:
        data_item = DataItem(item.value)
        if switches.is_kept(data_item):
            continue
        name = f"“{LABELS[item]}”"
        if not rules.needs_of(data_item):
            reasons[item] = "Not kept: nothing here uses it."
        elif data_item not in switches.items:
            reasons[item] = f"Not shared: {name} is switched off on the Data sharing page."
        else:
            reasons[item] = (
                f"Not kept: all that {name} would be used for is switched off on the Data sharing "
                "page."
            )
    return reasons


def held(session: Session) -> dict[Item, int]:
    """Of how many pupils each item is held. Numbers only: no value leaves by this."""
    here = PupilCharacteristic.school_id == school_of(session)
    rows = session.execute(
        select(PupilCharacteristic.item, func.count())
        .where(here)
        .group_by(PupilCharacteristic.item)
    )
    return {item: count for item, count in rows}  # noqa: C416


def forget(session: Session, items: Collection[Item]) -> dict[Item, int]:
    """Delete all that is held of these items, and say of how many pupils it was."""
    if not items:
        return {}
    counts = {item: count for item, count in held(session).items() if item in items}
    session.execute(
        delete(PupilCharacteristic).where(
            PupilCharacteristic.school_id == school_of(session), PupilCharacteristic.item.in_(items)
        ),
        execution_options={"synchronize_session": False},
    )
    return counts


def kept_items() -> frozenset[Item]:
    """What some purpose needs. Nothing else is stored, wherever it is switched on."""
    return frozenset(item for item in Item if table().needs_of(DataItem(item.value)))


__all__ = [
    "LABELS",
    "Purpose",
    "forget",
    "held",
    "in_words",
    "kept_items",
    "left_out",
    "read",
    "readable",
    "values",
]
