"""Finds campaigns: one of this school's, or the school of a campaign id."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns.models import Campaign, CampaignDirectory
from outreach.database import enter_school, school_of
from outreach.errors import NotFound


def find_campaign(session: Session, campaign_id: UUID) -> Campaign:
    """As it is now. NotFound for another school's too."""
    campaign = session.scalar(
        select(Campaign)
        .where(Campaign.school_id == school_of(session), Campaign.id == campaign_id)
        .execution_options(populate_existing=True)
    )
    if campaign is None:
        raise NotFound("There is no such campaign at this school.")
    return campaign


def list_campaigns(session: Session) -> Sequence[Campaign]:
    """Newest first."""
    return session.scalars(
        select(Campaign)
        .where(Campaign.school_id == school_of(session))
        .order_by(Campaign.created_at.desc(), Campaign.id)
    ).all()


def enter_school_of(session: Session, campaign_id: UUID) -> UUID:
    """For the command line, which is given a campaign id alone."""
    school_id = session.scalar(
        select(CampaignDirectory.school_id).where(CampaignDirectory.campaign_id == campaign_id)
    )
    if school_id is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    enter_school(session, school_id)
    return school_id
