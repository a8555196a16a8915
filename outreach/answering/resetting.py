"""Staff let a student carry on who could not prove on a new device that it is them."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.answering.models import BirthCheckTry, Response
from outreach.audit import Actor
from outreach.campaigns.models import Invitation, Link
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.models import Pupil

STAFF_WORD_LASTS = timedelta(hours=24)


def forgive_tries(session: Session, invitation_id: UUID, actor: Actor, now: datetime) -> int:
    """Give all five tries back, and return how many had been wrong.

    A pupil without a birth date has nothing to try: the next browser that asks within a day
    may carry on instead. Raises NotFound for another school's invitation.
    """
    school_id = school_of(session)
    born = session.execute(
        select(Pupil.date_of_birth)
        .join(Invitation, Invitation.pupil_id == Pupil.id)
        .where(
            Pupil.school_id == school_id,
            Invitation.school_id == school_id,
            Invitation.id == invitation_id,
        )
        .with_for_update(of=Invitation)
    ).one_or_none()
    if born is None:
        words = "There is no such invitation at this school."
        raise NotFound(words)
    links = select(Link.id).where(Link.school_id == school_id, Link.invitation_id == invitation_id)
    forgiven = session.execute(
        update(BirthCheckTry)
        .where(
            BirthCheckTry.school_id == school_id,
            BirthCheckTry.link_id.in_(links),
            BirthCheckTry.forgiven_at.is_(None),
        )
        .values(forgiven_at=now)
        .returning(BirthCheckTry.id)
    ).all()
    if born.date_of_birth is None:
        session.execute(
            update(Response)
            .where(
                Response.school_id == school_id,
                Response.invitation_id == invitation_id,
                Response.superseded_at.is_(None),
                Response.submitted_at.is_(None),
            )
            .values(resume_allowed_until=now + STAFF_WORD_LASTS)
        )
    audit.record(
        session,
        now,
        actor,
        "resuming.allowed",
        "invitation",
        invitation_id,
        wrong_tries=len(forgiven),
    )
    return len(forgiven)
