"""Addresses that must not be mailed, by keyed hash: for anybody, or for one pupil alone."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, null, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit
from outreach.database import school_of
from outreach.pupils.models import (
    AddressKind,
    Pupil,
    PupilAddress,
    Suppression,
    SuppressionReason,
    WrongAddress,
)

LIFTED_BY_STAFF = (
    SuppressionReason.BOUNCED,
    SuppressionReason.COMPLAINT,
    SuppressionReason.STAFF,
)
"""What staff may take back by themselves: an objection has a page of its own."""


def suppress(
    session: Session,
    address_hash: bytes,
    reason: SuppressionReason,
    source: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
) -> None:
    """From now on the gate says `suppressed`; until `expires_at`, or for good where it is None.

    A second suppression never shortens the first.
    """
    row = insert(Suppression).values(
        school_id=school_of(session),
        address_hash=address_hash,
        reason=reason,
        source=source,
        at=now,
        expires_at=expires_at,
    )
    for_good = or_(Suppression.expires_at.is_(None), row.excluded.expires_at.is_(None))
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Suppression.school_id, Suppression.address_hash],
            set_={
                "reason": row.excluded.reason,
                "source": row.excluded.source,
                "at": row.excluded.at,
                "expires_at": case(
                    (for_good, null()),
                    else_=func.greatest(Suppression.expires_at, row.excluded.expires_at),
                ),
            },
        )
    )


def lift(
    session: Session, pupil_id: UUID, kind: AddressKind, actor: audit.Actor, now: datetime
) -> bool:
    """Mail may go to this address of the pupil again. False where nothing stopped it, or where it is
    not for staff to say."""
    lifted = session.scalars(
        delete(Suppression)
        .where(
            Suppression.school_id == school_of(session),
            Suppression.reason.in_(LIFTED_BY_STAFF),
            Suppression.address_hash.in_(
                select(PupilAddress.address_hash).where(
                    PupilAddress.school_id == school_of(session),
                    PupilAddress.pupil_id == pupil_id,
                    PupilAddress.kind == kind,
                )
            ),
        )
        .returning(Suppression.reason)
    ).all()
    if not lifted:
        return False
    detail = {"address": kind.value, "reason": lifted[0].value}
    audit.record(session, now, actor, "suppression.lifted", "pupil", pupil_id, **detail)
    return True


def note_delivery(
    session: Session, pupil_id: UUID, address_hashes: Collection[bytes], now: datetime
) -> None:
    """Mail reached the pupil there after all, by what the pupil did with it: what came back was
    not about an address that is no good."""
    if not address_hashes:
        return
    lifted = session.scalars(
        delete(Suppression)
        .where(
            Suppression.school_id == school_of(session),
            Suppression.reason == SuppressionReason.BOUNCED,
            Suppression.address_hash.in_(address_hashes),
        )
        .returning(Suppression.address_hash)
    ).all()
    if lifted:
        by = audit.Actor(audit.ActorKind.STUDENT, pupil_id)
        count = len(lifted)
        action = "suppression.ended_by_answer"
        audit.record(session, now, by, action, "pupil", pupil_id, addresses=count)


def note_wrong_person(
    session: Session, pupil_id: UUID, address_hashes: Collection[bytes], now: datetime
) -> None:
    """Somebody else got this pupil's mail there: the pupil is not mailed at that address again.

    Others on the roster are: the address may be theirs. A new address of the pupil is mailed again.
    """
    here = {"school_id": school_of(session), "pupil_id": pupil_id, "at": now}
    if address_hashes:
        rows = [{**here, "address_hash": one} for one in address_hashes]
        session.execute(insert(WrongAddress).on_conflict_do_nothing(), rows)
        _record(session, now, pupil_id, None, "address.not_the_pupils", len(address_hashes))


def take_back_wrong_person(
    session: Session,
    pupil_id: UUID,
    now: datetime,
    *,
    address_hashes: Collection[bytes] | None = None,
    staff_id: UUID | None = None,
) -> bool:
    """It was the pupil's after all: these addresses, or all that staff have checked. False if none."""
    lifted = session.scalars(
        delete(WrongAddress)
        .where(
            WrongAddress.school_id == school_of(session),
            WrongAddress.pupil_id == pupil_id,
            true() if address_hashes is None else WrongAddress.address_hash.in_(address_hashes),
        )
        .returning(WrongAddress.address_hash)
    ).all()
    if lifted:
        _record(session, now, pupil_id, staff_id, "address.is_the_pupils", len(lifted))
    return bool(lifted)


def reached_wrong_person() -> ColumnElement[bool]:
    """Over Pupil: an address that the roster has for them now reached somebody else."""
    return (
        select(WrongAddress.at)
        .join(
            PupilAddress,
            (PupilAddress.school_id == WrongAddress.school_id)
            & (PupilAddress.pupil_id == WrongAddress.pupil_id)
            & (PupilAddress.address_hash == WrongAddress.address_hash),
        )
        .where(WrongAddress.school_id == Pupil.school_id, WrongAddress.pupil_id == Pupil.id)
        .correlate(Pupil)
        .exists()
    )


def _record(
    session: Session,
    now: datetime,
    pupil_id: UUID,
    staff_id: UUID | None,
    action: str,
    addresses: int,
) -> None:
    by = audit.Actor(audit.ActorKind.STUDENT, pupil_id)
    actor = by if staff_id is None else audit.staff_actor(staff_id)
    audit.record(session, now, actor, action, "pupil", pupil_id, addresses=addresses)
