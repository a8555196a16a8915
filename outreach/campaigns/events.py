"""Facts about messages: appended, each once, never with an address in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.campaigns.models import DeliveryEvent
from outreach.database import school_of


def append(
    session: Session,
    message_id: UUID,
    *,
    source: str,
    event_id: str,
    kind: str,
    at: datetime,
) -> None:
    """`source` says who told it (smtp, answer); (source, event_id) is told once."""
    row = {
        "message_id": message_id,
        "source": source,
        "event_id": event_id,
        "kind": kind,
        "at": at,
        "status_code": None,
        "words": None,
    }
    append_all(session, [row])


def append_all(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Rows as `append` makes them, with a status code and words where the mail server gave any."""
    if not rows:
        return
    school_id = school_of(session)
    session.execute(
        insert(DeliveryEvent)
        .values([row | {"school_id": school_id} for row in rows])
        .on_conflict_do_nothing()
    )
