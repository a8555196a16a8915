"""Facts about messages: appended, each once, never with an address in them."""

import json
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
    FROM json_to_recordset(cast(:told AS json))
        AS told (message_id uuid, source text, event_id text, kind text, at timestamptz,
                 status_code text, words text, account text)
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

    def as_row(self) -> dict[str, str | None]:
        return {
            "message_id": str(self.message_id),
            "source": self.source,
            "event_id": self.event_id,
            "kind": self.kind,
            "at": self.at.isoformat(),
            "status_code": self.status_code,
            "words": self.words,
            "account": self.account,
        }


def append_all(session: Session, rows: Sequence[Fact]) -> None:
    """One statement however many."""
    if not rows:
        return
    told = json.dumps([row.as_row() for row in rows])
    session.execute(_APPEND, {"school_id": school_of(session), "told": told})
