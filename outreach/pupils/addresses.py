"""The keyed hash of an address: how a suppression knows an address again without holding it."""

import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.mail.addresses import normalise
from outreach.schools.models import SchoolSecret


def address_key(session: Session) -> bytes:
    """The school's own key, so that one school's hashes say nothing about another's."""
    here = SchoolSecret.school_id == school_of(session)
    return session.scalars(select(SchoolSecret.address_key).where(here)).one()


def hash_address(key: bytes, address: str) -> bytes:
    """HMAC-SHA256 of the address as compared: two ways of writing one mailbox hash alike."""
    return hmac.digest(key, normalise(address).encode(), "sha256")
