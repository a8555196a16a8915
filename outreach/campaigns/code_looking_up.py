"""From a typed code to the link it stands for, within the limits on guessing."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns import code_tries
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_models import CodeLookup, PersonalCode
from outreach.campaigns.code_tries import Guesser
from outreach.campaigns.codes import read_code
from outreach.campaigns.links import gone_because
from outreach.campaigns.models import Campaign, Invitation, Link
from outreach.database import enter_school, school_of
from outreach.schools.models import School


@dataclass(frozen=True)
class FoundLink:
    """Where it has ended, its own page says so."""

    school_key: bytes
    link_id: UUID


class NoLink(Enum):
    NOBODYS = "nobodys"
    TOO_OFTEN = "too_often"


def look_up(
    session: Session, keys: CodeKeys, typed: str, who: Guesser, now: datetime
) -> FoundLink | NoLink:
    """A code that is nobody's reads the same however near it was. Once the tries are used up a right
    code is refused too.

    A code that has ended is told so, and counts as a wrong one: a guesser learns as much by it.
    What cannot be a code, as a slip of the finger cannot, is not counted: it tells a guesser nothing.
    """
    code_tries.take_turn(session, who)
    if code_tries.is_closed(session, who, now):
        return NoLink.TOO_OFTEN
    code = read_code(typed)
    if code is None:
        return NoLink.NOBODYS
    found = _find(session, keys, code)
    if found is None or _has_ended(session, found, now):
        code_tries.note_try(session, who, now)
    return found or NoLink.NOBODYS


def _find(session: Session, keys: CodeKeys, code: str) -> FoundLink | None:
    known = session.execute(
        select(CodeLookup.code_hash, School)
        .join(School, School.id == CodeLookup.school_id)
        .where(CodeLookup.code_hash.in_(keys.hashes(code)))
    ).first()
    if known is None:
        return None
    code_hash, school = known
    enter_school(session, school.id)
    link_id = session.scalar(
        select(PersonalCode.link_id).where(
            PersonalCode.school_id == school.id, PersonalCode.code_hash == code_hash
        )
    )
    return None if link_id is None else FoundLink(school.key, link_id)


def _has_ended(session: Session, found: FoundLink, now: datetime) -> bool:
    row = session.execute(
        select(Link.revoked_at, Campaign.state, Campaign.closes_at)
        .join(
            Invitation,
            (Invitation.school_id == Link.school_id) & (Invitation.id == Link.invitation_id),
        )
        .join(
            Campaign,
            (Campaign.school_id == Link.school_id) & (Campaign.id == Invitation.campaign_id),
        )
        .where(Link.school_id == school_of(session), Link.id == found.link_id)
    ).one()
    return gone_because(*row, now) is not None
