"""The school's connection to its information system: made, moved by the integrator's word, ended.

What the integrator says (`SourceConnection.state`) and what the school says here
(`SharingAgreement.connection`) are kept apart; the gate needs both to agree.
"""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor
from outreach.database import Sessions, school_of, transaction
from outreach.errors import Refusal
from outreach.pupils.roster.models import StagedPupil
from outreach.pupils.sources.source import Standing
from outreach.pupils.sync.connections import connection_of, require_connection
from outreach.pupils.sync.models import (
    RosterSync,
    SourceConnection,
    SourceDirectory,
    SourceKind,
    SourceState,
    SyncFault,
    SyncState,
)
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.sync.syncs import end, system_of, under_way
from outreach.queues import Work
from outreach.schools.models import ChangedBy, Connection, School, SharingAgreement
from outreach.schools.revoking import settle_deletion_timer
from outreach.schools.sharing import Move, write_moves
from outreach.settings import Settings
from outreach.switching_off import wait_for_senders

EXTERNAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
CLIENT_ID = re.compile(r"[!-~]{1,100}")
LONGEST_SECRET = 4_000
BARRED = frozenset({SourceState.REVOKED, SourceState.DECLINED})
SETTING = "source"
"""How the integrator's word stands in the history of sharing."""


def connect(
    session: Session,
    sealer: Sealer,
    *,
    kind: SourceKind,
    external_id: str,
    secret: str | None,
    url: str | None,
    may_be_private: bool,
    actor: Actor,
    now: datetime,
) -> SourceConnection:
    """Keep how the school is reached; the next sync proves it. Replaces a connection of this id, and
    one that never worked.

    A new secret moves nothing: what the integrator last said holds until it says otherwise.
    Raises Refusal where the school is connected to another system, or the id is another school's.
    `secret` is None where the integrator brings it after the school has agreed.
    """
    school_id = school_of(session)
    is_in_path = kind is not SourceKind.ONEROSTER
    if not (EXTERNAL_ID if is_in_path else CLIENT_ID).fullmatch(external_id):
        raise Refusal(
            "This cannot be the id: it has letters, digits, dots and hyphens, and no spaces. "
            "Copy it again from the integrator's own page."
        )
    if is_in_path and url is not None:  # a secret, ours among them, would go to whoever typed it
        raise Refusal("Only a OneRoster server has an address of its own. Leave it out.")
    present = connection_of(session)
    is_same = present is not None and (present.kind, present.external_id) == (kind, external_id)
    if present is not None and not is_same and present.state is not SourceState.PENDING:
        raise Refusal(
            f"This school is connected by {present.kind.value} already. Disconnect it first; the "
            "pupils stay as they are."
        )
    _enter_directory(session, kind, external_id, school_id)
    values = {
        "kind": kind,
        "external_id": external_id,
        "url": url,
        "may_be_private": may_be_private,
        "secret": None if secret is None else sealer.seal(secret),
        "state": SourceState.PENDING if present is None else present.state,
        "state_words": present.state_words if present and is_same else "Not asked yet.",
        "connected_by": actor.id,
        "connected_at": now,
        "changed_at": now,
        "synced_to": None,
        "mark": None,
    }
    row = insert(SourceConnection).values(school_id=school_id, **values)
    session.execute(
        row.on_conflict_do_update(index_elements=[SourceConnection.school_id], set_=values)
    )
    connection = require_connection(session)
    connection.ids_changed |= _is_another_system(session, connection)
    audit.record(session, now, actor, "source.connected", "school", school_id, kind=kind.value)
    return connection


