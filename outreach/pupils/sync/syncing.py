"""A sync from end to end: ask the integrator, keep page after page, then merge all at once.

Unlike other verbs these commit: each page is a transaction of its own, the merge is one. Whatever
happens in between, the roster is as before or wholly new, and the sync's row says which.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import queues
from outreach.database import enter_school, transaction
from outreach.errors import OutreachError
from outreach.parts import Parts
from outreach.pupils.roster.importing import (
    DropRefused,
    ImportReport,
    NothingImported,
    merge_staged,
)
from outreach.pupils.roster.staged_pages import (
    Fetching,
    headings_for_staff,
    keep_page,
    keep_report,
    leavers_of,
    staged_of,
)
from outreach.pupils.roster.turns import wait_for_turn
from outreach.pupils.sources.making import CALLED, make_source
from outreach.pupils.sources.mapping import MappingFault
from outreach.pupils.sources.source import (
    Access,
    Declined,
    Nonsense,
    NotApproved,
    Paused,
    PutOff,
    Revoked,
    Source,
    SourceTrouble,
    Standing,
    Unreachable,
)
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import prove_connection, take_standing
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.models import SourceKind, SourceState, SyncState
from outreach.pupils.sync.sealing import CannotOpen, Sealer
from outreach.pupils.sync.shared_fields import fields_shared
from outreach.pupils.sync.syncs import Claim
from outreach.queues import Bell, Work
from outreach.schools.models import Connection, School, SharingAgreement
from outreach.schools.sharing import hold_agreement
from outreach.signing import Purpose

log = logging.getLogger(__name__)

TURN_SECONDS = 45.0
"""Then other schools have their turn; what was fetched is kept."""
KEEP_LEASE_EVERY = 20.0
OVERLAP = timedelta(minutes=10)
"""Changes are asked for from a little before the last sync: clocks differ, and reads take time."""
MAY_LACK_SHARE, MAY_LACK = 0.02, 5
"""Of the pupils that a source announced; a roster shorter than that is a faulty one."""

_STATE_OF_TROUBLE = {
    Paused: (SourceState.PAUSED, SyncState.PAUSED),
    Revoked: (SourceState.REVOKED, SyncState.REVOKED),
    Declined: (SourceState.DECLINED, SyncState.REVOKED),
    NotApproved: (SourceState.PENDING, SyncState.FAILED),
}
_STATE_OF_STANDING = {
    SourceState.PAUSED: SyncState.PAUSED,
    SourceState.REVOKED: SyncState.REVOKED,
    SourceState.DECLINED: SyncState.REVOKED,
    SourceState.PENDING: SyncState.FAILED,
}


class _Over(Exception):
    """This sync was ended or taken over: nothing more of it may be written."""


def sync(parts: Parts, school_id: UUID) -> None:
    """Do what is due of one school, for a turn. Called twice, or by two workers, it has one effect."""
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        claim = syncs.claim_sync(session, now)
        if claim is None and _is_night(session, now):
            syncs.ask_for_sync(session, is_full=True, asked_by=None, now=now)
            claim = syncs.claim_sync(session, now)
    if claim is not None:
        run_sync(parts, school_id, claim, turn_seconds=TURN_SECONDS)
    settle(parts, school_id)


def settle(parts: Parts, school_id: UUID) -> None:
    """Say when the school is due again, and ring where that is at once."""
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        due_at = queues.settle_due(
            session, school_id, Work.SYNC, lambda: syncs.next_due(session, now), now
        )
        if due_at is not None and due_at <= now:
            queues.ring_after_commit(session, Bell(Work.SYNC, school_id))


def run_sync(
    parts: Parts, school_id: UUID, claim: Claim, *, turn_seconds: float | None = None
) -> ImportReport | None:
    """Fetch and merge, until it has ended or its turn is over (None: there is no end of turn).

    Gives the report of the merge; None where nothing was merged, and the sync's row says why.
    """
    ends_at = None if turn_seconds is None else time.monotonic() + turn_seconds
    with _keeping_lease(parts, school_id, claim):
        try:
            return _run(parts, school_id, claim, ends_at)
        except _Over:
            log.info("sync left to another sync=%s", claim.sync_id)
        except PutOff as trouble:
            _put_off(parts, school_id, claim, trouble)
        except SourceTrouble as trouble:
            _end_in_trouble(parts, school_id, claim, trouble)
        except DropRefused as refusal:
            report = {
                "dropped": refusal.dropped,
                "left": refusal.report.left,
                "missing": refusal.report.missing,
                "current": refusal.current,
            }
            _end(parts, school_id, claim, SyncState.HELD, refusal.words, report)
        except NothingImported as refusal:
            _end(parts, school_id, claim, SyncState.FAILED, refusal.words)
        except (CannotOpen, MappingFault, OutreachError) as fault:
            _end(parts, school_id, claim, SyncState.FAILED, fault.words)
        except DBAPIError:
            raise  # the database, not this roster: the lease runs out, and a worker goes on
        except Exception as fault:
            log.error("sync failed sync=%s: %s", claim.sync_id, type(fault).__name__)
            words = (
                f"The service failed while reading the roster ({type(fault).__name__}). Nothing "
                "was changed. Tell whoever runs it."
            )
            _end(parts, school_id, claim, SyncState.FAILED, words)
    return None


def _run(parts: Parts, school_id: UUID, claim: Claim, ends_at: float | None) -> ImportReport | None:
    fetching, access = _begin(parts, school_id, claim)
    source = make_source(access, parts.settings, parts.clock)
    if fetching.cursor is None and not fetching.is_fetched:
        standing = source.standing()
        _take_standing(parts, school_id, claim, standing)
        fetching.standing = standing
    if not fetching.is_fetched and not _fetch(parts, school_id, claim, source, fetching, ends_at):
        return None
    return _merge(parts, school_id, claim, source, fetching)


def _begin(parts: Parts, school_id: UUID, claim: Claim) -> tuple[Fetching, Access]:
    """What this turn goes on from. The school's own word comes before the integrator is asked."""
    with transaction(parts.sessions, school_id) as session:
        sync_row = syncs.lock_own(session, claim)
        if sync_row is None:
            raise _Over
        connection = require_connection(session)
        agreement = session.get_one(SharingAgreement, school_id)
        if agreement.connection is Connection.PAUSED:
            raise Paused("The school has paused its connection on the Data sharing page.")
        if agreement.connection is Connection.REVOKED:
            raise Revoked("The school has revoked its connection on the Data sharing page.")
        sealer = Sealer(parts.settings.secret_keys)
        if connection.secret is not None and not sealer.is_newest(connection.secret):
            connection.secret = sealer.reseal(connection.secret)
        secret = sealer.open(connection.secret) if connection.secret else ""
        if not secret and connection.kind is SourceKind.WONDE:
            secret = parts.settings.wonde_app_token
        if not secret:
            raise NotApproved("The school has not agreed yet, so there is no secret to ask with.")
        access = Access(
            kind=connection.kind,
            external_id=connection.external_id,
            secret=secret,
            url=connection.url,
            may_be_private=connection.may_be_private,
            callback_url=callback_url(parts, session),
            mark=connection.mark,
        )
        fetching = Fetching.of(sync_row, fields_shared(session), connection.ids_changed)
        if not sync_row.is_full and connection.synced_to is not None:
            fetching.changed_since = connection.synced_to - OVERLAP
        return fetching, access


