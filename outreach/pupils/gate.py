"""The sharing gate: which address of a pupil may be mailed, or the one reason why none may.

One statement, asked when an audience is shown, when a message is queued, and again in the
transaction that claims it for sending. Nothing else may decide this.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlalchemy.types import Uuid

from outreach.clock import LONDON
from outreach.database import SCHOOL_SETTING, enum_type
from outreach.pupils.models import AddressKind, Pupil, PupilAddress, Suppression, WrongAddress
from outreach.pupils.objections.models import Instructor, Objection, ObjectionScope
from outreach.pupils.reach.reasons import Mender, Reason
from outreach.pupils.sync.models import SourceConnection, SourceState
from outreach.schools.models import Connection, SharingAgreement

GateSelect = Select[tuple[UUID, Reason | None, AddressKind | None, str | None, bytes | None]]

Work, Home = aliased(PupilAddress, name="work"), aliased(PupilAddress, name="home")
OwnWord, ParentsWord = (
    aliased(Objection, name="own_word"),
    aliased(Objection, name="parents_word"),
)

_uses_work = and_(SharingAgreement.work_email, Work.address.is_not(None))
_uses_home = and_(SharingAgreement.home_email, Home.address.is_not(None))
_takes_work = and_(_uses_work, Work.fault.is_(None))
_takes_home = and_(_uses_home, Home.fault.is_(None))
_address_hash = case((_takes_work, Work.address_hash), (_takes_home, Home.address_hash))


_NO_SOURCE = literal("none")  # a roster that comes as files needs no integrator's word


def gate(
    already_answered: ColumnElement[bool] | None = None, *, at: datetime | None = None
) -> GateSelect:
    """For each pupil of the session's school: `pupil_id, reason, address_kind, address, address_hash`.

    `reason` is null for a pupil who may be mailed; only then are the address columns filled.
    Narrow it with `.where(Pupil.…)`. `already_answered` is a predicate over Pupil; `at` is the
    moment asked about, the database's own clock where none is given.
    """
    moment = func.now() if at is None else literal(at)
    reason = _first_reason(_conditions(moment, already_answered))
    kind = case(
        (_takes_work, _kind(AddressKind.WORK)), (_takes_home, _kind(AddressKind.HOME)), else_=null()
    )
    address = case((_takes_work, Work.address), (_takes_home, Home.address))
    asked = select(
        Pupil.id.label("pupil_id"),
        reason.label("reason"),
        case((reason.is_(None), kind)).label("address_kind"),
        case((reason.is_(None), address)).label("address"),
        case((reason.is_(None), _address_hash)).label("address_hash"),
    )
    return _joined(asked, moment).where(Pupil.school_id == _school_entered())


def diagnosis() -> tuple[ColumnElement[Any], ...]:
    """Columns to add to the gate's: `detail` of its reason (see `pupils.why`), and the address
    that the gate looked at, `tried`, with what is wrong with its form, `fault`.
    """
    detail = case(
        (Pupil.missing_since.is_not(None), cast(Pupil.missing_reason, Text)),
        (WrongAddress.address_hash.is_not(None), literal("wrong_person")),
        else_=cast(Suppression.reason, Text),
    )
    tried = case(
        (_takes_work, Work.address),
        (_takes_home, Home.address),
        (_uses_work, Work.address),
        (_uses_home, Home.address),
    )
    fault = case(
        (or_(_takes_work, _takes_home), null()), (_uses_work, Work.fault), (_uses_home, Home.fault)
    )
    return detail.label("detail"), tried.label("tried"), fault.label("fault")


def _conditions(
    moment: ColumnElement[Any], already_answered: ColumnElement[bool] | None
) -> dict[Reason, ColumnElement[bool]]:
    """What makes each reason true of a row that `_joined` gives."""
    agreement, integrator = (
        SharingAgreement,
        func.coalesce(cast(SourceConnection.state, Text), _NO_SOURCE),
    )
    return {
        Reason.ERASED: Pupil.erased_at.is_not(None),
        Reason.LEFT_SCHOOL: Pupil.leaving_date <= _london_day(moment),
        Reason.MISSING_FROM_SYNC: Pupil.missing_since.is_not(None),
        Reason.NOT_CONNECTED: or_(
            agreement.connection.is_(None), agreement.connection == Connection.NOT_CONNECTED
        ),
        Reason.PAUSED: or_(
            agreement.connection == Connection.PAUSED, integrator == SourceState.PAUSED.value
        ),
        Reason.REVOKED: or_(
            agreement.connection == Connection.REVOKED,
            integrator.in_([SourceState.REVOKED.value, SourceState.DECLINED.value]),
        ),
        Reason.STUDENT_EMAIL_OFF: ~agreement.student_email,
        Reason.OBJECTED: or_(OwnWord.id.is_not(None), ParentsWord.id.is_not(None)),
        Reason.ALREADY_ANSWERED: false() if already_answered is None else already_answered,
        Reason.NO_ADDRESS: and_(Work.address.is_(None), Home.address.is_(None)),
        Reason.ADDRESS_SWITCHED_OFF: ~or_(_uses_work, _uses_home),
        Reason.INVALID_ADDRESS: ~or_(_takes_work, _takes_home),
        Reason.SUPPRESSED: or_(
            Suppression.address_hash.is_not(None), WrongAddress.address_hash.is_not(None)
        ),
    }


def _joined(asked: GateSelect, moment: ColumnElement[Any]) -> GateSelect:
    """One row a pupil: each of these joins finds at most one."""
    return (
        asked.select_from(Pupil)
        .outerjoin(SharingAgreement, SharingAgreement.school_id == Pupil.school_id)
        .outerjoin(SourceConnection, SourceConnection.school_id == Pupil.school_id)
        .outerjoin(Work, _address_of_kind(Work, AddressKind.WORK))
        .outerjoin(Home, _address_of_kind(Home, AddressKind.HOME))
        .outerjoin(OwnWord, _open_objection(OwnWord, Instructor.PUPIL))
        .outerjoin(ParentsWord, _open_objection(ParentsWord, Instructor.PARENT))
        .outerjoin(
            Suppression,
            and_(
                Suppression.school_id == Pupil.school_id,
                Suppression.address_hash == _address_hash,
                or_(Suppression.expires_at.is_(None), Suppression.expires_at > moment),
            ),
        )
        .outerjoin(
            WrongAddress,
            and_(
                WrongAddress.school_id == Pupil.school_id,
                WrongAddress.pupil_id == Pupil.id,
                WrongAddress.address_hash == _address_hash,
            ),
        )
    )


def _first_reason(conditions: dict[Reason, ColumnElement[bool]]) -> ColumnElement[Any]:
    """The first that holds, in the enum's order whatever the mapping's; every reason is asked."""
    kind = enum_type(Reason)
    return case(*((conditions[reason], literal(reason, kind)) for reason in Reason), else_=null())


def _kind(kind: AddressKind) -> ColumnElement[AddressKind]:
    return literal(kind, enum_type(AddressKind))


def _address_of_kind(address: type[PupilAddress], kind: AddressKind) -> ColumnElement[bool]:
    return and_(
        address.school_id == Pupil.school_id, address.pupil_id == Pupil.id, address.kind == kind
    )


def _open_objection(word: type[Objection], by: Instructor) -> ColumnElement[bool]:
    """At most one: uq_objection_open_to_mail."""
    return and_(
        word.school_id == Pupil.school_id,
        word.pupil_id == Pupil.id,
        word.scope == ObjectionScope.MAIL,
        word.instructed_by == by,
        word.lifted_at.is_(None),
    )


def _london_day(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.timezone(LONDON.key, moment), Date)


def _school_entered() -> ColumnElement[Any]:
    """The school that the transaction has named, as row-level security reads it."""
    return cast(func.nullif(func.current_setting(SCHOOL_SETTING, true()), ""), Uuid)


__all__ = ["GateSelect", "Mender", "Reason", "gate"]
