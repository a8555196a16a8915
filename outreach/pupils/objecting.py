"""A pupil asks not to be mailed, or takes that back. An objection is lifted, never deleted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.database import school_of
from outreach.pupils.models import Objection, ObjectionScope
from outreach.queues import Work


def object_to_mail(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """Record it, once; `made_by` is "student" or "staff". False where one was open already."""
    school_id = school_of(session)
    recorded = session.scalar(
        insert(Objection)
        .values(school_id=school_id, pupil_id=pupil_id, made_by=made_by, staff_id=staff_id, at=now)
        .on_conflict_do_nothing(
            index_elements=[Objection.school_id, Objection.pupil_id, Objection.scope],
            index_where=Objection.lifted_at.is_(None),
        )
        .returning(Objection.id)
    )
    if recorded is None:
        return False
    actor = _actor(pupil_id, staff_id)
    audit.record(session, now, actor, "objection.recorded", "pupil", pupil_id, made_by=made_by)
    queues.call_for(session, school_id, Work.DELIVER, now)
    return True


def lift_objection(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The gate lets mail to the pupil through again. False where there was no open objection.

    Mail that the objection stopped is not sent by itself: a person releases it on the campaign.
    """
    school_id = school_of(session)
    lifted = session.scalar(
        update(Objection)
        .where(
            Objection.school_id == school_id,
            Objection.pupil_id == pupil_id,
            Objection.scope == ObjectionScope.MAIL,
            Objection.lifted_at.is_(None),
        )
        .values(lifted_at=now)
        .returning(Objection.id)
    )
    if lifted is None:
        return False
    actor = _actor(pupil_id, staff_id)
    audit.record(session, now, actor, "objection.lifted", "pupil", pupil_id, made_by=made_by)
    return True


def has_objected(session: Session, pupil_id: UUID) -> bool:
    open_objection = select(Objection.id).where(
        Objection.school_id == school_of(session),
        Objection.pupil_id == pupil_id,
        Objection.scope == ObjectionScope.MAIL,
        Objection.lifted_at.is_(None),
    )
    return session.scalar(open_objection) is not None


def _actor(pupil_id: UUID, staff_id: UUID | None) -> audit.Actor:
    if staff_id is not None:
        return audit.staff_actor(staff_id)
    return audit.Actor(audit.ActorKind.STUDENT, pupil_id)
