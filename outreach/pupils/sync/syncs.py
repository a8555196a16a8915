"""Syncs as rows: asked for, claimed under a lease, ended, and when the next one is due.

A school has one under way at most. It is a full one every night, and of changes alone when the
integrator says that there are some.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from outreach import queues
from outreach.clock import LONDON, london
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.roster.models import StagedPupil
from outreach.pupils.sync.connections import connection_of, require_connection
from outreach.pupils.sync.models import RosterSync, SourceConnection, SyncFault, SyncState
from outreach.queues import Work

UNDER_WAY = (SyncState.WAITING, SyncState.FETCHING, SyncState.MERGING)
LEASE = timedelta(seconds=90)
MOST_TRIES = 4
NIGHT = time(2, 30)
NIGHT_IS_LONG = timedelta(hours=3)
"""Schools take their turns in these hours, each at the same minute every night."""
OLDEST = timedelta(hours=20)
TOOK_ITS_PLACE = "Another sync took its place."
FIRST_RETRY, MOST_RETRIES = timedelta(minutes=15), 5
"""After a sync that failed: doubled each time, and after so many the night is waited for."""


@dataclass(frozen=True)
class Claim:
    """One sync for one worker. `turn` only grows: it tells this worker's hold from a later one's."""

    sync_id: UUID
    turn: int


def ask_for_sync(
    session: Session,
    *,
    is_full: bool,
    asked_by: UUID | None,
    now: datetime,
    confirm_drop: bool = False,
) -> UUID:
    """A worker syncs the school as soon as it can. One that waits already is made to serve.

    One that the source has put off gives way to a person, who may know more than the source does.
    Raises NotFound where the school is connected to nothing.
    """
    waiting = under_way(session)
    if waiting is not None and asked_by is not None and _is_put_off(waiting, now):
        if is_full and not waiting.is_full:
            end(session, waiting, SyncState.FAILED, TOOK_ITS_PLACE, now)
            session.flush()
            waiting = None
        else:
            waiting.due_at = now
            waiting.confirm_drop |= confirm_drop
            waiting.asked_by = asked_by
    if waiting is None:
        waiting = _new_sync(session, is_full, confirm_drop, asked_by, now)
    elif waiting.state is SyncState.WAITING:
        waiting.is_full |= is_full
        waiting.confirm_drop |= confirm_drop
    session.flush()
    queues.call_for(session, waiting.school_id, Work.SYNC, now)
    return waiting.id


def begin_sync(session: Session, *, is_full: bool, confirm_drop: bool, now: datetime) -> Claim:
    """For the person at the terminal, who does the work and waits for it. Raises Refusal."""
    present = under_way(session)
    if present is not None and present.lease_until is not None and present.lease_until > now:
        raise Refusal(
            "A sync of this school is under way already. Wait until it has ended: the page "
            "“Roster” shows how far it is."
        )
    if present is not None:
        end(session, present, SyncState.FAILED, TOOK_ITS_PLACE, now)
        session.flush()
    sync = _new_sync(session, is_full, confirm_drop, None, now)
    return _claim(session, sync, now)


def claim_sync(session: Session, now: datetime) -> Claim | None:
    """Take what is due of this school; None where nothing is, or another worker has it.

    One whose workers died again and again is ended. In place of one that began so long ago that
    its first pages may tell of another school than its last, a new one is begun.
    """
    sync = session.scalar(
        select(RosterSync)
        .where(
            RosterSync.school_id == school_of(session),
            RosterSync.state.in_(UNDER_WAY),
            RosterSync.due_at <= now,
            or_(RosterSync.lease_until.is_(None), RosterSync.lease_until <= now),
        )
        .with_for_update(skip_locked=True)
    )
    if sync is None:
        return None
    if sync.lease_until is not None and sync.tries >= MOST_TRIES:
        words = f"The sync was broken off {sync.tries} times. Nothing was changed."
        end(session, sync, SyncState.FAILED, words, now)
        return None
    if sync.started_at is not None and now - sync.started_at > OLDEST:
        end(session, sync, SyncState.FAILED, "It took too long, so another one was begun.", now)
        session.flush()
        sync = _new_sync(session, sync.is_full, False, sync.asked_by, now)
    return _claim(session, sync, now)


def prolong(session: Session, claim: Claim, now: datetime) -> bool:
    """False where the sync was ended or taken over meanwhile."""
    prolonged = session.scalar(
        update(RosterSync)
        .where(*_mine(session, claim))
        .values(lease_until=now + LEASE)
        .returning(RosterSync.id)
    )
    return prolonged is not None


def lock_own(session: Session, claim: Claim) -> RosterSync | None:
    """The row, locked until commit; None where the sync was ended or taken over meanwhile."""
    mine = select(RosterSync).where(*_mine(session, claim))
    return session.scalar(mine.with_for_update().execution_options(populate_existing=True))


def put_off(sync: RosterSync, until: datetime) -> None:
    """What was fetched is kept; a later turn goes on after it."""
    sync.lease_until, sync.due_at = None, until
    sync.tries -= 1  # nothing went wrong in this turn


def end(
    session: Session, sync: RosterSync, state: SyncState, reason: str | None, now: datetime
) -> None:
    """Final. What was fetched and not merged goes; so do the faults of earlier syncs.

    Of the report only counts stay: where it stopped, and who is gone, would name pupils.
    """
    sync.cursor = sync.mark = None
    sync.report = {k: v for k, v in (sync.report or {}).items() if isinstance(v, int)} or None
    sync.state, sync.reason, sync.ended_at, sync.lease_until = state, reason, now, None
    here = StagedPupil.school_id == sync.school_id
    session.execute(delete(StagedPupil).where(here, StagedPupil.sync_id == sync.id))
    session.execute(
        delete(SyncFault).where(SyncFault.school_id == sync.school_id, SyncFault.sync_id != sync.id)
    )


def under_way(session: Session) -> RosterSync | None:
    here = (RosterSync.school_id == school_of(session), RosterSync.state.in_(UNDER_WAY))
    return session.scalar(
        select(RosterSync).where(*here).with_for_update().execution_options(populate_existing=True)
    )


def is_worked_on(session: Session, now: datetime) -> bool:
    """Whether somebody has a sync of the school in hand just now."""
    here = (RosterSync.school_id == school_of(session), RosterSync.state.in_(UNDER_WAY))
    lease = session.scalar(select(RosterSync.lease_until).where(*here))
    return lease is not None and lease > now


def past_syncs(session: Session, limit: int = 10) -> list[RosterSync]:
    """The newest first, whatever their state."""
    return list(
        session.scalars(
            select(RosterSync)
            .where(RosterSync.school_id == school_of(session))
            .order_by(RosterSync.asked_at.desc())
            .limit(limit)
            .execution_options(populate_existing=True)
        )
    )


def next_due(session: Session, now: datetime) -> datetime | None:
    """When a worker should look at this school again; None where it is connected to nothing."""
    if connection_of(session) is None:
        return None
    newest = past_syncs(session, MOST_RETRIES + 1)
    if not newest:
        return now
    last = newest[0]
    if last.state in UNDER_WAY:
        return last.lease_until or last.due_at
    nightly = next_night(last.asked_at, last.school_id)
    failures = sum(1 for _ in takewhile(lambda sync: sync.state is SyncState.FAILED, newest))
    if failures == 0 or failures > MOST_RETRIES or last.ended_at is None:
        return nightly
    return min(last.ended_at + FIRST_RETRY * (1 << (failures - 1)), nightly)


def next_night(after: datetime, school_id: UUID) -> datetime:
    """The school's own minute of the night, the first one after `after`."""
    share = int.from_bytes(hashlib.sha256(school_id.bytes).digest()[:4]) / 2**32
    day = london(after).date()
    while True:
        slot: datetime = datetime.combine(day, NIGHT, LONDON) + NIGHT_IS_LONG * share
        if slot > after:
            return slot.astimezone(UTC)
        day += timedelta(days=1)


