"""What the privacy notice says that is not fixed: the school, its contacts, and what is used why.

The notice of a school says what that school shares; the general one what a school may share.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from outreach.pupils.sync.holding import held_items
from outreach.pupils.sync.shared_fields import ADDRESSES, fields_shared
from outreach.schools.contacts import Contacts, contacts_of
from outreach.schools.purposes import DataItem, ItemKind, Purpose, table
from outreach.schools.sharing import agreement
from outreach.schools.switches import Switches, switches_of


@dataclass(frozen=True)
class Use:
    """What some facts from the roster are used for, as the table of purposes has it."""

    items: str
    what_for: str


@dataclass(frozen=True)
class Notice:
    """`school_name` is None where nobody knows which school the reader belongs to.

    `back` is the page that the reader came from; the notice itself holds no pupil's name. `special`
    are the items that live apart: those the school shares or, in the general notice, may share.
    `is_special_apart`: none of them decides who is asked, or stands in a mail.
    """

    school_name: str | None
    contacts: Contacts
    back: str | None
    ordinary: str
    special: str
    not_kept: str
    uses: tuple[Use, ...]
    is_special_apart: bool
    home_email: str

    @property
    def school(self) -> str:
        return self.school_name or "your school"

    @property
    def school_begins(self) -> str:
        """At the beginning of a sentence."""
        return self.school_name or "Your school"


_CHOOSING, _MAILING = Purpose.CHOOSING_AUDIENCE, Purpose.SENDING_MAIL


def general_notice() -> Notice:
    everything = Switches(frozenset(DataItem), frozenset(Purpose))
    home = "A home address is used only if your school has switched that on."
    return _notice(None, Contacts(), None, everything, frozenset(DataItem), home)


def notice_of_school(session: Session, school_name: str, back: str) -> Notice:
    """Of the school that the session has entered."""
    is_on = agreement(session).home_email
    home = f"{school_name} has switched the use of home addresses {'on' if is_on else 'off'}."
    items = frozenset(DataItem) - _addresses_not_held(session)
    switches = switches_of(session)
    return _notice(school_name, contacts_of(session), back, switches, items, home)


def _addresses_not_held(session: Session) -> set[DataItem]:
    """Kinds that the school switched off. What had come before stays on the roster, and is said."""
    asked = fields_shared(session)
    unasked = {DataItem(name) for field, name in ADDRESSES.items() if field not in asked}
    if not unasked:
        return set()
    counts = held_items(session)
    return {item for item in unasked if not counts[item]}


def _notice(
    school_name: str | None,
    contacts: Contacts,
    back: str | None,
    switches: Switches,
    items: Collection[DataItem],
    home_email: str,
) -> Notice:
    rules = table()
    kept = [item for item in DataItem if item in items and switches.is_kept(item)]
    special = [item for item in kept if rules.items[item].kind is ItemKind.SPECIAL]
    used_for = {
        purpose: [item for item in kept if purpose in rules.purposes_of(item)]
        for purpose in Purpose
        if purpose in switches.purposes
    }
    return Notice(
        school_name=school_name,
        contacts=contacts,
        back=back,
        ordinary=_in_words(item for item in kept if item not in special),
        special=_in_words(special),
        not_kept=_in_words((one for one in rules.special_items if one not in special), "or"),
        uses=tuple(
            Use(
                "all of it" if used == kept else f"your {_in_words(used)}",
                rules.purposes[purpose].to_students,
            )
            for purpose, used in used_for.items()
            if used
        ),
        is_special_apart=not {*used_for[_CHOOSING], *used_for[_MAILING]} & set(special),
        home_email=home_email,
    )


def _in_words(items: Iterable[DataItem], joint: str = "and") -> str:
    return _listed([table().items[item].to_students for item in items], joint)


def _listed(words: list[str], joint: str) -> str:
    """a, b and c"""
    *others, last = words or [""]
    return f"{', '.join(others)} {joint} {last}" if others else last
