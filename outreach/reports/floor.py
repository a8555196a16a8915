"""The floor: how few students a figure may stand for. A school may set its own."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.queues import Work
from outreach.reports.models import ReportingRule
from outreach.reports.small_numbers import USUAL_FLOOR

LEAST = 5
"""With four, each of them who knows the answers of one friend is left with two to tell apart."""
MOST = 30
"""A class. With more, most schools would see nothing at all."""


def floor_of(session: Session) -> int:
    kept = session.get(ReportingRule, school_of(session), populate_existing=True)
    return USUAL_FLOOR if kept is None else kept.floor


def change_floor(session: Session, floor: int, actor: Actor, now: datetime) -> bool:
    """Whether that was a change. Raises Refusal for one out of bounds."""
    if not LEAST <= floor <= MOST:
        raise Refusal(f"Enter a whole number from {LEAST} to {MOST}.")
    before = floor_of(session)
    if floor == before:
        return False
    values = {"floor": floor, "changed_at": now}
    session.execute(
        insert(ReportingRule)
        .values(school_id=school_of(session), **values)
        .on_conflict_do_update(index_elements=[ReportingRule.school_id], set_=values)
    )
    queues.call_for(session, school_of(session), Work.WRITE_BACK, now)  # more may be enough now
    audit.record(
        session,
        now,
        actor,
        "school.floor_changed",
        "school",
        school_of(session),
        before=before,
        after=floor,
    )
    return True
