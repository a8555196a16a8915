"""The rows of an import on their way in: temporary tables, and which pupil each row is.

Nothing here is counted or looked up in Python's memory, so that it does not grow with the roster.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    UpdateBase,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine, Uuid

from outreach.database import school_of
from outreach.pupils.addresses import address_key, hash_if_faulty
from outreach.pupils.roster.clashes import CLASHES, DELETE_CLASHES
from outreach.pupils.sources.records import Field, PupilRecord, RejectedPupil

_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "row": Integer,
    "year": Integer,
    "date_of_birth": Date,
    "start_date": Date,
    "leaving_date": Date,
    "work_hash": LargeBinary,
    "home_hash": LargeBinary,
}
_SQL_NAMES = {Integer: "integer", Date: "date", LargeBinary: "bytea", Text: "text"}
_GIVEN = (*PupilRecord._fields, "work_hash", "home_hash")
COLUMNS = {name: _SQL_NAMES[_TYPES.get(name, Text)] for name in _GIVEN}
"""What a record brings, in this order, with PostgreSQL's types; the hashes only of bad addresses."""

_tables = MetaData()
incoming = Table(
    "incoming",
    _tables,
    *(Column(name, _TYPES.get(name, Text)) for name in COLUMNS),
    Column("pupil_id", Uuid),
    Column("is_new", Boolean),
    Column("by_upn", Uuid),
    Column("by_mis_id", Uuid),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
touched = Table(
    "touched",
    _tables,
    Column("pupil_id", Uuid),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
"""Pupils of whom something was written, once for each write."""


@dataclass(frozen=True)
class Clash:
    """A row that cannot be told to be one pupil, and what to do about it."""

    row: int
    field: Field
    value: str
    reason: str
    pupils: tuple[UUID | None, ...]
    """Pupils on the roster whom the row may mean: they are not absent."""


def make_tables(session: Session) -> None:
    session.flush()
    connection = session.connection()
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.touched"))
    _tables.create_all(connection, checkfirst=False)


def take_in(session: Session, records: Iterable[PupilRecord]) -> int:
    """COPY a file's records into `incoming`. Gives their number."""
    make_tables(session)
    key = address_key(session)
    count = 0
    driver = session.connection().connection.driver_connection
    assert driver is not None
    command = f"COPY incoming ({', '.join(COLUMNS)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for record in records:
            copy.write_row((*record, *hash_if_faulty(key, record)))
            count += 1
    return count


def match(session: Session, *, by_mis_id: bool = True, row_name: str = "row") -> list[Clash]:
    """Say for each row which pupil it is, by UPN, else by MIS ID, else a new one.

    Rows that could be two pupils, or another person than before, are taken out and given back.
    """
    session.execute(text("ANALYZE incoming (row, upn, mis_id)"))
    session.execute(_MATCH, {"school_id": school_of(session), "may_use_mis_id": by_mis_id})
    session.execute(text("ANALYZE incoming (pupil_id, is_new, by_mis_id)"))
    clashes: list[Clash] = []
    for query, field, reason in CLASHES:
        found = session.execute(query, {"school_id": school_of(session)}).all()
        clashes += [_clash(each, field, reason, row_name) for each in found]
        if found:
            session.execute(DELETE_CLASHES, {"rows": [each.row for each in found]})
    return clashes


def touch(session: Session, statement: UpdateBase) -> None:
    """Execute what returns `pupil_id`, and remember of whom something was written."""
    done = statement.cte("done")
    session.execute(
        insert(touched).from_select(["pupil_id"], select(done.c.pupil_id)).add_cte(done),
        execution_options={"synchronize_session": False},
    )


def count_touched(session: Session) -> int:
    """Pupils who were known before and of whom something was written."""
    known = (incoming.c.pupil_id == touched.c.pupil_id, ~incoming.c.is_new)
    counted = select(func.count(touched.c.pupil_id.distinct())).join(incoming, known[0])
    return session.scalar(counted.where(known[1])) or 0


def find_rejected(session: Session, rejected: Sequence[RejectedPupil]) -> set[UUID]:
    """Pupils on the roster whose row was rejected: faulty in the file, but not absent from it."""
    found = session.scalars(
        _FIND_REJECTED,
        {
            "school_id": school_of(session),
            "upns": [pupil.upn for pupil in rejected if pupil.upn],
            "mis_ids": [pupil.mis_id for pupil in rejected if pupil.mis_id],
        },
    )
    return set(found)


def _clash(found: Row[Any], field: Field, reason: str, row_name: str) -> Clash:
    words = reason.format(first=f"{row_name.capitalize()} {found.first_row}", row=row_name)
    return Clash(found.row, field, found.value, words, (found.by_upn, found.by_mis_id))


_MATCH = text("""
    UPDATE incoming SET
        by_upn = found.by_upn,
        by_mis_id = found.by_mis_id,
        is_new = found.by_upn IS NULL AND found.by_mis_id IS NULL,
        pupil_id = coalesce(found.by_upn, found.by_mis_id, gen_random_uuid())
    FROM (
        SELECT i.row, u.id AS by_upn, m.id AS by_mis_id
        FROM incoming i
        LEFT JOIN pupil u
            ON u.school_id = :school_id AND u.upn = i.upn AND u.erased_at IS NULL
        LEFT JOIN pupil m
            ON m.school_id = :school_id AND m.mis_id = i.mis_id AND m.erased_at IS NULL
            AND :may_use_mis_id
    ) found
    WHERE found.row = incoming.row
""")

_FIND_REJECTED = text("""
    SELECT id FROM pupil
    WHERE school_id = :school_id AND erased_at IS NULL
      AND (upn = ANY(:upns) OR mis_id = ANY(:mis_ids))
""").columns(id=Uuid)
