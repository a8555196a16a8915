"""Which responses a campaign's figures and exports are made of."""

from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import Session, aliased

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.reports.models import CountedResponse


class Edition(Enum):
    """For whom figures are made, which says of which responses."""

    LIVE = "live"
    """As they come in: for those who may read the single responses."""
    COUNTED = "counted"
    """As they were last counted in (`counting.py`), with small numbers hidden: for all others."""


def is_of_campaign(
    session: Session, campaign_id: UUID, edition: Edition = Edition.LIVE
) -> ColumnElement[bool]:
    """Submitted responses of the campaign, each student's once (see `is_last_of_invitation`); needs
    Response and Invitation joined."""
    return and_(
        Response.school_id == school_of(session),
        Invitation.campaign_id == campaign_id,
        counts_in(edition),
        is_last_of_invitation(edition),
    )


def is_last_of_invitation(edition: Edition = Edition.LIVE) -> ColumnElement[bool]:
    """Who was let answer again and did so in the next school year has two responses that count, each
    in its own year; in a campaign's figures they stand once, by the newer one."""
    newer = aliased(Response)
    has_newer = (
        exists()
        .where(
            newer.school_id == Response.school_id,
            newer.invitation_id == Response.invitation_id,
            newer.submitted_at > Response.submitted_at,
            counts_in(edition, newer),
        )
        .correlate(Response)
    )
    return or_(Response.replaceable_since.is_(None), ~has_newer)


def counts_in(edition: Edition, of: type[Response] = Response) -> ColumnElement[bool]:
    """Live, a response that was set aside counts nowhere, in pages and exports alike."""
    if edition is Edition.COUNTED:
        return is_counted(of)
    return and_(of.submitted_at.is_not(None), of.superseded_at.is_(None))


def is_counted(of: type[Response] = Response) -> ColumnElement[bool]:
    return exists().where(
        CountedResponse.school_id == of.school_id, CountedResponse.response_id == of.id
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
