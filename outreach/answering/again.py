"""One response a student and school year, of each family of questionnaires; again by staff's word.

What was sent stays, and stays what counts, until the new response is sent: then it is superseded
in the same transaction. Who never finishes the new one loses nothing. A response is replaced only by
one of its own school year: who is let answer again in July and does so in September has answered in
both.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.answering import sessions
from outreach.answering.models import Response
from outreach.audit import Actor
from outreach.campaigns import tracking
from outreach.campaigns.audience import is_answered_since
from outreach.campaigns.models import Invitation
from outreach.campaigns.relinking import replace_links
from outreach.clock import academic_year_start
from outreach.database import school_of
from outreach.errors import NotFound


class AnsweredThisYear(Exception):
    """The student has sent a response of this family since 1 September, by another invitation."""

    def __init__(self, pupil_id: UUID) -> None:
        super().__init__()
        self.pupil_id = pupil_id


class Why(Enum):
    """Why staff let a student answer again: one of a list, so that no name is ever typed."""

    NOT_THEM = "not_them"
    IN_A_HURRY = "in_a_hurry"
    CHANGED_PLANS = "changed_plans"
    WRONG_QUESTIONNAIRE = "wrong_questionnaire"
    NOT_SAID = "not_said"


@dataclass(frozen=True)
class Again:
    """What came of letting a student answer again."""

    is_new: bool
    """False: it had been done before, or the student has sent another response meanwhile."""

    opens_link: bool
    """Whether a link of this invitation may lead to the questions once more."""

    new_link: bool | None = None
    """Where all its links ended: whether a new one goes to the address on file."""


def has_answered_this_year(session: Session, invitation: Invitation, now: datetime) -> bool:
    """By any other invitation of the same family."""
    other = select(Invitation.id).where(
        Invitation.school_id == school_of(session),
        Invitation.pupil_id == invitation.pupil_id,
        Invitation.id != invitation.id,
        Invitation.family == invitation.family,
        is_answered_since(academic_year_start(now)),
    )
    return session.scalar(select(other.exists())) or False


def supersede_earlier(session: Session, invitation: Invitation, now: datetime) -> None:
    """Before a response of this invitation is sent: what it takes the place of, which staff let be
    replaced in the same school year, counts no more.

    Submissions of one student take turns until the commit, so that of two, by two invitations,
    the second finds the first. Raises AnsweredThisYear where staff did not allow another.
    """
    _wait_for_turn(session, invitation.pupil_id)
    if has_answered_this_year(session, invitation, now):
        raise AnsweredThisYear(invitation.pupil_id)
    theirs = select(Invitation.id).where(
        Invitation.school_id == school_of(session),
        Invitation.pupil_id == invitation.pupil_id,
        Invitation.family == invitation.family,
    )
    session.execute(
        update(Response)
        .where(
            Response.school_id == school_of(session),
            Response.invitation_id.in_(theirs),
            Response.replaceable_since.is_not(None),
            Response.superseded_at.is_(None),
            Response.submitted_at >= academic_year_start(now),
        )
        .values(superseded_at=now)
        .execution_options(synchronize_session=False)
    )


def _wait_for_turn(session: Session, pupil_id: UUID) -> None:
    """No row is locked for it: write-back holds the pupil's own while it waits for a response."""
    lock = func.hashtextextended(f"answering {school_of(session)} {pupil_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))


def sent_response(session: Session, invitation_id: UUID, now: datetime) -> UUID | None:
    """The response of this invitation and school year that counts, and may not be replaced so far."""
    return session.scalar(select(Response.id).where(_is_settled(session, invitation_id, now)))


def let_answer_again(
    session: Session,
    invitation_id: UUID,
    response_id: UUID | None,
    why: Why,
    actor: Actor,
    now: datetime,
) -> Again:
    """Let the student answer again, in place of `response_id` (None: whatever counts now).

    Every browser that was answering is put out of it. Where somebody else has answered, all links
    and codes end too, as that person holds one.

    Pressed twice, or after the student has sent a newer response, it does nothing; nor for one of
    an earlier school year, which stands in nobody's way and stays what it was. Raises NotFound for
    another school's invitation.
    """
    invitation = session.scalar(
        select(Invitation).where(
            Invitation.school_id == school_of(session), Invitation.id == invitation_id
        )
    )
    if invitation is None:
        raise NotFound("There is no such invitation at this school.")
    _wait_for_turn(session, invitation.pupil_id)
    is_meant = Response.id == response_id if response_id is not None else Response.id.is_not(None)
    replaceable = session.scalar(
        update(Response)
        .where(_is_settled(session, invitation_id, now), is_meant)
        .values(replaceable_since=now)
        .returning(Response.id)
        .execution_options(synchronize_session=False)
    )
    if replaceable is None:
        return Again(is_new=False, opens_link=False)
    opens_link = tracking.reopen(session, invitation, now)
    sessions.end_all(session, invitation.id, now)
    new_link = None
    if why is Why.NOT_THEM and opens_link:
        new_link = replace_links(session, invitation, now)
    audit.record(
        session,
        now,
        actor,
        "response.answer_again_allowed",
        "response",
        replaceable,
        invitation=str(invitation_id),
        why=why.value,
    )
    return Again(is_new=True, opens_link=opens_link, new_link=new_link)


def _is_settled(session: Session, invitation_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(
        Response.school_id == school_of(session),
        Response.invitation_id == invitation_id,
        Response.submitted_at >= academic_year_start(now),
        Response.superseded_at.is_(None),
        Response.replaceable_since.is_(None),
    )
