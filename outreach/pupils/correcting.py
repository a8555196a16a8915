"""An address that staff give for one pupil, where the source's does not reach them.

The MIS stays the owner of addresses: staff's stands until the source gives another than it did when
staff gave theirs. The same one again is no news, and none at all is no address; see `roster.merging`.
What was suppressed stays so: nothing goes to the old address if it comes back.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.mail.addresses import AddressFault, check
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.gate import gate
from outreach.pupils.models import AddressKind, Pupil, PupilAddress
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.roster.turns import wait_for_turn
from outreach.schools.sharing import agreement

KIND_WORDS = {AddressKind.WORK: "School email address", AddressKind.HOME: "Home email address"}


def kind_to_correct(session: Session, pupil_id: UUID) -> AddressKind | None:
    """The kind that the gate would use if the pupil had a good address of it; None where the school
    shares neither."""
    here = agreement(session)
    if here.work_email and here.home_email:
        rows = {one.kind: one for one in _addresses(session, pupil_id)}
        work, home = rows.get(AddressKind.WORK), rows.get(AddressKind.HOME)
        is_home = (work is None or work.fault is not None) and home is not None
        return AddressKind.HOME if is_home else AddressKind.WORK
    if here.work_email:
        return AddressKind.WORK
    return AddressKind.HOME if here.home_email else None


def address_of(session: Session, pupil_id: UUID, kind: AddressKind) -> PupilAddress | None:
    return session.get(PupilAddress, (school_of(session), pupil_id, kind), populate_existing=True)


def give_address(
    session: Session, pupil_id: UUID, kind: AddressKind, typed: str, actor: Actor, now: datetime
) -> Reason | None:
    """Put it in place of what is there; the gate's word on the pupil after that, None for mailable.

    Whoever calls has been told by the actor that the address was checked to be the pupil's. Raises
    Refusal for one that cannot be used.
    """
    wait_for_turn(session)  # an import that compares now would else write over it
    address = check(typed)
    if isinstance(address, AddressFault):
        raise Refusal(address.reason)
    address_hash = hash_address(address_key(session), address)
    before = address_of(session, pupil_id, kind)
    if before is not None and before.address_hash == address_hash:
        raise Refusal("This is the address that is there already. Type another.")
    if kind is AddressKind.WORK and _is_somebody_elses(session, pupil_id, address_hash):
        raise Refusal("Another pupil on the roster has this school address. Check whose it is.")
    _put(session, pupil_id, kind, address, address_hash, before, actor, now)
    audit.record(
        session,
        now,
        actor,
        "address.given_by_staff",
        "pupil",
        pupil_id,
        kind=kind.value,
        is_verified=True,
        replaced_one=before is not None,
    )
    session.flush()
    reason: Reason | None = session.execute(gate(at=now).where(Pupil.id == pupil_id)).one().reason
    if reason is Reason.SUPPRESSED:
        raise Refusal(
            "Mail to this address has been stopped or has come back before. Type another."
        )
    return reason


def _put(
    session: Session,
    pupil_id: UUID,
    kind: AddressKind,
    address: str,
    address_hash: bytes,
    before: PupilAddress | None,
    actor: Actor,
    now: datetime,
) -> None:
    """The source's own, typed again, is the source's again."""
    row = before
    if row is None:
        row = PupilAddress(school_id=school_of(session), pupil_id=pupil_id, kind=kind)
        session.add(row)
        of_source = None
    else:
        of_source = row.address_hash if row.given_at is None else row.instead_of
    is_sources = of_source == address_hash
    row.address, row.address_hash, row.fault = address, address_hash, None
    row.given_at = None if is_sources else now
    row.given_by = None if is_sources else actor.id
    row.instead_of = None if is_sources else of_source


def _addresses(session: Session, pupil_id: UUID) -> list[PupilAddress]:
    here = (PupilAddress.school_id == school_of(session), PupilAddress.pupil_id == pupil_id)
    return list(session.scalars(select(PupilAddress).where(*here)))


def _is_somebody_elses(session: Session, pupil_id: UUID, address_hash: bytes) -> bool:
    """Of a pupil who is still there. Home addresses are shared, by brothers and sisters."""
    others = exists().where(
        PupilAddress.school_id == school_of(session),
        PupilAddress.address_hash == address_hash,
        PupilAddress.kind == AddressKind.WORK,
        PupilAddress.pupil_id != pupil_id,
        Pupil.school_id == PupilAddress.school_id,
        Pupil.id == PupilAddress.pupil_id,
        Pupil.missing_since.is_(None),
        Pupil.erased_at.is_(None),
    )
    return bool(session.scalar(select(others)))
