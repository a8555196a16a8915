"""The rows of an import on their way in: a temporary table, and which pupil each row is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Integer, LargeBinary, MetaData, Row, Table, Text, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine, Uuid

from outreach.database import school_of
from outreach.pupils.addresses import hash_address
from outreach.pupils.sources.records import Field, PupilRecord, RejectedPupil

_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "row": Integer,
    "year": Integer,
    "date_of_birth": Date,
    "start_date": Date,
    "leaving_date": Date,
}
_HASHES = ("work_hash", "home_hash")

incoming = Table(
    "incoming",
    MetaData(),
    *(Column(name, _TYPES.get(name, Text)) for name in PupilRecord._fields),
    *(Column(name, LargeBinary) for name in _HASHES),
    Column("pupil_id", Uuid),
    Column("is_new", Boolean),
    Column("by_upn", Uuid),
    Column("by_mis_id", Uuid),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


@dataclass(frozen=True)
class Clash:
    """A row that cannot be told to be one pupil, and what to do about it."""

    row: int
    field: Field
    value: str
    reason: str
    pupils: tuple[UUID | None, ...]
    """Pupils on the roster whom the row may mean: they are not absent."""


def take_in(session: Session, records: Iterable[PupilRecord], key: bytes) -> int:
    """COPY the records into the table, hashing their addresses on the way. Gives their number."""
    session.flush()
    connection = session.connection()
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.incoming"))
    incoming.create(connection)
    columns = ", ".join((*PupilRecord._fields, *_HASHES))
    count = 0
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"COPY incoming ({columns}) FROM STDIN") as copy:
        for record in records:
            work, home = record.work_email, record.home_email
            copy.write_row(
                (
                    *record,
                    None if work is None else hash_address(key, work),
                    None if home is None else hash_address(key, home),
                )
            )
            count += 1
    connection.execute(text("ANALYZE incoming"))
    return count


def match(session: Session) -> list[Clash]:
    """Say for each row which pupil it is, by UPN, else by MIS ID, else a new one.

    Rows that could be two pupils, or another person than before, are taken out and given back.
    """
    session.execute(_MATCH, {"school_id": school_of(session)})
    clashes: list[Clash] = []
    rows: set[int] = set()
    for query, field, reason in _CLASHES:
        for found in session.execute(query, {"school_id": school_of(session)}).all():
            clashes.append(_clash(found, field, reason))
        rows.update(clash.row for clash in clashes)
        session.execute(_DELETE_CLASHES, {"rows": list(rows)})
    return clashes


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


def _clash(found: Row[Any], field: Field, reason: str) -> Clash:
    by_upn, by_mis_id = found.by_upn, found.by_mis_id
    return Clash(found.row, field, found.value, reason.format(found.first_row), (by_upn, by_mis_id))


_MATCH = text("""
    UPDATE incoming SET
        by_upn = found.by_upn,
        by_mis_id = found.by_mis_id,
        is_new = found.by_upn IS NULL AND found.by_mis_id IS NULL,
        pupil_id = coalesce(found.by_upn, found.by_mis_id, gen_random_uuid())
    FROM (
        SELECT i.row, u.id AS by_upn, m.id AS by_mis_id
        FROM incoming i
        LEFT JOIN pupil u ON u.school_id = :school_id AND u.upn = i.upn
        LEFT JOIN pupil m ON m.school_id = :school_id AND m.mis_id = i.mis_id
    ) found
    WHERE found.row = incoming.row
""")

_TWO_PUPILS = text("""
    SELECT row, mis_id AS value, NULL AS first_row, by_upn, by_mis_id FROM incoming
    WHERE by_upn <> by_mis_id AND :school_id IS NOT NULL ORDER BY row
""")

_SOMEBODY_ELSE = text("""
    SELECT i.row, i.mis_id AS value, NULL AS first_row, i.by_upn, i.by_mis_id
    FROM incoming i JOIN pupil p ON p.school_id = :school_id AND p.id = i.by_mis_id
    WHERE i.by_upn IS NULL AND i.upn <> p.upn
      AND lower(i.forename) <> lower(p.forename) AND lower(i.surname) <> lower(p.surname)
      AND NOT coalesce(i.date_of_birth = p.date_of_birth, false)
    ORDER BY i.row
""")

_SAME_PUPIL_TWICE = text("""
    SELECT row, coalesce(mis_id, upn) AS value, first_row, by_upn, by_mis_id FROM (
        SELECT *, first_value(row) OVER same AS first_row, row_number() OVER same AS place
        FROM incoming WHERE NOT is_new AND coalesce(by_upn = by_mis_id, true)
        WINDOW same AS (PARTITION BY pupil_id ORDER BY by_upn IS NULL, row)
    ) ranked
    WHERE place > 1 AND :school_id IS NOT NULL ORDER BY row
""")

_SAME_UPN_TWICE = text("""
    SELECT row, upn AS value, first_row, by_upn, by_mis_id FROM (
        SELECT *, first_value(row) OVER (PARTITION BY upn ORDER BY row) AS first_row
        FROM incoming WHERE upn IS NOT NULL
    ) ranked
    WHERE row <> first_row AND :school_id IS NOT NULL ORDER BY row
""")

_SAME_MIS_ID_TWICE = text("""
    SELECT row, mis_id AS value, first_row, by_upn, by_mis_id FROM (
        SELECT *, first_value(row) OVER (PARTITION BY mis_id ORDER BY row) AS first_row
        FROM incoming WHERE mis_id IS NOT NULL
    ) ranked
    WHERE row <> first_row AND :school_id IS NOT NULL ORDER BY row
""")

_TWICE_IN_FILE = "Row {} has the same one. Keep one row for each pupil."

_CLASHES = (
    (_SAME_UPN_TWICE, Field.UPN, _TWICE_IN_FILE),
    (_SAME_MIS_ID_TWICE, Field.MIS_ID, _TWICE_IN_FILE),
    (
        _TWO_PUPILS,
        Field.MIS_ID,
        "The roster has this MIS ID for one pupil and the row's UPN for another, so the row could "
        "be either. Correct the wrong one. If the MIS has renumbered its pupils, import once with "
        "the MIS ID cells left empty, then again with them filled.",
    ),
    (
        _SOMEBODY_ELSE,
        Field.MIS_ID,
        "The roster has this MIS ID for a pupil with another UPN and another name. "
        "Check whose it is. If the MIS gives old numbers to new pupils, import once with the MIS "
        "ID cell left empty.",
    ),
    (
        _SAME_PUPIL_TWICE,
        Field.MIS_ID,
        "Row {} is the same pupil on the roster. Keep one row for each pupil.",
    ),
)

_DELETE_CLASHES = text("DELETE FROM incoming WHERE row = ANY(:rows)")

_FIND_REJECTED = text("""
    SELECT id FROM pupil
    WHERE school_id = :school_id AND (upn = ANY(:upns) OR mis_id = ANY(:mis_ids))
""").columns(id=Uuid)
