"""Answering sessions: a browser that pressed Start, found again by the secret in its cookie."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Uuid, and_, bindparam, select
from sqlalchemy.orm import Session

from outreach.answering.models import AnsweringSession, Response
from outreach.campaigns.models import Campaign, Invitation, Link
from outreach.database import school_of
from outreach.schools.models import School
from outreach.signing import hash_secret

IDLE_LIMIT = timedelta(minutes=60)
SEEN_STEP = timedelta(minutes=1)
"""`last_seen_at` moves in steps, so that most answers cost one write less."""


@dataclass(frozen=True)
class Visit:
    """An answering session and all that its link leads to."""

    session: AnsweringSession
    link: Link
    invitation: Invitation
    campaign: Campaign
    school: School
    response: Response | None

    def is_alive(self, now: datetime) -> bool:
        """Not signed out, and seen within the last hour."""
        return self.session.ended_at is None and now - self.session.last_seen_at < IDLE_LIMIT

    @property
    def is_submitted(self) -> bool:
        return self.response is not None and self.response.submitted_at is not None

    @property
    def must_prove(self) -> bool:
        """Answers exist that another browser gave: nothing of them may be shown yet."""
        return self.response is not None and not self.session.may_see_answers


def find_visit(session: Session, secret: str) -> Visit | None:
    """The visit of this cookie's secret, alive or not, in the school the session has entered."""
    key = {"school": school_of(session), "hash": hash_secret(secret)}
    row = session.execute(_VISIT, key).one_or_none()
    return None if row is None else Visit(*row)


def current_response_of(invitation: type[Invitation]) -> ColumnElement[bool]:
    """The join of an invitation with the one response that has not been superseded."""
    return and_(
        Response.school_id == invitation.school_id,
        Response.invitation_id == invitation.id,
        Response.superseded_at.is_(None),
    )


_SCHOOL: BindParameter[UUID] = bindparam("school", type_=Uuid)
_VISIT = (
    select(AnsweringSession, Link, Invitation, Campaign, School, Response)
    .join(Link, and_(Link.school_id == _SCHOOL, Link.id == AnsweringSession.link_id))
    .join(
        Invitation,
        and_(Invitation.school_id == _SCHOOL, Invitation.id == AnsweringSession.invitation_id),
    )
    .join(Campaign, and_(Campaign.school_id == _SCHOOL, Campaign.id == Invitation.campaign_id))
    .join(School, School.id == AnsweringSession.school_id)
    .outerjoin(Response, current_response_of(Invitation))
    .where(AnsweringSession.school_id == _SCHOOL, AnsweringSession.secret_hash == bindparam("hash"))
)
"""Every page asks this. It is built once: to build it costs about as much as to execute it."""


def begin(session: Session, link: Link, *, may_see_answers: bool, now: datetime) -> str:
    """A new answering session for this link; the secret is for the cookie alone."""
    secret = secrets.token_urlsafe(32)
    session.add(
        AnsweringSession(
            school_id=school_of(session),
            link_id=link.id,
            invitation_id=link.invitation_id,
            secret_hash=hash_secret(secret),
            may_see_answers=may_see_answers,
            created_at=now,
            last_seen_at=now,
        )
    )
    return secret


def touch(visit: Visit, now: datetime) -> None:
    if now - visit.session.last_seen_at >= SEEN_STEP:
        visit.session.last_seen_at = now


def end(visit: Visit, now: datetime) -> None:
    if visit.session.ended_at is None:
        visit.session.ended_at = now
