"""Statements that go to PostgreSQL in one round trip and are one transaction.

For what a whole year group asks at once. A session of SQLAlchemy sends a ping, BEGIN, the school,
each statement and COMMIT one by one; psycopg's own pipeline waits for the socket, and for Python's
lock, after each of its parts. Here all is written, then all is read.
"""

import re
import select
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError, OperationalError

from outreach.database import SCHOOL_SETTING, make_engine

ANSWER_WITHIN_MS = 30_000
_NAME_SCHOOL = b"SELECT set_config($1, $2, true)"
_OUT_OF_REACH = (psycopg.OperationalError, psycopg.InterfaceError)
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)
_BLANK = re.compile(r"(?<!:):([a-z_]+)")

Row = tuple[Any, ...]


class Express:
    """Connections of their own, under the weak role like all others."""

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        self._engine = make_engine(database_url, pool_size=pool_size, is_asked_first=False)

    def rows(
        self, school_id: UUID, statement: TextClause, values: Mapping[str, object]
    ) -> Sequence[Row]:
        """What this one statement gives inside this school; what it writes is then committed.

        Where PostgreSQL cannot tell the type of a value from its place, the statement casts it.
        It may be sent twice: a connection that was lost while nobody used it is seen only now.
        So only what has one effect however often it is done may come by here.
        """
        try:
            return self._send(school_id, statement, values)
        except _OUT_OF_REACH:
            self._engine.dispose()
        try:
            return self._send(school_id, statement, values)
        except _OUT_OF_REACH as fault:
            raise OperationalError(None, None, fault, hide_parameters=True) from fault

    def close(self) -> None:
        self._engine.dispose()

    def _send(
        self, school_id: UUID, statement: TextClause, values: Mapping[str, object]
    ) -> Sequence[Row]:
        held = self._engine.raw_connection()
        connection = held.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            wire = held.info.get("wire")
            if wire is None:
                wire = held.info["wire"] = _Wire(connection)
            return wire.exchange(school_id, statement, values)
        except _OUT_OF_REACH:
            held.invalidate()
            raise
        except psycopg.Error as fault:
            raise DBAPIError(None, None, fault, hide_parameters=True) from fault
        finally:
            held.close()


class _Wire:
    """One connection in libpq's pipeline mode (PostgreSQL's manual, "Pipeline Mode").

    What stands between two syncs is one transaction, so the school is named for it alone.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection, self._pq = connection, connection.pgconn
        self._prepared: dict[TextClause, bytes] = {}
        self._poll = select.poll()
        self._poll.register(self._pq.socket, select.POLLIN)
        _checked(self._pq.prepare(b"name_school", _NAME_SCHOOL))

    def exchange(
        self, school_id: UUID, statement: TextClause, values: Mapping[str, object]
    ) -> Sequence[Row]:
        name = self._prepared.get(statement) or self._prepare(statement)
        _, blanks = _numbered(statement)
        school = [SCHOOL_SETTING.encode(), str(school_id).encode()]
        given = [_as_text(values[blank]) for blank in blanks]
        self._pq.enter_pipeline_mode()
        self._pq.send_query_prepared(b"name_school", school)
        self._pq.send_query_prepared(name, given)
        self._pq.pipeline_sync()
        while self._pq.flush():
            pass  # two short messages: the socket's buffer takes them
        results = self._read()
        self._pq.exit_pipeline_mode()
        for result in results:
            _checked(result)
        transformer = Transformer(self._connection)
        transformer.set_pgresult(results[1])
        return transformer.load_rows(0, results[1].ntuples, tuple)

    def _prepare(self, statement: TextClause) -> bytes:
        name = b"express_%d" % len(self._prepared)
        _checked(self._pq.prepare(name, _numbered(statement)[0].encode()))
        self._prepared[statement] = name
        return name

    def _read(self) -> list[pq.abc.PGresult]:
        """Up to the sync. Between the results of two statements libpq gives a None."""
        results: list[pq.abc.PGresult] = []
        while True:
            while self._pq.is_busy():
                if not self._poll.poll(ANSWER_WITHIN_MS):
                    raise psycopg.OperationalError("PostgreSQL does not answer")
                self._pq.consume_input()
            result = self._pq.get_result()
            if result is None and self._pq.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost")
            if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            if result is not None:
                results.append(result)


def _checked(result: pq.abc.PGresult) -> None:
    if result.status in _FAILED:
        raise errors.error_from_result(result)


def _as_text(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


@cache
def _numbered(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """With PostgreSQL's own placeholders, and which value stands for each."""
    blanks = tuple(dict.fromkeys(_BLANK.findall(statement.text)))
    return _BLANK.sub(lambda found: f"${blanks.index(found[1]) + 1}", statement.text), blanks
