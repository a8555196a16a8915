"""Addresses that must not be mailed, known by keyed hash so that they outlive the pupil's row."""

from datetime import datetime

from sqlalchemy import case, func, null, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.models import Suppression, SuppressionReason


def suppress(
    session: Session,
    address_hash: bytes,
    reason: SuppressionReason,
    source: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
) -> None:
    """From now on the gate says `suppressed`; until `expires_at`, or for good where it is None.

    A second suppression never shortens the first.
    """
    row = insert(Suppression).values(
        school_id=school_of(session),
        address_hash=address_hash,
        reason=reason,
        source=source,
        at=now,
        expires_at=expires_at,
    )
    for_good = or_(Suppression.expires_at.is_(None), row.excluded.expires_at.is_(None))
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Suppression.school_id, Suppression.address_hash],
            set_={
                "reason": row.excluded.reason,
                "source": row.excluded.source,
                "at": row.excluded.at,
                "expires_at": case(
                    (for_good, null()),
                    else_=func.greatest(Suppression.expires_at, row.excluded.expires_at),
                ),
            },
        )
    )
