"""One optional question after sending: how easy it was. Kept as counts, without a name."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.answering.feedback_models import Ease, Feedback, count_key
from outreach.answering.models import Mode, Response
from outreach.answering.sessions import Visit
from outreach.database import school_of


def has_given_feedback(session: Session, visit: Visit) -> bool:
    assert visit.response is not None
    asked = select(Response.gave_feedback).where(
        Response.school_id == school_of(session), Response.id == visit.response.id
    )
    return session.scalars(asked).one()


def give_feedback(session: Session, visit: Visit, campaign_id: UUID, ease: Ease) -> bool:
    """Once a response, and only of one that is sent; whether this was the once."""
    assert visit.response is not None
    first = session.scalar(
        update(Response)
        .where(
            Response.school_id == school_of(session),
            Response.id == visit.response.id,
            Response.submitted_at.is_not(None),
            ~Response.gave_feedback,
        )
        .values(gave_feedback=True)
        .returning(Response.id)
        .execution_options(synchronize_session=False)
    )
    if first is None:
        return False
    _count(session, campaign_id, visit.session.mode, ease)
    return True


def _count(session: Session, campaign_id: UUID, mode: Mode, ease: Ease) -> None:
    here = school_of(session)
    session.execute(
        insert(Feedback)
        .values(school_id=here, campaign_id=campaign_id, counts={}, shown={})
        .on_conflict_do_nothing()
    )
    row = session.get_one(Feedback, (here, campaign_id), with_for_update=True)
    key = count_key(mode, ease)
    row.counts = {**row.counts, key: row.counts.get(key, 0) + 1}
