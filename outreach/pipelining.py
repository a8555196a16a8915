"""Statements that go to PostgreSQL in one round trip and are one transaction.

For what a whole year group asks at once. A session of SQLAlchemy sends BEGIN, the school, each
statement and COMMIT one by one, and a ping before them: six round trips where these take one.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Dialect, TextClause, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from outreach.database import SCHOOL_SETTING, make_engine

_NAME_SCHOOL = "SELECT set_config(%s, %s, true)"
_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy has none
_OUT_OF_REACH = (psycopg.OperationalError, psycopg.InterfaceError)


class Express:
    """Connections of their own, under the weak role like all others."""

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        self._engine = make_engine(database_url, pool_size=pool_size, is_asked_first=False)
        event.listen(self._engine, "connect", _leave_transactions_to_us)

    def rows(
        self, school_id: UUID, statement: TextClause, values: Mapping[str, Any]
    ) -> Sequence[TupleRow]:
        """What this one statement gives inside this school; what it writes is then committed.

        It may be sent twice: a connection that was lost while nobody used it is seen only now.
        So only what has one effect however often it is done may come by here.
        """
        try:
            return self._send(school_id, _as_sent(statement), values)
        except _OUT_OF_REACH:
            self._engine.dispose()
        try:
            return self._send(school_id, _as_sent(statement), values)
        except _OUT_OF_REACH as fault:
            raise OperationalError(None, None, fault, hide_parameters=True) from fault

    def close(self) -> None:
        self._engine.dispose()

    def _send(
        self, school_id: UUID, statement: str, values: Mapping[str, Any]
    ) -> Sequence[TupleRow]:
        """Between two syncs of a pipeline is one transaction, and so the school is named for it
        alone (PostgreSQL, "Pipelining" in the extended query protocol)."""
        held = self._engine.raw_connection()
        connection = held.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            with connection.pipeline():
                connection.execute(_NAME_SCHOOL, (SCHOOL_SETTING, str(school_id)))
                cursor = connection.execute(statement, values)
            return cursor.fetchall()
        except _OUT_OF_REACH:
            held.invalidate()
            raise
        except psycopg.Error as fault:
            raise DBAPIError(None, None, fault, hide_parameters=True) from fault
        finally:
            held.close()


def _leave_transactions_to_us(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.autocommit = True


@cache
def _as_sent(statement: TextClause) -> str:
    """With the placeholders of psycopg. Worked out once for each statement of the program."""
    return str(statement.compile(dialect=_DIALECT))
