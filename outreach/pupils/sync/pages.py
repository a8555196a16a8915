"""What the pages of the connection show: its state, how far a sync is, and how the last ones went."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.practice.schools import PRACTICE_SCHOOLS
from outreach.pupils.roster.staged_pages import faults_of
from outreach.pupils.sources.columns import vocabulary
from outreach.pupils.sources.making import CALLED
from outreach.pupils.sources.records import CellFault, Field
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.models import RosterSync, SourceKind, SourceState, SyncState
from outreach.schools.models import StaffMember
from outreach.settings import Settings

SHOWN_FAULTS = 200
RENEW_SECONDS = 2


@dataclass(frozen=True)
class ConnectWords:
    """How one integrator calls what it asks for."""

    about: str
    id_label: str
    id_hint: str
    secret_label: str
    secret_hint: str


CONNECT_WORDS = {
    SourceKind.WONDE: ConnectWords(
        "For schools that share their data through Wonde.",
        "Wonde school ID",
        "In the Wonde portal it stands beside the school's name; it begins with A.",
        "Token for this school",
        "From the Wonde portal. It is stored encrypted and never shown again.",
    ),
    SourceKind.XPORTER: ConnectWords(
        "For schools that share their data through Groupcall Xporter on Demand.",
        "LA and establishment number",
        "Seven digits: three of the local authority, four of the school.",
        "School secret",
        "From the authorisation in Xporter. It is stored encrypted and never shown again.",
    ),
    SourceKind.ONEROSTER: ConnectWords(
        "For systems that offer OneRoster 1.1 or 1.2.",
        "Client ID",
        "What the system calls this application.",
        "Client secret or token",
        "From whoever keeps the system. It is stored encrypted and never shown again.",
    ),
}

_SYNC_WORDS = {
    SyncState.WAITING: ("info", "Waiting", "It begins as soon as a worker is free."),
    SyncState.FETCHING: (
        "info",
        "Fetching",
        "The roster is being fetched. You can leave this page.",
    ),
    SyncState.MERGING: ("info", "Updating", "All is fetched. The roster is being updated."),
    SyncState.DONE: ("good", "Done", "The roster is up to date."),
    SyncState.HELD: ("warn", "Held", "Nothing was changed: somebody has to look at it first."),
    SyncState.PAUSED: ("warn", "Paused", "Nothing was changed, and no mail goes out meanwhile."),
    SyncState.REVOKED: ("bad", "Revoked", "Nothing was changed, and no mail goes out any more."),
    SyncState.FAILED: ("bad", "Failed", "Nothing was changed."),
}


@dataclass(frozen=True)
class SyncView:
    """One sync in words. `share` is how far it is, 0 to 100; None where that is not known."""

    state: SyncState
    tone: str
    text: str
    meaning: str
    reason: str | None
    asked_at: datetime
    ended_at: datetime | None
    by: str
    is_full: bool
    records: int
    expected: int | None
    counts: dict[str, int]

    @property
    def is_under_way(self) -> bool:
        return self.state in syncs.UNDER_WAY

    @property
    def progress_words(self) -> str:
        if self.expected:
            return f"{self.records:,} of about {self.expected:,} pupils fetched"
        return f"{self.records:,} pupils fetched"


@dataclass(frozen=True)
class ConnectedPage:
    kind: SourceKind
    called: str
    external_id: str
    state: SourceState
    state_words: str | None
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    latest: SyncView | None
    past: tuple[SyncView, ...]
    rejected: list[CellFault]
    warnings: list[CellFault]
    every_seconds: int | None

    @property
    def not_granted(self) -> tuple[str, ...]:
        return tuple(item for item in self.asked if item not in self.granted)


def connected_page(session: Session) -> ConnectedPage:
    """Raises NotFound where the school is connected to nothing."""
    connection = require_connection(session)
    rows = syncs.past_syncs(session)
    names = _names(session, rows)
    views = tuple(_view(row, names) for row in rows)
    latest = views[0] if views else None
    rejected: list[CellFault] = []
    warnings: list[CellFault] = []
    if rows and latest is not None and not latest.is_under_way:
        rejected = faults_of(session, rows[0].id, is_rejected=True, limit=SHOWN_FAULTS)
        warnings = faults_of(session, rows[0].id, is_rejected=False, limit=SHOWN_FAULTS)
    return ConnectedPage(
        kind=connection.kind,
        called=CALLED[connection.kind],
        external_id=connection.external_id,
        state=connection.state,
        state_words=connection.state_words,
        asked=_labels(connection.asked_items),
        granted=_labels(connection.granted_items),
        latest=latest,
        past=views,
        rejected=rejected,
        warnings=warnings,
        every_seconds=RENEW_SECONDS if latest is not None and latest.is_under_way else None,
    )


def practice_hint(kind: SourceKind, settings: Settings) -> str | None:
    """What to type in a trial, where the integrator is a practice server on this machine."""
    practice = PRACTICE_SCHOOLS.get(kind.value)
    if practice is None or not settings.is_practice_sources:
        return None
    return f"This is a trial: type {practice.external_id} and {practice.secret}."


def _view(row: RosterSync, names: dict[object, str]) -> SyncView:
    tone, text, meaning = _SYNC_WORDS[row.state]
    counts = row.report if row.state in (SyncState.DONE, SyncState.HELD) and row.report else {}
    return SyncView(
        state=row.state,
        tone=tone,
        text=text,
        meaning=meaning,
        reason=row.reason,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        by=names.get(row.asked_by, "The service"),
        is_full=row.is_full,
        records=row.records,
        expected=row.expected,
        counts={name: value for name, value in counts.items() if isinstance(value, int)},
    )


def _names(session: Session, rows: list[RosterSync]) -> dict[object, str]:
    wanted = {row.asked_by for row in rows if row.asked_by}
    found = session.execute(
        select(StaffMember.id, StaffMember.name).where(
            StaffMember.school_id == school_of(session), StaffMember.id.in_(wanted)
        )
    )
    return {row.id: row.name for row in found}


def _labels(items: list[str]) -> tuple[str, ...]:
    words = vocabulary().names
    known = {field.value: words[field] for field in Field}
    return tuple(known.get(item, item) for item in items)
