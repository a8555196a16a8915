"""One optional question after sending: how easy it was. Kept so that nobody can tell whose word it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.answering.feedback_models import Ease, Feedback
from outreach.answering.models import Response
from outreach.answering.sessions import Visit
from outreach.clock import london_date
from outreach.database import school_of


def has_given_feedback(session: Session, visit: Visit) -> bool:
    assert visit.response is not None
    asked = select(Response.gave_feedback).where(
        Response.school_id == school_of(session), Response.id == visit.response.id
    )
    return session.scalars(asked).one()


def give_feedback(
    session: Session, visit: Visit, campaign_id: UUID, ease: Ease, now: datetime
) -> bool:
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
    session.add(
        Feedback(
            school_id=school_of(session),
            campaign_id=campaign_id,
            questionnaire=visit.invitation.questionnaire,
            version=visit.invitation.version,
            mode=visit.session.mode,
            language=visit.session.language,
            value=ease,
            on_date=london_date(now),
        )
    )
    return True
