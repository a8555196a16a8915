"""Facts about messages: appended, each once, never with an address in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from outreach.database import school_of

_APPEND = text("""
    INSERT INTO delivery_event (school_id, message_id, source, event_id, kind, at, status_code,
                                words, account)
    SELECT :school_id, told.*
    FROM unnest(cast(:message_ids AS uuid[]), cast(:sources AS text[]), cast(:event_ids AS text[]),
                cast(:kinds AS text[]), cast(:ats AS timestamptz[]), cast(:codes AS text[]),
                cast(:words AS text[]), cast(:accounts AS text[])) AS told
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True)
class Fact:
    """`source` says who told it (smtp, answer); (source, event_id) is told once."""

    message_id: UUID
    source: str
    event_id: str
    kind: str
    at: datetime
    status_code: str | None = None
    words: str | None = None
    account: str | None = None


def append_all(session: Session, rows: Sequence[Fact]) -> None:
    """One statement however many."""
    if not rows:
        return
    session.execute(
        _APPEND,
        {
            "school_id": school_of(session),
            "message_ids": [row.message_id for row in rows],
            "sources": [row.source for row in rows],
            "event_ids": [row.event_id for row in rows],
            "kinds": [row.kind for row in rows],
            "ats": [row.at for row in rows],
            "codes": [row.status_code for row in rows],
            "words": [row.words for row in rows],
            "accounts": [row.account for row in rows],
        },
    )