def system_of(connection: SourceConnection) -> str:
    """Which school at which integrator: identifiers of one mean nothing at another."""
    return f"{connection.kind.value} {connection.external_id} {connection.url or ''}".strip()


def _new_sync(
    session: Session, is_full: bool, confirm_drop: bool, asked_by: UUID | None, now: datetime
) -> RosterSync:
    connection = require_connection(session)
    sync = RosterSync(
        school_id=connection.school_id,
        id=uuid4(),
        kind=connection.kind,
        system=system_of(connection),
        is_full=is_full or connection.synced_to is None or connection.ids_changed,
        confirm_drop=confirm_drop,
        state=SyncState.WAITING,
        asked_by=asked_by,
        asked_at=now,
        due_at=now,
    )
    session.add(sync)
    session.flush()
    return sync


def _claim(session: Session, sync: RosterSync, now: datetime) -> Claim:
    sync.state = SyncState.FETCHING
    sync.started_at = sync.started_at or now
    sync.tries, sync.turn = sync.tries + 1, sync.turn + 1
    sync.lease_until = now + LEASE
    session.flush()
    queues.note_due(session, sync.school_id, Work.SYNC, sync.lease_until)
    return Claim(sync.id, sync.turn)


def _is_put_off(sync: RosterSync, now: datetime) -> bool:
    return sync.lease_until is None and sync.due_at > now


def _mine(session: Session, claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        RosterSync.school_id == school_of(session),
        RosterSync.id == claim.sync_id,
        RosterSync.turn == claim.turn,
        RosterSync.state.in_((SyncState.FETCHING, SyncState.MERGING)),
    )
