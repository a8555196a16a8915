"""One school's roster is written by one transaction at a time."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.database import school_of


def wait_for_turn(session: Session) -> None:
    """Until this transaction ends, another import, merge or deletion of the school waits here."""
    lock = func.hashtextextended(f"roster {school_of(session)}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))
