"""The database: engine and sessions, and the role and school every transaction runs under.

Row-level security is forced: a transaction that has not named its school sees no tenant row.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Enum,
    ForeignKey,
    LargeBinary,
    MetaData,
    Text,
    any_,
    cast,
    create_engine,
    event,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    SessionTransaction,
    declared_attr,
    mapped_column,
    sessionmaker,
)
from sqlalchemy.types import Uuid

from outreach.errors import OutreachError

APP_ROLE = "outreach_app"
SCHOOL_SETTING = "outreach.school_id"
EMPTY = "The database is empty. Run `outreach db upgrade` first."
_NO_SUCH_ROLE, _NOT_A_MEMBER = ("22023", "42704"), "42501"


class NotReady(OutreachError):
    """The database answers, but `outreach db upgrade` has not made its tables and role."""


def enum_type(kind: type[Any], name: str | None = None) -> Enum:
    """An enum stored as its value in text, with a CHECK: readable rows, cheap to extend.

    A second column of the same kind in a table gives its CHECK a `name` of its own.
    """
    return Enum(
        kind,
        name=name or kind.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Every table. `global_reason` in a table's info says why it is not a tenant table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
        UUID: Uuid,
        int: BigInteger,
        dict[str, Any]: JSONB,
    }


class Tenant:
    """A row of one school: `school_id` begins every key, and row-level security guards it."""

    @declared_attr
    def school_id(self) -> Mapped[UUID]:
        return mapped_column(ForeignKey("school.id"), primary_key=True, sort_order=-1)


def make_engine(
    database_url: str, *, as_owner: bool = False, pool_size: int = 10, is_asked_first: bool = True
) -> Engine:
    """An engine whose connections have taken the weak role; `as_owner` is for migrations only.

    `is_asked_first`: a kept connection is asked whether it still lives, which costs a round trip.
    """
    engine = create_engine(
        database_url,
        pool_pre_ping=is_asked_first,
        hide_parameters=True,  # an error's text must not hold what somebody typed
        pool_size=pool_size,
        max_overflow=5,
        connect_args={"connect_timeout": 10, "application_name": "outreach"},
    )
    if not as_owner:
        event.listen(engine, "connect", _take_weak_role)
    return engine


def _take_weak_role(dbapi_connection: Any, _record: object) -> None:
    """Roles belong to the whole server: another database's upgrade may have made ours already."""
    try:
        dbapi_connection.execute(f"SET ROLE {APP_ROLE}")
        found = dbapi_connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    except Exception as fault:
        if getattr(fault, "sqlstate", None) in _NO_SUCH_ROLE:
            raise NotReady(EMPTY) from fault
        if getattr(fault, "sqlstate", None) == _NOT_A_MEMBER:
            words = (
                f"DATABASE_URL logs in as a role that may not act as {APP_ROLE}. "
                "Run `outreach db upgrade` with this DATABASE_URL: it gives that right."
            )
            raise NotReady(words) from fault
        raise
    if found[0] is None:
        raise NotReady(EMPTY)
    dbapi_connection.commit()


Sessions = sessionmaker[Session]


def make_sessions(engine: Engine) -> Sessions:
    sessions = sessionmaker(engine, expire_on_commit=False)
    event.listen(sessions, "after_begin", _name_school)
    return sessions


def _name_school(
    session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    school_id = session.info.get("school_id")
    if school_id is not None:
        _set_local(connection, school_id)


_NAME_SCHOOL = text("SELECT set_config(:setting, :school_id, true)")


def _set_local(connection: Connection, school_id: UUID) -> None:
    key = {"setting": SCHOOL_SETTING, "school_id": str(school_id)}
    connection.execute(_NAME_SCHOOL, key)


def enter_school(session: Session, school_id: UUID) -> None:
    """From here on, this session sees and writes this school's rows and no other's."""
    if session.info.get("school_id") == school_id:
        return
    session.info["school_id"] = school_id
    if session.in_transaction():
        session.flush()
        _set_local(session.connection(), school_id)


def school_of(session: Session) -> UUID:
    """The school this session has entered; a programming error if none."""
    school_id: UUID | None = session.info.get("school_id")
    if school_id is None:
        message = "this session has not entered a school"
        raise LookupError(message)
    return school_id


def is_one_of(
    column: ColumnElement[UUID] | InstrumentedAttribute[UUID], ids: Iterable[UUID]
) -> ColumnElement[bool]:
    """As `in_`, which makes a parameter and a new text of the statement for each of hundreds."""
    given = "{" + ",".join(map(str, ids)) + "}"
    return column == any_(cast(literal(given, Text), ARRAY(Uuid)))


def refresh_statistics(session: Session, *tables: type[Base]) -> None:
    """Count these tables anew, after a set of rows that the planner has never seen the like of.

    Until it does so by itself, the planner may believe that a table, or a new school's part of it,
    is empty: joins and foreign key checks then compare every row with every other (17 s for 5,000
    pupils instead of one). PostgreSQL before 17 does not let our role do it, and only warns. The
    tables stay locked against each other's refresh until the transaction ends.
    """
    session.flush()
    names = ", ".join(table.__tablename__ for table in tables)
    session.execute(text(f"ANALYZE {names}"))


@contextmanager
def transaction(sessions: Sessions, school_id: UUID | None = None) -> Iterator[Session]:
    """One unit of work at the edge: commits once at the end, or leaves nothing."""
    with sessions() as session:
        if school_id is not None:
            session.info["school_id"] = school_id
        with session.begin():
            yield session


__all__ = [
    "APP_ROLE",
    "Base",
    "NotReady",
    "Sessions",
    "Tenant",
    "enter_school",
    "enum_type",
    "is_one_of",
    "make_engine",
    "make_sessions",
    "refresh_statistics",
    "school_of",
    "transaction",
]