def callback_url(parts: Parts, session: Session) -> str:
    """Where an integrator may say that this school's data is fresh."""
    school = session.get_one(School, require_connection(session).school_id)
    token = parts.signer.sign(Purpose.SOURCE_HOOK, school.key, school.id)
    return f"{parts.settings.public_url}/hooks/fresh/{token}"


def _take_standing(parts: Parts, school_id: UUID, claim: Claim, standing: Standing) -> None:
    """Less than an agreement ends the sync. An agreement counts once a page of pupils has come:
    until then the integrator may say yes and mean no.
    """
    if standing.state is SourceState.AUTHORISED:
        _require_own_school(parts, school_id, standing)
        return
    with transaction(parts.sessions, school_id) as session:
        if syncs.lock_own(session, claim) is None:
            raise _Over
        state = take_standing(session, standing, parts.clock())
    ended = _STATE_OF_STANDING.get(state)
    if ended is not None:
        _end(parts, school_id, claim, ended, standing.words)
        raise _Over


def _require_own_school(parts: Parts, school_id: UUID, standing: Standing) -> None:
    """What a school's own staff typed must lead to their school, as far as Wonde can tell.

    The operator vouches for what they connected. At Xporter and OneRoster the secret is the proof.
    """
    with transaction(parts.sessions, school_id) as session:
        connection = require_connection(session)
        urn = session.get_one(School, school_id).urn
        if connection.kind is not SourceKind.WONDE or connection.connected_by is None:
            return
    if standing.urn != urn:
        what = f"URN {standing.urn}" if standing.urn else "a school without a URN"
        raise NotApproved(
            f"Wonde has {what} under this id, and this school is URN {urn}. Check the id. If it is "
            "right, ask whoever runs this service to connect the school: nothing was fetched."
        )