def request_access(session: Session, settings: Settings, now: datetime) -> None:
    """Ask the school, through Wonde, to share its data. Raises Refusal or SourceTrouble."""
    from outreach.pupils.sources.wonde_client import WondeClient

    connection = require_connection(session)
    if connection.kind is not SourceKind.WONDE or not settings.wonde_app_token:
        raise Refusal("Only Wonde takes a request for access, with WONDE_APP_TOKEN set.")
    WondeClient(settings.wonde_url, settings.wonde_app_token).request_access(connection.external_id)
    connection.state_words = "Access was requested. The school has not decided yet."
    audit.record(
        session, now, audit.SYSTEM, "source.access_requested", "school", connection.school_id
    )


def disconnect(session: Session, actor: Actor, now: datetime) -> SourceKind:
    """Forget the connection and its secret; mail stops, and the pupils stay as they are.

    A revocation that the integrator told stays one: it becomes the school's word here, which the
    school can take back on its Data sharing page.
    """
    connection = require_connection(session)
    kind, was_barred = connection.kind, connection.state in BARRED
    present = under_way(session)
    if present is not None:
        end(session, present, SyncState.FAILED, "The school was disconnected.", now)
    forget_connection(session)
    agreement = session.get_one(SharingAgreement, school_of(session), populate_existing=True)
    left = Connection.REVOKED if was_barred else Connection.NOT_CONNECTED
    if was_barred or agreement.connection is Connection.AUTHORISED:
        _move_agreement(session, agreement, left, actor, now)
    agreement.source_revoked = False
    settle_deletion_timer(session, agreement, now)
    audit.record(session, now, actor, "source.disconnected", "school", school_of(session))
    wait_for_senders(session)
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    return kind


def forget_connection(session: Session) -> None:
    """No sync and no secret of the school is left. Says nothing in the history: its caller does."""
    here = SourceDirectory.school_id == school_of(session)
    session.execute(delete(SourceDirectory).where(here))
    connection = connection_of(session)
    if connection is not None:
        session.delete(connection)
        session.flush()
    for table in (StagedPupil, SyncFault):
        session.execute(delete(table).where(table.school_id == school_of(session)))


def take_standing(session: Session, standing: Standing, now: datetime) -> SourceState:
    """The integrator's word of today: move the state, and what hangs on it. Gives the new state.

    A school that had agreed and is now said not to have decided counts as paused: mail stops, and
    nothing is deleted for what may be a fault on their side. A revocation ends with an agreement,
    and not with a word less than that. What never was agreed is not revoked: an id or a secret that
    never worked is a slip of the pen, and no word of the school's.
    """
    connection = require_connection(session)
    if standing.asked:
        connection.asked_items = sorted(field.value for field in standing.asked)
    if standing.granted is not None:
        connection.granted_items = sorted(field.value for field in standing.granted)
    state = standing.state
    if state is SourceState.PENDING and connection.state is not SourceState.PENDING:
        state = SourceState.PAUSED
    if state is SourceState.PAUSED and connection.state in BARRED:
        state = connection.state
    if state is SourceState.REVOKED and connection.state is SourceState.PENDING:
        connection.state_words = standing.words
        return state
    move_state(session, connection, state, standing.words, now)
    return state


def move_state(
    session: Session,
    connection: SourceConnection,
    state: SourceState,
    words: str | None,
    now: datetime,
) -> bool:
    """Mail stops at once where it must, the deletion timer starts or ends. False where it stays so.

    A first authorisation also says that the school is connected; what it lets us mail stays its
    own decision (ADR 2).
    """
    before = connection.state
    connection.state_words = words
    if before is state:
        return False
    connection.state, connection.changed_at = state, now
    agreement = session.get_one(SharingAgreement, school_of(session), populate_existing=True)
    moves = [Move(SETTING, before.value, state.value)]
    agreement.source_revoked = state in BARRED
    settle_deletion_timer(session, agreement, now)
    if state is SourceState.AUTHORISED and agreement.connection is Connection.NOT_CONNECTED:
        agreement.connection, agreement.changed_at = Connection.AUTHORISED, now
        moves.append(Move("connection", "not_connected", "authorised"))
    write_moves(session, now, moves, ChangedBy.SOURCE, None, words)
    session.flush()
    wait_for_senders(session)
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    return True


