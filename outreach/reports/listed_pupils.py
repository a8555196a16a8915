"""The statement behind a list for others: who is on the roster, and what is known that may matter."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.profiles.models import ProfileEntry
from outreach.pupils.models import AddressKind, Pupil, PupilAddress, WrongAddress
from outreach.pupils.objections.models import Objection, ObjectionScope
from questionnaires.model import ProfileField

DESTINATION = ProfileField.INTENDED_DESTINATION.value


def listed_pupils(
    session: Session,
    scope: ObjectionScope,
    years: tuple[int, ...],
    today: date,
    *,
    with_email: bool,
) -> Select[Pupil, UUID, ProfileEntry, str]:
    """One row a pupil: each join finds at most one, and its columns are null where it finds none."""
    is_wrong = exists().where(
        WrongAddress.school_id == PupilAddress.school_id,
        WrongAddress.pupil_id == PupilAddress.pupil_id,
        WrongAddress.address_hash == PupilAddress.address_hash,
    )
    return (
        select(
            Pupil,
            Objection.id.label("objection"),
            ProfileEntry,
            PupilAddress.address.label("school_email"),
        )
        .outerjoin(
            Objection,
            and_(
                Objection.school_id == Pupil.school_id,
                Objection.pupil_id == Pupil.id,
                Objection.scope == scope,
                Objection.lifted_at.is_(None),
            ),
        )
        .outerjoin(
            ProfileEntry,
            and_(
                ProfileEntry.school_id == Pupil.school_id,
                ProfileEntry.pupil_id == Pupil.id,
                ProfileEntry.field == DESTINATION,
                ProfileEntry.superseded_at.is_(None),
            ),
        )
        .outerjoin(
            PupilAddress,
            and_(
                literal(with_email),
                PupilAddress.school_id == Pupil.school_id,
                PupilAddress.pupil_id == Pupil.id,
                PupilAddress.kind == AddressKind.WORK,
                PupilAddress.fault.is_(None),
                ~is_wrong,
            ),
        )
        .where(
            Pupil.school_id == school_of(session),
            Pupil.year.in_(years),
            Pupil.erased_at.is_(None),
            Pupil.missing_since.is_(None),
            or_(Pupil.leaving_date.is_(None), Pupil.leaving_date > today),
            or_(Pupil.start_date.is_(None), Pupil.start_date <= today),
        )
        .order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
    )