def _fetch(
    parts: Parts,
    school_id: UUID,
    claim: Claim,
    source: Source,
    fetching: Fetching,
    ends_at: float | None,
) -> bool:
    """Keep page after page. False where the turn ended before the source did."""
    pages = source.pages(
        fetching.wanted & frozenset(source.fields),
        changed_since=fetching.changed_since,
        cursor=fetching.cursor,
    )
    headings = headings_for_staff(source.fields, fetching.wanted)
    for page in pages:
        with transaction(parts.sessions, school_id) as session:
            sync_row = syncs.lock_own(session, claim)
            if sync_row is None:
                raise _Over
            if fetching.standing is not None:
                take_standing(session, fetching.standing, parts.clock())
                fetching.standing = None
            keep_page(session, sync_row, page, headings, fetching.authorities_told, parts.clock())
            is_turn_over = (
                page.next_cursor is not None and ends_at is not None and time.monotonic() > ends_at
            )
            if is_turn_over:
                syncs.put_off(sync_row, parts.clock())
        if is_turn_over:
            return False
    return True


def _merge(
    parts: Parts, school_id: UUID, claim: Claim, source: Source, fetching: Fetching
) -> ImportReport:
    leavers = leavers_of(source) if fetching.is_full else []
    with transaction(parts.sessions, school_id) as session:
        sync_row = syncs.lock_own(session, claim)
        if sync_row is None:
            raise _Over
        sync_row.state = SyncState.MERGING
        if not fetching.confirm_drop:
            _require_whole(sync_row.is_full, sync_row.records, sync_row.expected, sync_row.kind)
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        wait_for_turn(session)  # before the agreement, as whoever switches or deletes does
        _require_shared(session)
        staged = staged_of(session, claim.sync_id, source.fields, fetching, leavers)
        report = merge_staged(
            session,
            staged,
            source=fetching.kind.value,
            is_full=fetching.is_full,
            confirm_drop=fetching.confirm_drop,
            staff_id=fetching.asked_by,
            now=now,
        )
        sync_row = syncs.lock_own(session, claim)
        if sync_row is None:
            raise _Over  # ended meanwhile: this transaction leaves nothing
        connection = require_connection(session)
        connection.synced_to, connection.ids_changed = fetching.started_at, False
        connection.mark = sync_row.mark
        prove_connection(session, connection, now)
        keep_report(session, sync_row, report)
        syncs.end(session, sync_row, SyncState.DONE, None, now)
    log.info("sync done sync=%s", claim.sync_id)
    return report


