"""The switches beside the agreement's own: special items (off until switched on), purposes (on)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.schools.models import SharingSwitch
from outreach.schools.purposes import DataItem, ItemKind, Purpose, table


@dataclass(frozen=True)
class Switches:
    """What a school has left on of the table."""

    items: frozenset[DataItem]
    purposes: frozenset[Purpose]

    def may_use(self, item: DataItem, purpose: Purpose) -> bool:
        """Whether the table allows it, and the school has both on."""
        is_on = item in self.items and purpose in self.purposes
        return is_on and table().allows(item, purpose)

    def is_kept(self, item: DataItem) -> bool:
        """Switched on, and for something that is switched on too."""
        return item in self.items and any(one in self.purposes for one in table().needs_of(item))

    def position(self, name: str) -> bool:
        """Of a switch by its name."""
        kind, _, key = name.partition(".")
        return DataItem(key) in self.items if kind == "item" else Purpose(key) in self.purposes


def item_switch(item: DataItem) -> str:
    return f"item.{item.value}"


def purpose_switch(purpose: Purpose) -> str:
    return f"purpose.{purpose.value}"


def switch_names() -> tuple[str, ...]:
    """Every switch that there is, in the order in which pages show them."""
    rules = table()
    return (
        *(item_switch(item) for item in rules.special_items),
        *(purpose_switch(purpose) for purpose in rules.optional_purposes),
    )


def switches_of(session: Session) -> Switches:
    here = SharingSwitch.school_id == school_of(session)
    rows = session.execute(select(SharingSwitch.name, SharingSwitch.is_on).where(here))
    return _switches({row.name: row.is_on for row in rows})


def switches_after(present: Switches, changes: Mapping[str, bool]) -> Switches:
    """As they would be with these changes."""
    return _switches({name: present.position(name) for name in switch_names()} | dict(changes))


def _switches(kept: Mapping[str, bool]) -> Switches:
    rules = table()
    return Switches(
        frozenset(
            item
            for item in DataItem
            if rules.items[item].kind is not ItemKind.SPECIAL or kept.get(item_switch(item), False)
        ),
        frozenset(
            purpose
            for purpose in Purpose
            if not rules.purposes[purpose].optional or kept.get(purpose_switch(purpose), True)
        ),
    )


def move_switch(session: Session, name: str, is_on: bool, now: datetime) -> None:
    if name not in switch_names():
        message = f"there is no switch {name}"
        raise LookupError(message)
    values = {"is_on": is_on, "changed_at": now}
    session.execute(
        insert(SharingSwitch)
        .values(school_id=school_of(session), name=name, **values)
        .on_conflict_do_update(
            index_elements=[SharingSwitch.school_id, SharingSwitch.name], set_=values
        )
    )
