"""Whom students may ask: about the questionnaire (careers), and about their data (protection).

UK GDPR Art. 13(1)(a) and (b). Only this module writes them; the audit says that, not who.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.schools.models import SchoolContact
from outreach.schools.staffing import BadAddress, clean_email

LONGEST = 200
PHONE = re.compile(r"\+?[0-9 ()]{5,24}( ?(ext\.?|x) ?[0-9]{1,6})?", re.IGNORECASE)


@dataclass(frozen=True)
class Contact:
    """A person, or a post such as “Careers leader”."""

    name: str
    email: str
    phone: str | None


@dataclass(frozen=True)
class Contacts:
    """What the school has said so far. `notice_url` is the school's own privacy notice."""

    careers: Contact | None = None
    protection: Contact | None = None
    notice_url: str | None = None

    @property
    def are_complete(self) -> bool:
        return self.careers is not None and self.protection is not None


@dataclass(frozen=True)
class ContactDetails:
    """Every field as typed or kept; empty is “not set”."""

    careers_name: str = ""
    careers_email: str = ""
    careers_phone: str = ""
    protection_name: str = ""
    protection_email: str = ""
    protection_phone: str = ""
    notice_url: str = ""


class BadContact(Refusal):
    """Something of a contact cannot be right; `faults` says what, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


def contacts_of(session: Session) -> Contacts:
    details = contact_details(session)
    return Contacts(
        _person(details.careers_name, details.careers_email, details.careers_phone),
        _person(details.protection_name, details.protection_email, details.protection_phone),
        details.notice_url or None,
    )


def contact_details(session: Session) -> ContactDetails:
    kept = session.get(SchoolContact, school_of(session), populate_existing=True)
    if kept is None:
        return ContactDetails()
    return ContactDetails(*(getattr(kept, name) or "" for name in _NAMES))


def change_contacts(
    session: Session, details: ContactDetails, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Keep these in place of the old and name the fields that changed. Raises BadContact."""
    wanted = _checked(details)
    before = contact_details(session)
    changed = tuple(name for name in _NAMES if getattr(wanted, name) != getattr(before, name))
    if not changed:
        return ()
    values = {name: getattr(wanted, name) or None for name in _NAMES} | {"changed_at": now}
    session.execute(
        insert(SchoolContact)
        .values(school_id=school_of(session), **values)
        .on_conflict_do_update(index_elements=[SchoolContact.school_id], set_=values)
    )
    which = {name.partition("_")[0] for name in changed}
    record(
        session,
        now,
        actor,
        "school.contacts_changed",
        "school",
        school_of(session),
        careers="careers" in which,
        data_protection="protection" in which,
        notice_address="notice" in which,
    )
    return changed


_NAMES = tuple(field.name for field in fields(ContactDetails))


def _person(name: str, email: str, phone: str) -> Contact | None:
    return Contact(name, email, phone or None) if name and email else None


def _checked(details: ContactDetails) -> ContactDetails:
    tidy = {name: " ".join(getattr(details, name).split()) for name in _NAMES}
    faults = {
        name: f"This is too long: {LONGEST} characters at most."
        for name, value in tidy.items()
        if len(value) > LONGEST
    }
    for who, asked in (("careers", "questions"), ("protection", "data protection")):
        faults = _faults_of_person(tidy, who, asked) | faults
    if tidy["notice_url"] and not _is_web_address(tidy["notice_url"]):
        faults.setdefault(
            "notice_url", "Enter the whole address of a web page, beginning with https://."
        )
    if faults:
        raise BadContact({name: faults[name] for name in _NAMES if name in faults})
    return ContactDetails(**tidy)


def _faults_of_person(tidy: dict[str, str], who: str, asked: str) -> dict[str, str]:
    """Tidies the address in place."""
    name, email, phone = f"{who}_name", f"{who}_email", f"{who}_phone"
    faults: dict[str, str] = {}
    if not any(tidy[field] for field in (name, email, phone)):
        return faults
    if not tidy[name]:
        faults[name] = f"Enter the name or the post of whom to ask about {asked}."
    if not tidy[email]:
        faults[email] = f"Enter the email address of whom to ask about {asked}."
    else:
        try:
            tidy[email] = clean_email(tidy[email])
        except BadAddress as refusal:
            faults[email] = refusal.words
    if tidy[phone] and not PHONE.fullmatch(tidy[phone]):
        faults[phone] = "Enter a phone number, such as 020 7946 0000 ext 12, or leave it empty."
    return faults


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return is_plain and parts.scheme in ("http", "https") and bool(parts.hostname)
