"""Writes an import's rows into the roster, set by set, and only where something differs.

Each verb gives the ids of the pupils it changed. Columns that the file does not have stay as they
are stored; an empty cell clears.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from outreach.database import enum_type, school_of
from outreach.pupils.characteristics import kept_items
from outreach.pupils.incoming import incoming
from outreach.pupils.models import (
    AddressKind,
    GroupKind,
    GroupMember,
    Item,
    Pupil,
    PupilAddress,
    PupilCharacteristic,
    RosterGroup,
)
from outreach.pupils.sources.records import Field

_pupil, _address = Pupil.__table__.c, PupilAddress.__table__.c
_item, _group, _member = (
    PupilCharacteristic.__table__.c,
    RosterGroup.__table__.c,
    GroupMember.__table__.c,
)
CORE = (
    Field.UPN,
    Field.MIS_ID,
    Field.ADMISSION_NUMBER,
    Field.FORENAME,
    Field.PREFERRED_FORENAME,
    Field.SURNAME,
    Field.DATE_OF_BIRTH,
    Field.GENDER,
    Field.YEAR,
    Field.START_DATE,
    Field.LEAVING_DATE,
)
_ADDRESS_COLUMNS = {
    Field.WORK_EMAIL: (AddressKind.WORK, "work_email", "work_hash", "work_fault"),
    Field.HOME_EMAIL: (AddressKind.HOME, "home_email", "home_hash", "home_fault"),
}
_ITEMS = {
    Field.SEN: Item.SEN,
    Field.FSM: Item.FSM,
    Field.PUPIL_PREMIUM: Item.PUPIL_PREMIUM,
    Field.ETHNICITY: Item.ETHNICITY,
    Field.FIRST_LANGUAGE: Item.FIRST_LANGUAGE,
}


def count_newly_left(session: Session, today: date) -> int:
    """Rows whose leaving date has come, of pupils who were not known to have left before."""
    had_left = exists().where(
        _pupil.school_id == school_of(session),
        _pupil.id == incoming.c.pupil_id,
        _pupil.leaving_date <= today,
    )
    here = (incoming.c.leaving_date <= today, ~had_left)
    return session.scalar(select(func.count()).select_from(incoming).where(*here)) or 0


def add_pupils(session: Session, source: str, now: datetime) -> set[UUID]:
    names = [field.value for field in CORE]
    rows = select(
        literal(school_of(session), Uuid),
        incoming.c.pupil_id,
        *(incoming.c[name] for name in names),
        literal(source),
        literal(now),
        literal(now),
    ).where(incoming.c.is_new)
    columns = ["school_id", "id", *names, "source", "created_at", "changed_at"]
    return _ids(session, insert(Pupil).from_select(columns, rows).returning(_pupil.id))


def change_pupils(
    session: Session, fields: Collection[Field], source: str, now: datetime
) -> set[UUID]:
    """Those who differ from their row, and those who were missing and are back."""
    names = [field.value for field in CORE if field in fields]
    differs = [_pupil[name].is_distinct_from(incoming.c[name]) for name in names]
    changed = (
        update(Pupil)
        .where(
            _pupil.school_id == school_of(session),
            _pupil.id == incoming.c.pupil_id,
            ~incoming.c.is_new,
            or_(_pupil.missing_since.is_not(None), *differs),
        )
        .values(
            **{name: incoming.c[name] for name in names},
            missing_since=None,
            source=source,
            changed_at=now,
        )
        .returning(_pupil.id)
    )
    return _ids(session, changed)


def change_addresses(session: Session, field: Field) -> set[UUID]:
    kind, *names = _ADDRESS_COLUMNS[field]
    address, address_hash, fault = (incoming.c[name] for name in names)
    here = and_(
        _address.school_id == school_of(session),
        _address.pupil_id == incoming.c.pupil_id,
        _address.kind == kind,
    )
    cleared = delete(PupilAddress).where(here, address.is_(None)).returning(_address.pupil_id)
    same = exists().where(
        here,
        _address.address == address,
        _address.address_hash == address_hash,
        _address.fault.is_not_distinct_from(fault),
    )
    rows = select(
        literal(school_of(session), Uuid),
        incoming.c.pupil_id,
        literal(kind, enum_type(AddressKind)),
        address,
        address_hash,
        fault,
    ).where(address.is_not(None), ~same)
    columns = ["school_id", "pupil_id", "kind", "address", "address_hash", "fault"]
    written = upsert(PupilAddress).from_select(columns, rows)
    changed = written.on_conflict_do_update(
        index_elements=[_address.school_id, _address.pupil_id, _address.kind],
        set_={name: written.excluded[name] for name in ("address", "address_hash", "fault")},
    ).returning(_address.pupil_id)
    return _ids(session, cleared) | _ids(session, changed)


def not_kept(fields: Collection[Field]) -> tuple[Field, ...]:
    """Columns that we know and have no use for, so that nothing of them is stored."""
    kept = kept_items()
    return tuple(name for name, item in _ITEMS.items() if name in fields and item not in kept)


def change_characteristics(session: Session, fields: Collection[Field], now: datetime) -> set[UUID]:
    """All items of all rows at once, each item of a pupil as a line of its own.

    What no purpose needs (any more) is neither written nor left: that changes no pupil.
    """
    _forget_unneeded(session)
    skipped = not_kept(fields)
    kind = enum_type(Item)
    present = [
        select(
            incoming.c.pupil_id,
            literal(item, kind).label("item"),
            incoming.c[name.value].label("value"),
        )
        for name, item in _ITEMS.items()
        if name in fields and name not in skipped
    ]
    if not present:
        return set()
    line = union_all(*present).subquery("line").c
    here = and_(
        _item.school_id == school_of(session),
        _item.pupil_id == line.pupil_id,
        _item.item == line.item,
    )
    cleared = (
        delete(PupilCharacteristic).where(here, line.value.is_(None)).returning(_item.pupil_id)
    )
    rows = select(
        literal(school_of(session), Uuid), line.pupil_id, line.item, line.value, literal(now)
    ).where(line.value.is_not(None), ~exists().where(here, _item.value == line.value))
    columns = ["school_id", "pupil_id", "item", "value", "changed_at"]
    written = upsert(PupilCharacteristic).from_select(columns, rows)
    changed = written.on_conflict_do_update(
        index_elements=[_item.school_id, _item.pupil_id, _item.item],
        set_={"value": written.excluded.value, "changed_at": written.excluded.changed_at},
    ).returning(_item.pupil_id)
    return _ids(session, cleared) | _ids(session, changed)


def _forget_unneeded(session: Session) -> None:
    unneeded = _item.item.not_in(kept_items())
    session.execute(
        delete(PupilCharacteristic).where(_item.school_id == school_of(session), unneeded),
        execution_options={"synchronize_session": False},
    )


def change_registration_groups(session: Session) -> set[UUID]:
    """A pupil is in the one group that the row names, or in none."""
    school_id, name = school_of(session), incoming.c.reg_group
    registration = and_(_group.school_id == school_id, _group.kind == GroupKind.REGISTRATION)
    rows = (
        select(
            literal(school_id, Uuid), literal(GroupKind.REGISTRATION, enum_type(GroupKind)), name
        )
        .where(name.is_not(None), ~exists().where(registration, _group.name == name))
        .distinct()
    )
    columns = ["school_id", "kind", "name"]  # the id is the database's, one for each row
    session.execute(insert(RosterGroup).from_select(columns, rows, include_defaults=False))
    left = (
        delete(GroupMember)
        .where(
            _member.school_id == school_id,
            _member.pupil_id == incoming.c.pupil_id,
            _member.group_id == _group.id,
            registration,
            _group.name.is_distinct_from(name),
        )
        .returning(_member.pupil_id)
    )
    is_member = exists().where(
        _member.school_id == school_id,
        _member.pupil_id == incoming.c.pupil_id,
        _member.group_id == _group.id,
    )
    joining = select(literal(school_id, Uuid), incoming.c.pupil_id, _group.id).where(
        registration, _group.name == name, ~is_member
    )
    joined = (
        insert(GroupMember)
        .from_select(["school_id", "pupil_id", "group_id"], joining)
        .returning(_member.pupil_id)
    )
    return _ids(session, left) | _ids(session, joined)


def count_current(session: Session, today: date) -> int:
    """Pupils on the roster who have neither left nor gone missing."""
    here = _is_current(session, today)
    return session.scalar(select(func.count()).select_from(Pupil).where(here)) or 0


def mark_missing(session: Session, seen: Collection[UUID], today: date, now: datetime) -> int:
    """Those whom a full roster no longer has; `seen` were in the file though their row was bad."""
    in_file = exists().where(incoming.c.pupil_id == _pupil.id)
    absent = (
        update(Pupil)
        .where(
            _is_current(session, today),
            ~in_file,
            _pupil.id != func.all(bindparam("seen", list(seen), ARRAY(Uuid))),
        )
        .values(missing_since=now, changed_at=now)
        .returning(_pupil.id)
    )
    return len(_ids(session, absent))


def _is_current(session: Session, today: date) -> ColumnElement[bool]:
    return and_(
        _pupil.school_id == school_of(session),
        _pupil.missing_since.is_(None),
        or_(_pupil.leaving_date.is_(None), _pupil.leaving_date > today),
    )


def _ids(session: Session, statement: Executable) -> set[UUID]:
    no_orm: dict[str, Any] = {"synchronize_session": False}
    return set(session.execute(statement, execution_options=no_orm).scalars())
