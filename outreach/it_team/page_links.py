"""A link that shows the page to whoever the school sends it to: signed, opaque, until it is revoked."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import enter_school, school_of
from outreach.errors import NotFound, Refusal
from outreach.it_team.models import ItPageLink
from outreach.schools.models import School
from outreach.signing import BadToken, Purpose, TokenSigner

MOST_LINKS = 10
"""At once: each is one to keep in mind."""


@dataclass(frozen=True)
class PageLink:
    id: UUID
    token: str = field(repr=False)
    made_at: datetime


def make_link(session: Session, actor: Actor, now: datetime) -> UUID:
    if len(_good(session)) >= MOST_LINKS:
        words = f"There are {MOST_LINKS} links already. Revoke one that is not needed any more."
        raise Refusal(words)
    link = ItPageLink(school_id=school_of(session), made_by=actor.id, made_at=now)
    session.add(link)
    session.flush()
    record(session, now, actor, "it_team.link_made", "it_page_link", link.id)
    return link.id


def revoke_link(session: Session, link_id: UUID, actor: Actor, now: datetime) -> None:
    """Raises NotFound."""
    link = session.get(ItPageLink, (school_of(session), link_id))
    if link is None:
        raise NotFound("There is no such link.")
    if link.revoked_at is None:
        link.revoked_at = now
        record(session, now, actor, "it_team.link_revoked", "it_page_link", link_id)


def links(session: Session, signer: TokenSigner) -> list[PageLink]:
    """Those that work, the newest first."""
    key = session.get_one(School, school_of(session)).key
    return [
        PageLink(one.id, signer.sign(Purpose.IT_PAGE, key, one.id), one.made_at)
        for one in _good(session)
    ]


def open_page_link(session: Session, signer: TokenSigner, token: str) -> School:
    """Enter the school of the link. Raises BadToken, also where it was revoked."""
    subject = signer.verify(Purpose.IT_PAGE, token)
    school = session.scalar(select(School).where(School.key == subject.school_key))
    if school is None:
        raise BadToken
    enter_school(session, school.id)
    link = session.get(ItPageLink, (school.id, subject.row_id))
    if link is None or link.revoked_at is not None:
        raise BadToken
    return school


def _good(session: Session) -> list[ItPageLink]:
    here = (ItPageLink.school_id == school_of(session), ItPageLink.revoked_at.is_(None))
    return list(
        session.scalars(select(ItPageLink).where(*here).order_by(ItPageLink.made_at.desc()))
    )
