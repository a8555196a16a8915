"""Statements over a school's whole roster, which PostgreSQL would plan as if it were a few rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session


@contextmanager
def joining_whole_roster(session: Session) -> Iterator[None]:
    """Makes PostgreSQL join by hashing, not row by row.

    Of a roster that was imported a moment ago it has no statistics. Row by row, it then compared
    every pupil with every address: 1.9 s for 3,000 pupils, and a hundred times that for 30,000.
    """
    session.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    session.execute(text("SET LOCAL enable_nestloop = on"))
