"""The table of items and purposes as one school has it: what is shared, held or neither, and why.

The Data sharing page, the annex of the impact assessment and the command line read it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from sqlalchemy.orm import Session

from outreach.pupils.sync.holding import held_items
from outreach.pupils.sync.permission import connection_in_force
from outreach.schools.models import Connection, SharingAgreement
from outreach.schools.purposes import DataItem, ItemKind, Purpose, table
from outreach.schools.sharing import agreement
from outreach.schools.switches import Switches, switches_of


class Status(Enum):
    SHARED = "shared"
    NOT_SHARED = "not_shared"
    HELD = "held_not_used"


STATUS_WORDS = {
    Status.SHARED: ("good", "Shared"),
    Status.NOT_SHARED: ("neutral", "Not shared"),
    Status.HELD: ("warn", "Held, not used"),
}
KIND_WORDS = {
    ItemKind.REQUIRED: "Needed",
    ItemKind.WANTED: "Where the school’s system gives it",
    ItemKind.OPTIONAL: "Optional: a switch",
    ItemKind.SPECIAL: "Special category or near it: a switch",
}


@dataclass(frozen=True)
class PurposeUse:
    """One purpose an item serves. `is_on` is false where the school has switched it off."""

    purpose: Purpose
    label: str
    is_on: bool


@dataclass(frozen=True)
class ItemRow:
    item: DataItem
    label: str
    source: str
    kind: ItemKind
    status: Status
    held: int
    uses: tuple[PurposeUse, ...]

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.kind]

    @property
    def status_words(self) -> tuple[str, str]:
        """Tone and text."""
        return STATUS_WORDS[self.status]


@dataclass(frozen=True)
class PurposeRow:
    purpose: Purpose
    label: str
    words: str
    to_students: str
    is_optional: bool
    is_on: bool
    items: tuple[str, ...]


@dataclass(frozen=True)
class SharingTable:
    items: tuple[ItemRow, ...]
    purposes: tuple[PurposeRow, ...]


def sharing_table(session: Session) -> SharingTable:
    """Of the school that the session has entered, as it stands now."""
    switches, current, held = switches_of(session), agreement(session), held_items(session)
    purposes_on = _purposes_on(switches, current)
    in_force = connection_in_force(session)
    rules = table()
    return SharingTable(
        items=tuple(
            ItemRow(
                item=item,
                label=rules.items[item].label,
                source=rules.items[item].source,
                kind=rules.items[item].kind,
                status=_status(
                    is_used=in_force is Connection.AUTHORISED
                    and _is_on(item, switches, current)
                    and any(one in purposes_on for one in rules.needs_of(item)),
                    held=held[item],
                ),
                held=held[item],
                uses=tuple(
                    PurposeUse(one, rules.purposes[one].label, one in purposes_on)
                    for one in rules.purposes_of(item)
                ),
            )
            for item in DataItem
        ),
        purposes=tuple(
            PurposeRow(
                purpose=one,
                label=rules.purposes[one].label,
                words=rules.purposes[one].words,
                to_students=rules.purposes[one].to_students,
                is_optional=rules.purposes[one].optional,
                is_on=one in purposes_on,
                items=tuple(rules.items[item].label for item in rules.items_for(one)),
            )
            for one in Purpose
        ),
    )


def _purposes_on(switches: Switches, current: SharingAgreement) -> Collection[Purpose]:
    """Mail has a switch of its own, of the agreement."""
    off = frozenset() if current.student_email else frozenset({Purpose.SENDING_MAIL})
    return switches.purposes - off


def _is_on(item: DataItem, switches: Switches, current: SharingAgreement) -> bool:
    if table().items[item].kind is ItemKind.OPTIONAL:
        return bool(getattr(current, item.value))
    return item in switches.items


def _status(*, is_used: bool, held: int) -> Status:
    if is_used:
        return Status.SHARED
    return Status.HELD if held else Status.NOT_SHARED