def _require_whole(is_full: bool, records: int, expected: int | None, kind: SourceKind) -> None:
    if not is_full or expected is None:
        return
    lacking = expected - records
    if lacking > max(MAY_LACK, MAY_LACK_SHARE * expected):
        raise Nonsense(
            f"{CALLED[kind]} announced {expected:,} pupils and gave {records:,}, so the roster "
            "may be incomplete. Nothing was changed. It is asked again at the next sync. Where it "
            "counts pupils whom it does not share, the operator confirms with --confirm-drop, or "
            "takes the count out of its mapping."
        )


def _require_shared(session: Session) -> None:
    """Holds off a revocation until this merge is committed, or sees the one before it."""
    agreement = hold_agreement(session)
    if agreement.connection is Connection.REVOKED:
        raise Revoked("The school revoked its connection while its roster was being read.")
    if agreement.connection is Connection.PAUSED:
        raise Paused("The school paused its connection while its roster was being read.")
    connection = require_connection(session)
    if connection.state is not SourceState.AUTHORISED:
        raise Revoked("The permission was taken back while the roster was being read.")


def _end_in_trouble(parts: Parts, school_id: UUID, claim: Claim, trouble: SourceTrouble) -> None:
    moved = _STATE_OF_TROUBLE.get(type(trouble))
    if moved is None:
        _end(parts, school_id, claim, SyncState.FAILED, trouble.words)
        if isinstance(trouble, Unreachable):
            log.warning("source out of reach sync=%s", claim.sync_id)
        return
    source_state, sync_state = moved
    with transaction(parts.sessions, school_id) as session:
        agreement = session.get_one(SharingAgreement, school_id)
        is_own_word = agreement.connection in (Connection.PAUSED, Connection.REVOKED)
        if syncs.lock_own(session, claim) is not None and not is_own_word:
            state = take_standing(session, Standing(source_state, trouble.words), parts.clock())
            sync_state = _STATE_OF_STANDING.get(state, sync_state)
    _end(parts, school_id, claim, sync_state, trouble.words)


def _put_off(parts: Parts, school_id: UUID, claim: Claim, trouble: PutOff) -> None:
    with transaction(parts.sessions, school_id) as session:
        sync_row = syncs.lock_own(session, claim)
        if sync_row is None:
            return
        now = parts.clock()
        sync_row.reason = trouble.words
        longest = (syncs.next_night(now, school_id) - now).total_seconds()
        syncs.put_off(sync_row, now + timedelta(seconds=min(trouble.seconds, longest)))


def _end(
    parts: Parts,
    school_id: UUID,
    claim: Claim,
    state: SyncState,
    reason: str,
    report: dict[str, int] | None = None,
) -> None:
    with transaction(parts.sessions, school_id) as session:
        sync_row = syncs.lock_own(session, claim)
        if sync_row is not None:
            sync_row.report = report
            syncs.end(session, sync_row, state, reason, parts.clock())
    log.info("sync %s sync=%s", state.value, claim.sync_id)


def _is_night(session: Session, now: datetime) -> bool:
    due = syncs.next_due(session, now)
    return due is not None and due <= now and syncs.under_way(session) is None


@contextmanager
def _keeping_lease(parts: Parts, school_id: UUID, claim: Claim) -> Iterator[None]:
    """While this process lives, nobody takes the sync over; soon after it dies, somebody does."""
    is_over = threading.Event()

    def keep() -> None:
        while not is_over.wait(KEEP_LEASE_EVERY):
            try:
                with transaction(parts.sessions, school_id) as session:
                    enter_school(session, school_id)
                    syncs.prolong(session, claim, parts.clock())
            except (DBAPIError, OSError) as fault:
                log.warning("lease not kept sync=%s: %s", claim.sync_id, type(fault).__name__)

    thread = threading.Thread(target=keep, name="sync-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
