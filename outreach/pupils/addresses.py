"""Addresses of a roster: checked quickly, and hashed, so that a suppression knows one again.

A suppression holds the keyed hash of an address instead of the address.
"""

import hmac
import re
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, collate, func, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.types import LargeBinary

from outreach.database import school_of
from outreach.mail.addresses import AddressFault, check, normalise
from outreach.pupils.sources.records import PupilRecord
from outreach.schools.models import SchoolSecret

_PLAIN = re.compile(r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
_SHORT = 60
"""Characters: no limit on the length of an address or of its parts is near."""
_LONG = 1_000
"""Characters: far too long already, and all that is looked at of what is longer."""
_BLOCK = 64  # octets of SHA-256: RFC 2104 §2
_INNER, _OUTER = 0x36, 0x5C


def check_quickly(address: str) -> str | AddressFault:
    """What `check` says, without asking it for every pupil: nearly all have a plain local part at
    one of a few domains, and whether a plain address is good depends on its domain alone."""
    plain = _PLAIN.fullmatch(address) if len(address) <= _SHORT else None
    if plain is None or (plain[1].isalpha() and not plain[1].islower()):  # Info@ is info@
        return _check(address) if len(address) <= _SHORT else check(address[:_LONG])
    domain = _check_domain(plain[2])
    return domain if isinstance(domain, AddressFault) else f"{plain[1]}@{domain}"


@lru_cache(maxsize=2_000)
def _check(address: str) -> str | AddressFault:
    return check(address)


@lru_cache(maxsize=2_000)
def _check_domain(domain: str) -> str | AddressFault:
    checked = check(f"a@{domain}")
    return checked if isinstance(checked, AddressFault) else checked.partition("@")[2]


def address_key(session: Session) -> bytes:
    """The school's own key, so that one school's hashes say nothing about another's."""
    here = SchoolSecret.school_id == school_of(session)
    return session.scalars(select(SchoolSecret.address_key).where(here)).one()


def hash_address(key: bytes, address: str) -> bytes:
    """HMAC-SHA256 of the address as compared: two ways of writing one mailbox hash alike."""
    return hmac.digest(key, normalise(address).encode(), "sha256")


def hash_if_faulty(key: bytes, record: PupilRecord) -> tuple[bytes | None, bytes | None]:
    """Of the work and home address that `hash_in_sql` cannot hash."""
    work, home = record.work_email, record.home_email
    return (
        hash_address(key, work) if work is not None and record.work_fault is not None else None,
        hash_address(key, home) if home is not None and record.home_fault is not None else None,
    )


def hash_in_sql(key: bytes, address: ColumnElement[Any]) -> ColumnElement[bytes]:
    """`hash_address` of addresses without a fault, by the database (HMAC as in RFC 2104 §2).

    `check` gave them in ASCII without blanks, so comparing them needs no more than lower case.
    """
    if len(key) > _BLOCK:
        message = "an address key is no longer than one block of SHA-256"
        raise ValueError(message)
    inner, outer = (
        literal(bytes(octet ^ pad for octet in key.ljust(_BLOCK, b"\0")), LargeBinary)
        for pad in (_INNER, _OUTER)
    )
    compared = func.convert_to(func.lower(collate(address, "C")), literal("UTF8"))
    return func.sha256(outer.concat(func.sha256(inner.concat(compared))), type_=LargeBinary)
