"""Who is not at the school any more: left, as the source says; deleted there; or simply absent.

Whoever has a record in the import is as the record says; a list of leavers speaks for the others,
and for a record that was not ended though the pupil left after they (last) started.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from outreach.database import school_of
from outreach.pupils.models import MissingReason, Pupil
from outreach.pupils.roster.incoming import incoming
from outreach.pupils.sources.source import Leaver

_pupil = Pupil.__table__.c
_NO_ORM: dict[str, Any] = {"synchronize_session": False}


def is_current(session: Session, today: date) -> ColumnElement[bool]:
    """On the roster: neither left nor missing nor erased."""
    return and_(
        _pupil.school_id == school_of(session),
        _pupil.missing_since.is_(None),
        _pupil.erased_at.is_(None),
        _has_not_left(today),
    )


def count_current(session: Session, today: date) -> int:
    here = is_current(session, today)
    return session.scalar(select(func.count()).select_from(Pupil).where(here)) or 0


def count_newly_left(session: Session, today: date) -> int:
    """Rows whose leaving date has come, of pupils who were not known to have left before."""
    had_left = exists().where(
        _pupil.school_id == school_of(session),
        _pupil.id == incoming.c.pupil_id,
        _pupil.leaving_date <= today,
    )
    here = (incoming.c.leaving_date <= today, ~had_left)
    return session.scalar(select(func.count()).select_from(incoming).where(*here)) or 0


def count_leaving(session: Session, leavers: Sequence[Leaver], today: date) -> int:
    """Current pupils whose record in a sync, or the list of leavers, says that they have left."""
    return session.scalar(_COUNT_LEAVING, _keys(session, today) | _listed(leavers)) or 0


def keep_dates_to_come(session: Session, today: date) -> None:
    """For a source without leaving dates: who is on its roll has not left, but still may leave on
    a day that was known before."""
    still_to_come = (
        update(incoming)
        .where(
            _pupil.school_id == school_of(session),
            _pupil.id == incoming.c.pupil_id,
            _pupil.leaving_date > today,
        )
        .values(leaving_date=_pupil.leaving_date)
    )
    session.execute(still_to_come, execution_options=_NO_ORM)


def end_records_of_leavers(session: Session, leavers: Sequence[Leaver], today: date) -> None:
    """Records that are still given though their pupils are listed as having left."""
    session.execute(_END_RECORDS, _keys(session, today) | _listed(leavers))


def mark_leavers(session: Session, leavers: Sequence[Leaver], today: date, now: datetime) -> int:
    """Those listed who have no record in the import. Gives how many left by this."""
    done = session.execute(_LEAVE, _keys(session, today) | _listed(leavers) | {"now": now})
    return sum(row.has_left for row in done)


def mark_gone(session: Session, gone: Sequence[str], today: date, now: datetime) -> int:
    """Current pupils whose records the source says it has deleted, and gives no more."""
    listed = bindparam("gone", list(gone), ARRAY(Text))
    return _mark(session, MissingReason.DELETED, today, now, _pupil.mis_id == func.any(listed))


def mark_absent(session: Session, seen: Collection[Any], today: date, now: datetime) -> int:
    """Those whom a full roster no longer has; `seen` were in it though their row was bad."""
    listed = func.unnest(bindparam("seen", list(seen), ARRAY(Uuid))).column_valued("seen")
    was_seen = exists().where(listed == _pupil.id)
    return _mark(session, MissingReason.ABSENT, today, now, ~was_seen)


def _mark(
    session: Session,
    reason: MissingReason,
    today: date,
    now: datetime,
    *which: ColumnElement[bool],
) -> int:
    has_record = exists().where(incoming.c.pupil_id == _pupil.id)
    marked = (
        update(Pupil)
        .where(is_current(session, today), ~has_record, *which)
        .values(missing_since=now, missing_reason=reason, changed_at=now)
    )
    return session.execute(marked, execution_options=_NO_ORM).rowcount  # type: ignore[attr-defined, no-any-return]


def _has_not_left(today: date) -> ColumnElement[bool]:
    return or_(_pupil.leaving_date.is_(None), _pupil.leaving_date > today)


def _keys(session: Session, today: date) -> dict[str, Any]:
    return {"school_id": school_of(session), "today": today}


def _listed(leavers: Sequence[Leaver]) -> dict[str, Any]:
    """As two arrays; one pupil once, with the later day."""
    days: dict[str, date | None] = {}
    for leaver in leavers:
        known = days.get(leaver.mis_id)
        days[leaver.mis_id] = max((d for d in (known, leaver.left_on) if d), default=None)
    return {"mis_ids": list(days), "days": list(days.values())}


_ARRAYS = (bindparam("mis_ids", type_=ARRAY(Text)), bindparam("days", type_=ARRAY(Date)))

_COUNT_LEAVING = text("""
    SELECT count(*) FROM pupil p LEFT JOIN incoming ON incoming.pupil_id = p.id
    WHERE p.school_id = :school_id AND p.missing_since IS NULL AND p.erased_at IS NULL
      AND (p.leaving_date IS NULL OR p.leaving_date > :today)
      AND CASE WHEN incoming.pupil_id IS NULL
          THEN p.mis_id IN (
              SELECT mis_id FROM unnest(:mis_ids, :days) AS leaver (mis_id, left_on)
              WHERE coalesce(left_on <= :today, true))
          ELSE coalesce(incoming.leaving_date <= :today, false) END
""").bindparams(*_ARRAYS)

_END_RECORDS = text("""
    UPDATE incoming SET leaving_date = coalesce(
        leaver.left_on,
        (SELECT p.leaving_date FROM pupil p
         WHERE p.school_id = :school_id AND p.id = incoming.pupil_id AND p.leaving_date <= :today),
        :today
    )
    FROM unnest(:mis_ids, :days) AS leaver (mis_id, left_on)
    WHERE leaver.mis_id = incoming.mis_id AND incoming.leaving_date IS NULL
      AND coalesce(incoming.start_date <= leaver.left_on, true)
""").bindparams(*_ARRAYS)

_LEAVE = text("""
    UPDATE pupil SET
        leaving_date = coalesce(leaver.left_on, :today),
        missing_since = NULL, missing_reason = NULL, changed_at = :now
    FROM unnest(:mis_ids, :days) AS leaver (mis_id, left_on)
    WHERE pupil.school_id = :school_id AND pupil.mis_id = leaver.mis_id
      AND pupil.erased_at IS NULL
      AND (pupil.leaving_date IS NULL OR pupil.leaving_date > :today)
      AND pupil.leaving_date IS DISTINCT FROM coalesce(leaver.left_on, :today)
      AND NOT EXISTS (SELECT FROM incoming WHERE incoming.pupil_id = pupil.id)
    RETURNING pupil.leaving_date <= :today AS has_left
""").bindparams(*_ARRAYS)
