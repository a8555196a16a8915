"""Writes an import's rows into the roster, set by set, and only where something differs.

Whom a verb changed is remembered in `touched`. Columns that the source does not have stay as they
are stored; an empty cell clears.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from outreach.database import Base, enum_type, school_of
from outreach.pupils.addresses import address_key, hash_in_sql
from outreach.pupils.models import AddressKind, Item, Pupil, PupilAddress, PupilCharacteristic
from outreach.pupils.roster.incoming import incoming, touch
from outreach.pupils.sources.records import Field
from outreach.pupils.sync.shared_fields import ITEM_OF

_pupil, _address = Pupil.__table__.c, PupilAddress.__table__.c
_item = PupilCharacteristic.__table__.c
_NO_ORM: dict[str, Any] = {"synchronize_session": False}
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

_FREE_MIS_IDS = text("""
    UPDATE pupil SET mis_id = NULL
    WHERE school_id = :school_id AND mis_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM incoming
        WHERE incoming.pupil_id = pupil.id AND incoming.mis_id = pupil.mis_id
    )
""")


def free_mis_ids(session: Session) -> None:
    """After a move to another system: the old one's MIS IDs mean nothing, and must not stand in
    the way of the new ones, which may be the same numbers for other pupils."""
    session.execute(_FREE_MIS_IDS, {"school_id": school_of(session)})


def add_pupils(session: Session, source: str, now: datetime) -> int:
    names = [field.value for field in CORE]
    rows = select(
        literal(school_of(session), Uuid),
        incoming.c.pupil_id,
        *(incoming.c[name] for name in names),
        literal(source),
        literal(now),
        literal(now),
    )
    rows = rows.where(incoming.c.is_new).order_by(incoming.c.pupil_id)
    columns = ["school_id", "id", *names, "source", "created_at", "changed_at"]
    session.execute(insert(Pupil).from_select(columns, rows))
    return session.scalar(select(func.count()).where(incoming.c.is_new)) or 0


def change_pupils(session: Session, fields: Collection[Field], source: str, now: datetime) -> None:
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
            missing_reason=None,
            source=source,
            changed_at=now,
        )
        .returning(_pupil.id.label("pupil_id"))
    )
    touch(session, changed)


def change_addresses(session: Session, field: Field) -> None:
    """What staff gave in place of the source's stands until the source gives another address: the
    one that it had then is no news, and no address is none."""
    kind, *names = _ADDRESS_COLUMNS[field]
    address, bad_hash, fault = (incoming.c[name] for name in names)
    here = and_(
        _address.school_id == school_of(session),
        _address.pupil_id == incoming.c.pupil_id,
        _address.kind == kind,
    )
    cleared = delete(PupilAddress).where(
        here, ~incoming.c.is_new, address.is_(None), _address.given_at.is_(None)
    )
    touch(session, cleared.returning(_address.pupil_id))
    good_hash = hash_in_sql(address_key(session), address)
    address_hash = case((fault.is_(None), good_hash), else_=bad_hash)
    same = exists().where(
        here,
        or_(
            and_(
                _address.given_at.is_(None),
                _address.address == address,
                _address.fault.is_not_distinct_from(fault),
            ),
            and_(_address.given_at.is_not(None), _address.instead_of == address_hash),
        ),
    )
    rows = select(
        literal(school_of(session), Uuid).label("school_id"),
        incoming.c.pupil_id,
        literal(kind, enum_type(AddressKind)).label("kind"),
        address.label("address"),
        address_hash.label("address_hash"),
        fault.label("fault"),
        null().label("given_at"),
        null().label("given_by"),
        null().label("instead_of"),
    ).where(address.is_not(None))
    _add_rows(session, PupilAddress, rows.where(incoming.c.is_new))
    _put_rows(session, PupilAddress, rows.where(~incoming.c.is_new, ~same))


def change_characteristics(
    session: Session, fields: Collection[Field], left_out: Collection[Item], now: datetime
) -> None:
    """All items of all rows at once, each item of a pupil as a line of its own.

    What must not be stored (any more) is neither written nor left: that changes no pupil.
    """
    _forget(session, left_out)
    kind = enum_type(Item)
    present = [
        select(
            incoming.c.pupil_id,
            incoming.c.is_new,
            literal(item, kind).label("item"),
            incoming.c[name.value].label("value"),
        )
        for name, item in ITEM_OF.items()
        if name in fields and item not in left_out
    ]
    if not present:
        return
    line = union_all(*present).subquery("line").c
    here = and_(
        _item.school_id == school_of(session),
        _item.pupil_id == line.pupil_id,
        _item.item == line.item,
    )
    cleared = delete(PupilCharacteristic).where(here, ~line.is_new, line.value.is_(None))
    touch(session, cleared.returning(_item.pupil_id))
    rows = select(
        literal(school_of(session), Uuid).label("school_id"),
        line.pupil_id,
        line.item,
        line.value,
        literal(now).label("changed_at"),
    ).where(line.value.is_not(None))
    _add_rows(session, PupilCharacteristic, rows.where(line.is_new))
    same = exists().where(here, _item.value == line.value)
    _put_rows(session, PupilCharacteristic, rows.where(~line.is_new, ~same))


def _add_rows(session: Session, table: type[Base], rows: Select[Any]) -> None:
    """Of new pupils, who have none yet. In the order of the primary key: its pages are filled one
    after another."""
    columns = [column.name for column in rows.selected_columns]
    session.execute(insert(table).from_select(columns, rows.order_by(rows.selected_columns[1])))


def _put_rows(session: Session, table: type[Base], rows: Select[Any]) -> None:
    """In place of what a pupil had."""
    written = upsert(table).from_select([column.name for column in rows.selected_columns], rows)
    keys = [column.name for column in table.__table__.primary_key]
    changed = written.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: column for column in written.excluded if column.name not in keys},
    )
    touch(session, changed.returning(table.__table__.c.pupil_id))


def _forget(session: Session, items: Iterable[Item]) -> None:
    unneeded = _item.item.in_(tuple(items))
    session.execute(
        delete(PupilCharacteristic).where(_item.school_id == school_of(session), unneeded),
        execution_options=_NO_ORM,
    )