def take_new_secret(session: Session, sealer: Sealer, secret: str, now: datetime) -> None:
    """A second authorisation brings a new one; the old is forgotten."""
    connection = require_connection(session)
    connection.secret, connection.changed_at = sealer.seal(secret), now
    audit.record(session, now, audit.SYSTEM, "source.secret_renewed", "school", school_of(session))


def reseal_all(sessions: Sessions, sealer: Sealer) -> int:
    """Every school's secret under the newest key; commits school by school. Gives how many changed."""
    with transaction(sessions) as session:
        school_ids = session.scalars(select(School.id)).all()
    done = 0
    for school_id in school_ids:
        with transaction(sessions, school_id) as session:
            connection = connection_of(session)
            if connection is None or connection.secret is None:
                continue
            if not sealer.is_newest(connection.secret):
                connection.secret = sealer.reseal(connection.secret)
                done += 1
    return done


def prove_connection(session: Session, connection: SourceConnection, now: datetime) -> None:
    """Its pupils have come: from now on the id is this school's, and its webhooks are believed."""
    if connection.kind is SourceKind.ONEROSTER:
        return
    row = insert(SourceDirectory).values(
        kind=connection.kind,
        external_id=connection.external_id,
        school_id=connection.school_id,
        proven_at=now,
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[SourceDirectory.kind, SourceDirectory.external_id],
            set_={"school_id": connection.school_id, "proven_at": now},
            where=SourceDirectory.proven_at.is_(None),
        )
    )


def is_proven(session: Session, connection: SourceConnection) -> bool:
    """Whether a secret that comes by itself may be this school's: it had one that worked before,
    or the operator made the connection and so vouches for its id."""
    entry = session.get(SourceDirectory, (connection.kind, connection.external_id))
    if entry is None or entry.school_id != connection.school_id:
        return False
    return entry.proven_at is not None or connection.connected_by is None


def _is_another_system(session: Session, connection: SourceConnection) -> bool:
    """Whether the last roster came from a system whose identifiers mean nothing at this one."""
    last = session.scalar(
        select(RosterSync.system)
        .where(RosterSync.school_id == connection.school_id, RosterSync.state == SyncState.DONE)
        .order_by(RosterSync.ended_at.desc())
        .limit(1)
    )
    return last is not None and last != system_of(connection)


def _enter_directory(session: Session, kind: SourceKind, external_id: str, school_id: UUID) -> None:
    """OneRoster's ids are a client's, and several schools may share one; it has no webhooks.

    A row that nobody has proven yet goes to whoever connects last.
    """
    own = SourceDirectory.school_id == school_id
    others = (SourceDirectory.kind != kind) | (SourceDirectory.external_id != external_id)
    session.execute(delete(SourceDirectory).where(own, others))
    if kind is SourceKind.ONEROSTER:
        return
    row = insert(SourceDirectory).values(kind=kind, external_id=external_id, school_id=school_id)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[SourceDirectory.kind, SourceDirectory.external_id],
            set_={"school_id": school_id},
            where=SourceDirectory.proven_at.is_(None),
        )
    )
    here = (SourceDirectory.kind == kind, SourceDirectory.external_id == external_id)
    if session.scalar(select(SourceDirectory.school_id).where(*here)) != school_id:
        raise Refusal(
            "Another school of this service is connected under this id. Check it; an id belongs "
            "to one school."
        )


def _move_agreement(
    session: Session,
    agreement: SharingAgreement,
    connection: Connection,
    actor: Actor,
    now: datetime,
) -> None:
    move = Move("connection", agreement.connection.value, connection.value)
    agreement.connection, agreement.changed_at = connection, now
    by = ChangedBy.STAFF if actor.id else ChangedBy.OPERATOR
    write_moves(session, now, [move], by, actor.id, "The connection was ended.")
