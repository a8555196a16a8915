"""Somebody objects to mail or to sharing, or takes it back. An objection is lifted, never deleted.

To mail, a parent's objection and the pupil's own stand beside each other: neither is lost when the
other is lifted. To sharing there is one at a time.
"""

from collections.abc import Collection, Sequence
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
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import Instructor, Objection, ObjectionScope
from outreach.pupils.objections.rules import (
    Instruction,
    Verdict,
    holder_on,
    instruction_faults,
    may_lift,
    may_object,
)
from outreach.queues import Work

TAKEN_OVER = "The pupil, now 16, says that it stands: their own objection took its place."

_STILL_STANDS = {
    Instructor.PUPIL: "The pupil’s own objection is still in force: only the pupil can lift it.",
    Instructor.PARENT: "A parent’s objection is still in force, and was not lifted with this one.",
}


class InstructionRefused(Refusal):
    """The instruction cannot be recorded as given; `faults` says why, by field of the form."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(f"{words}." for words in faults.values()))
        self.faults = faults


@dataclass(frozen=True)
class Recorded:
    """`is_change` is False where it stood so already.

    `note` is what could not be checked, or which objection is still in force after a lifting.
    """

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
    took_over = False
    if is_pupils_right and instruction.by is Instructor.PUPIL:
        taken = replace(instruction, evidence=TAKEN_OVER)
        took_over = _lift(session, act, taken, [Instructor.PARENT])
    return Recorded(_record(session, act, instruction) or took_over, verdict.note)


def lift(
    session: Session,
    pupil: Pupil,
    scope: ObjectionScope,
    instruction: Instruction,
    staff_id: UUID | None,
    now: datetime,
) -> Recorded:
    """Staff record that whoever has the right took an objection back. Raises InstructionRefused.

    Where two stand, those are lifted that are theirs to lift. Mail that an objection stopped is not
    sent by itself: a person releases it on the campaign.
    """
    standing = open_objections(session, pupil.id, scope)
    if not standing:
        return Recorded(False)
    born, by, on = pupil.date_of_birth, instruction.by, instruction.on
    verdicts = {one: may_lift(scope, one.instructed_by, by, born, on) for one in standing}
    sure = [one for one in standing if verdicts[one] == Verdict()]
    permitted = [one for one in standing if verdicts[one].refusal is None]
    lifted = sure or permitted or standing[:1]
    verdict = verdicts[lifted[0]]
    since = max(one.instructed_on or london_date(one.at) for one in lifted)
    _refuse_faults(scope, instruction, verdict, born, now, since)
    act = _Act(pupil.id, scope, "staff", staff_id, now)
    is_change = _lift(session, act, instruction, [one.instructed_by for one in lifted])
    rest = open_objection(session, pupil.id, scope)
    return Recorded(
        is_change, verdict.note or (_STILL_STANDS[rest.instructed_by] if rest else None)
    )


def object_to_mail(
    session: Session, pupil_id: UUID, made_by: str, staff_id: UUID | None, now: datetime
) -> bool:
    """The pupil's own word of today; `made_by` ("student" or "staff") says who recorded it.

    False where their own objection to mail was open already; a parent's does not stand for it.
    """
    act = _Act(pupil_id, ObjectionScope.MAIL, made_by, staff_id, now)
    return _record(session, act, Instruction(Instructor.PUPIL, london_date(now), None))


def has_objected(
    session: Session, pupil_id: UUID, scope: ObjectionScope = ObjectionScope.MAIL
) -> bool:
    return open_objection(session, pupil_id, scope) is not None


def open_objection(
    session: Session, pupil_id: UUID, scope: ObjectionScope, by: Instructor | None = None
) -> Objection | None:
    """The one in force by whose word it is; without `by`, the pupil's own before a parent's."""
    standing = open_objections(session, pupil_id, scope)
    return next((one for one in standing if by is None or one.instructed_by is by), None)


def open_objections(session: Session, pupil_id: UUID, scope: ObjectionScope) -> Sequence[Objection]:
    """Those in force, the pupil's own first. Two at most, and only to mail."""
    return session.scalars(
        select(Objection)
        .where(
            Objection.school_id == school_of(session),
            Objection.pupil_id == pupil_id,
            Objection.scope == scope,
            Objection.lifted_at.is_(None),
        )
        .order_by(Objection.instructed_by != Instructor.PUPIL)
    ).all()


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
        .on_conflict_do_nothing()  # uq_objection_open, uq_objection_open_to_mail
        .returning(Objection.id)
    )
    if recorded is None:
        return False
    _audit(session, act, "objection.recorded", instructed_by=said.by.value)
    if act.scope is ObjectionScope.MAIL:
        queues.call_for(session, school_of(session), Work.DELIVER, act.now)
    return True


def _lift(session: Session, act: _Act, said: Instruction, whose: Collection[Instructor]) -> bool:
    lifted = session.scalars(
        update(Objection)
        .where(
            Objection.school_id == school_of(session),
            Objection.pupil_id == act.pupil_id,
            Objection.scope == act.scope,
            Objection.instructed_by.in_(whose),
            Objection.lifted_at.is_(None),
        )
        .values(
            lifted_at=act.now,
            lifted_by=said.by,
            lifted_evidence=said.evidence,
            lifted_staff_id=act.staff_id,
        )
        .returning(Objection.id)
    ).all()
    for _ in lifted:
        _audit(session, act, "objection.lifted", lifted_by=said.by.value)
    return bool(lifted)


def _audit(session: Session, act: _Act, action: str, **detail: str) -> None:
    detail |= {"made_by": act.made_by, "scope": act.scope.value}
    audit.record(session, act.now, act.actor, action, "pupil", act.pupil_id, **detail)
