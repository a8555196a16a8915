"""Somebody objects to mail or to sharing, or takes it back. An objection is lifted, never deleted."""

from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class _Act:
    """What is done about whom, and by whom: `made_by` is "student" or "staff"."""

    pupil_id: UUID
    scope: ObjectionScope
    made_by: str
    staff_id: UUID | None
    now: datetime

    @property
    def actor(self) -> audit.Actor:
        if self.staff_id is not None:
            return audit.staff_actor(self.staff_id)
        if self.made_by == "staff":
            return audit.OPERATOR
        return audit.Actor(audit.ActorKind.STUDENT, self.pupil_id)


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
    act = _Act(pupil.id, scope, "staff", staff_id, now)
    is_pupils_right = holder_on(pupil.date_of_birth, instruction.on) is Instructor.PUPIL
    if is_pupils_right and instruction.by is Instructor.PUPIL:
        found = open_objection(session, pupil.id, scope)
        if found is not None and found.instructed_by is Instructor.PARENT:
            _lift(session, act, replace(instruction, evidence=TAKEN_OVER))
    return Recorded(_record(session, act, instruction), verdict.note)


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
    act = _Act(pupil.id, scope, "staff", staff_id, now)
    return Recorded(_lift(session, act, instruction), verdict.note)


def object_to_mail(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The pupil's own word of today; `made_by` ("student" or "staff") says who recorded it.

    False where an objection to mail was open already.
    """
    act = _Act(pupil_id, ObjectionScope.MAIL, made_by, staff_id, now)
    return _record(session, act, Instruction(Instructor.PUPIL, london_date(now), None))


def lift_objection(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The gate lets mail to the pupil through again. False where there was no open objection.

    Mail that the objection stopped is not sent by itself: a person releases it on the campaign.
    """
    act = _Act(pupil_id, ObjectionScope.MAIL, made_by, staff_id, now)
    return _lift(session, act, Instruction(Instructor.PUPIL, london_date(now), None))


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


def _record(session: Session, act: _Act, said: Instruction) -> bool:
    recorded = session.scalar(
        insert(Objection)
        .values(
            school_id=school_of(session),
            pupil_id=act.pupil_id,
            scope=act.scope,
            made_by=act.made_by,
            staff_id=act.staff_id,
            at=act.now,
            instructed_by=said.by,
            instructed_on=said.on,
            evidence=said.evidence,
        )
        .on_conflict_do_nothing(
            index_elements=[Objection.school_id, Objection.pupil_id, Objection.scope],
            index_where=Objection.lifted_at.is_(None),
        )
        .returning(Objection.id)
    )
    if recorded is None:
        return False
    _audit(session, act, "objection.recorded", instructed_by=said.by.value)
    if act.scope is ObjectionScope.MAIL:
        queues.call_for(session, school_of(session), Work.DELIVER, act.now)
    return True


def _lift(session: Session, act: _Act, said: Instruction) -> bool:
    lifted = session.scalar(
        update(Objection)
        .where(
            Objection.school_id == school_of(session),
            Objection.pupil_id == act.pupil_id,
            Objection.scope == act.scope,
            Objection.lifted_at.is_(None),
        )
        .values(
            lifted_at=act.now,
            lifted_by=said.by,
            lifted_evidence=said.evidence,
            lifted_staff_id=act.staff_id,
        )
        .returning(Objection.id)
    )
    if lifted is None:
        return False
    _audit(session, act, "objection.lifted", lifted_by=said.by.value)
    return True


def _audit(session: Session, act: _Act, action: str, **detail: str) -> None:
    detail |= {"made_by": act.made_by, "scope": act.scope.value}
    audit.record(session, act.now, act.actor, action, "pupil", act.pupil_id, **detail)
