"""Somebody objects to mail or to sharing, or takes it back. An objection is lifted, never deleted."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.clock import london_date
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.models import Instructor, Objection, ObjectionScope, Pupil
from outreach.pupils.objection_rules import (
    Instruction,
    Verdict,
    holder_on,
    instruction_faults,
    may_lift,
    may_object,
)
from outreach.queues import Work

TAKEN_OVER = "The pupil, now 16, says that it stands: their own objection took its place."


class InstructionRefused(Refusal):
    """The instruction cannot be recorded as given; `faults` says why, by field of the form."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(f"{words}." for words in faults.values()))
        self.faults = faults


@dataclass(frozen=True)
class Recorded:
    """`is_change` is False where it stood so already. `note` is what could not be checked."""

    is_change: bool
    note: str | None = None


def record_objection(
    session: Session,
    pupil: Pupil,
    scope: ObjectionScope,
    instruction: Instruction,
    staff_id: UUID | None,
    now: datetime,
) -> Recorded:
    """Staff record what a pupil or a parent instructed. Raises InstructionRefused.

    A pupil of 16 who says that a parent's objection stands takes it over, without a gap between.
    """
    verdict = may_object(scope, instruction.by, pupil.date_of_birth, instruction.on)
    _refuse_faults(scope, instruction, verdict, pupil.date_of_birth, now)
    is_pupils_right = holder_on(pupil.date_of_birth, instruction.on) is Instructor.PUPIL
    if is_pupils_right and instruction.by is Instructor.PUPIL:
        _take_over(session, pupil.id, scope, staff_id, now)
    is_new = _record(session, pupil.id, scope, "staff", instruction, staff_id, now)
    return Recorded(is_new, verdict.note)


def lift(
    session: Session,
    pupil: Pupil,
    scope: ObjectionScope,
    instruction: Instruction,
    staff_id: UUID | None,
    now: datetime,
) -> Recorded:
    """Staff record that whoever has the right took an objection back. Raises InstructionRefused."""
    found = open_objection(session, pupil.id, scope)
    if found is None:
        return Recorded(False)
    made_by, since = found.instructed_by, found.instructed_on or london_date(found.at)
    verdict = may_lift(scope, made_by, instruction.by, pupil.date_of_birth, instruction.on)
    _refuse_faults(scope, instruction, verdict, pupil.date_of_birth, now, since)
    is_lifted = _lift(
        session,
        pupil.id,
        scope,
        "staff",
        staff_id,
        now,
        lifted_by=instruction.by,
        lifted_evidence=instruction.evidence,
    )
    return Recorded(is_lifted, verdict.note)


def object_to_mail(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The pupil's own word of today; `made_by` ("student" or "staff") says who recorded it.

    False where an objection to mail was open already.
    """
    instruction = Instruction(Instructor.PUPIL, london_date(now), None)
    return _record(session, pupil_id, ObjectionScope.MAIL, made_by, instruction, staff_id, now)


def lift_objection(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The gate lets mail to the pupil through again. False where there was no open objection.

    Mail that the objection stopped is not sent by itself: a person releases it on the campaign.
    """
    by = Instructor.PUPIL
    return _lift(session, pupil_id, ObjectionScope.MAIL, made_by, staff_id, now, lifted_by=by)


def has_objected(
    session: Session, pupil_id: UUID, scope: ObjectionScope = ObjectionScope.MAIL
) -> bool:
    return open_objection(session, pupil_id, scope) is not None


def open_objection(session: Session, pupil_id: UUID, scope: ObjectionScope) -> Objection | None:
    """The one in force; there is never a second (uq_objection_open)."""
    return session.scalar(
        select(Objection).where(
            Objection.school_id == school_of(session),
            Objection.pupil_id == pupil_id,
            Objection.scope == scope,
            Objection.lifted_at.is_(None),
        )
    )


def _refuse_faults(
    scope: ObjectionScope,
    instruction: Instruction,
    verdict: Verdict,
    born: date | None,
    now: datetime,
    since: date | None = None,
) -> None:
    faults = instruction_faults(scope, instruction, born, london_date(now), since)
    if verdict.refusal and "instructed_on" not in faults:
        faults = {"instructed_by": verdict.refusal, **faults}
    if faults:
        raise InstructionRefused(faults)


def _take_over(
    session: Session, pupil_id: UUID, scope: ObjectionScope, staff_id: UUID | None, now: datetime
) -> None:
    found = open_objection(session, pupil_id, scope)
    if found is not None and found.instructed_by is Instructor.PARENT:
        _lift(
            session,
            pupil_id,
            scope,
            "staff",
            staff_id,
            now,
            lifted_by=Instructor.PUPIL,
            lifted_evidence=TAKEN_OVER,
        )


def _record(
    session: Session,
    pupil_id: UUID,
    scope: ObjectionScope,
    made_by: str,
    instruction: Instruction,
    staff_id: UUID | None,
    now: datetime,
) -> bool:
    school_id = school_of(session)
    recorded = session.scalar(
        insert(Objection)
        .values(
            school_id=school_id,
            pupil_id=pupil_id,
            scope=scope,
            made_by=made_by,
            staff_id=staff_id,
            at=now,
            instructed_by=instruction.by,
            instructed_on=instruction.on,
            evidence=instruction.evidence,
        )
        .on_conflict_do_nothing(
            index_elements=[Objection.school_id, Objection.pupil_id, Objection.scope],
            index_where=Objection.lifted_at.is_(None),
        )
        .returning(Objection.id)
    )
    if recorded is None:
        return False
    audit.record(
        session,
        now,
        _actor(pupil_id, made_by, staff_id),
        "objection.recorded",
        "pupil",
        pupil_id,
        made_by=made_by,
        scope=scope.value,
        instructed_by=instruction.by.value,
    )
    if scope is ObjectionScope.MAIL:
        queues.call_for(session, school_id, Work.DELIVER, now)
    return True


def _lift(
    session: Session,
    pupil_id: UUID,
    scope: ObjectionScope,
    made_by: str,
    staff_id: UUID | None,
    now: datetime,
    *,
    lifted_by: Instructor,
    lifted_evidence: str | None = None,
) -> bool:
    lifted = session.scalar(
        update(Objection)
        .where(
            Objection.school_id == school_of(session),
            Objection.pupil_id == pupil_id,
            Objection.scope == scope,
            Objection.lifted_at.is_(None),
        )
        .values(
            lifted_at=now,
            lifted_by=lifted_by,
            lifted_evidence=lifted_evidence,
            lifted_staff_id=staff_id,
        )
        .returning(Objection.id)
    )
    if lifted is None:
        return False
    audit.record(
        session,
        now,
        _actor(pupil_id, made_by, staff_id),
        "objection.lifted",
        "pupil",
        pupil_id,
        made_by=made_by,
        scope=scope.value,
        lifted_by=lifted_by.value,
    )
    return True


def _actor(pupil_id: UUID, made_by: str, staff_id: UUID | None) -> audit.Actor:
    if staff_id is not None:
        return audit.staff_actor(staff_id)
    if made_by == "staff":
        return audit.OPERATOR
    return audit.Actor(audit.ActorKind.STUDENT, pupil_id)
