"""What the privacy notice says that is not fixed: the school, its contacts, and what is used why."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from outreach.pupils.characteristics import LABELS, kept_items, purposes
from outreach.pupils.models import Item
from outreach.schools.contacts import Contacts, contacts_of


@dataclass(frozen=True)
class Use:
    """What some facts from the roster are used for, as the table of purposes has it."""

    items: str
    what_for: str


@dataclass(frozen=True)
class Notice:
    """`school_name` is None where nobody knows which school the reader belongs to.

    `back` is the page that the reader came from; the notice itself holds no pupil's name.
    """

    school_name: str | None
    contacts: Contacts
    back: str | None
    kept: str
    uses: tuple[Use, ...]
    no_uses: str
    not_kept: str

    @property
    def school(self) -> str:
        return self.school_name or "your school"

    @property
    def school_begins(self) -> str:
        """At the beginning of a sentence."""
        return self.school_name or "Your school"


def general_notice() -> Notice:
    return _notice(None, Contacts(), None)


def notice_of_school(session: Session, school_name: str, back: str) -> Notice:
    """Of the school that the session has entered."""
    return _notice(school_name, contacts_of(session), back)


def _notice(school_name: str | None, contacts: Contacts, back: str | None) -> Notice:
    kept = kept_items()
    rules = purposes().values()
    return Notice(
        school_name=school_name,
        contacts=contacts,
        back=back,
        kept=_in_words(kept),
        uses=tuple(
            Use(_in_words(rule.items & kept), rule.to_students)
            for rule in rules
            if rule.items & kept
        ),
        no_uses=_listed([rule.to_students for rule in rules if not rule.items & kept], "or"),
        not_kept=_in_words(frozenset(Item) - kept, "or"),
    )


def _in_words(items: frozenset[Item], joint: str = "and") -> str:
    return _listed([LABELS[item].lower() for item in Item if item in items], joint)


def _listed(words: list[str], joint: str) -> str:
    """a, b and c"""
    *others, last = words or [""]
    return f"{', '.join(others)} {joint} {last}" if others else last
