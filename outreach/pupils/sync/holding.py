"""Of how many pupils each item of the roster is held. Numbers only."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils import characteristics
from outreach.pupils.models import (
    AddressKind,
    GroupKind,
    GroupMember,
    Pupil,
    PupilAddress,
    RosterGroup,
)
from outreach.schools.purposes import DataItem

_COLUMNS = {
    DataItem.NAME: Pupil.id,
    DataItem.UPN: Pupil.upn,
    DataItem.MIS_ID: Pupil.mis_id,
    DataItem.ADMISSION_NUMBER: Pupil.admission_number,
    DataItem.DATE_OF_BIRTH: Pupil.date_of_birth,
    DataItem.GENDER: Pupil.gender,
    DataItem.YEAR: Pupil.id,
    DataItem.START_DATE: Pupil.start_date,
    DataItem.LEAVING_DATE: Pupil.leaving_date,
}
_ADDRESSES = {
    AddressKind.WORK: DataItem.WORK_EMAIL,
    AddressKind.HOME: DataItem.HOME_EMAIL,
}


def held_items(session: Session) -> dict[DataItem, int]:
    """Every item, nought included. Erased pupils are nobody's."""
    counts = dict.fromkeys(DataItem, 0)
    counts |= _of_pupils(session) | _of_addresses(session) | _of_groups(session)
    special = characteristics.held(session)
    return counts | {DataItem(item.value): count for item, count in special.items()}


def _of_pupils(session: Session) -> dict[DataItem, int]:
    row = session.execute(
        select(*(func.count(column) for column in _COLUMNS.values())).where(
            Pupil.school_id == school_of(session), Pupil.erased_at.is_(None)
        )
    ).one()
    return dict(zip(_COLUMNS, row, strict=True))


def _of_addresses(session: Session) -> dict[DataItem, int]:
    rows = session.execute(
        select(PupilAddress.kind, func.count())
        .where(PupilAddress.school_id == school_of(session))
        .group_by(PupilAddress.kind)
    )
    return {_ADDRESSES[kind]: count for kind, count in rows}


def _of_groups(session: Session) -> dict[DataItem, int]:
    is_registration = RosterGroup.kind == GroupKind.REGISTRATION
    member = GroupMember.pupil_id
    row = session.execute(
        select(
            func.count(member.distinct()).filter(is_registration),
            func.count(member.distinct()).filter(~is_registration),
        )
        .select_from(GroupMember)
        .join(
            RosterGroup,
            (RosterGroup.school_id == GroupMember.school_id)
            & (RosterGroup.id == GroupMember.group_id),
        )
        .where(GroupMember.school_id == school_of(session))
    ).one()
    return {DataItem.REGISTRATION_GROUP: row[0], DataItem.GROUPS: row[1]}
