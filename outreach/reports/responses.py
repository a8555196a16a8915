"""Which responses a campaign's figures and exports are made of."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of


def is_of_campaign(session: Session, campaign_id: UUID) -> ColumnElement[bool]:
    """Submitted responses of the campaign; needs Response and Invitation joined.

    Current ones only, in pages and exports alike: a response that was set aside counts nowhere.
    """
    return and_(
        Response.school_id == school_of(session),
        Invitation.campaign_id == campaign_id,
        Response.submitted_at.is_not(None),
        Response.superseded_at.is_(None),
    )


def is_of_pupil(session: Session, pupil_id: UUID) -> ColumnElement[bool]:
    """Submitted responses of one pupil, those that others have replaced too."""
    return and_(
        Response.school_id == school_of(session),
        Invitation.pupil_id == pupil_id,
        Response.submitted_at.is_not(None),
    )


def is_its_invitation() -> ColumnElement[bool]:
    return and_(Invitation.school_id == Response.school_id, Invitation.id == Response.invitation_id)
