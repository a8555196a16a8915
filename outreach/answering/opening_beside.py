"""Staff open the questions for one pupil who sits beside them, on a computer of the staff's."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.answering.again import has_answered_this_year
from outreach.campaigns.links import gone_because
from outreach.campaigns.models import ArrivedBy, Campaign, Invitation, Link
from outreach.campaigns.states import ANSWERED, CAN_ANSWER
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.pupils.models import Pupil


def find_invited(
    session: Session, invitation_id: UUID, seen: ColumnElement[bool]
) -> tuple[Invitation, Campaign, Pupil]:
    """NotFound for another school's invitation, and for a pupil whom the reader may not see."""
    school_id = school_of(session)
    row = session.execute(
        select(Invitation, Campaign, Pupil)
        .join(Campaign, Campaign.id == Invitation.campaign_id)
        .join(Pupil, Pupil.id == Invitation.pupil_id)
        .where(
            Invitation.school_id == school_id,
            Invitation.id == invitation_id,
            Campaign.school_id == school_id,
            Pupil.school_id == school_id,
            Pupil.erased_at.is_(None),
            seen,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such invitation at this school.")
    return row[0], row[1], row[2]


def why_not(
    session: Session, invitation: Invitation, campaign: Campaign, now: datetime
) -> str | None:
    """Why the questions cannot be opened, in words; None where they can."""
    if gone_because(None, campaign.state, campaign.closes_at, now) is not None:
        return "The campaign is over, so no more answers are taken."
    if invitation.state in ANSWERED:
        return "This pupil has sent their answers in already."
    if invitation.state not in CAN_ANSWER:
        return "This pupil takes no part in it any more: by their own word, or it was stopped."
    if has_answered_this_year(session, invitation, now):
        return (
            "This pupil has answered this school year already, in another campaign. On their page you "
            "can let them answer again."
        )
    return None


def open_beside(
    session: Session,
    invitation: Invitation,
    campaign: Campaign,
    staff_id: UUID,
    now: datetime,
) -> Link:
    """A link for this sitting, recorded as opened by staff. Earlier answers are shown only as they
    would be by any other link. Raises Refusal."""
    refused = why_not(session, invitation, campaign, now)
    if refused is not None:
        raise Refusal(refused)
    link = Link(
        id=uuid4(),
        school_id=school_of(session),
        invitation_id=invitation.id,
        created_at=now,
        arrives_by=ArrivedBy.STAFF,
        opened_by=staff_id,
    )
    session.add(link)
    session.flush()
    actor = audit.staff_actor(staff_id)
    audit.record(session, now, actor, "answering.opened_beside", "invitation", invitation.id)
    return link
