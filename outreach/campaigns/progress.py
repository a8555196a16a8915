"""Where a campaign stands: counts that add up at every moment, all of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from outreach.campaigns.audience import NOBODY, Audience, work_out
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.states import CampaignState, InvitationState, MessageState
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.reach.reasons import Reason

_COUNT = text("""
    SELECT campaign.state, campaign.audience,
        (SELECT coalesce(jsonb_object_agg(state, pupils), '{}') FROM (
            SELECT state, count(*) AS pupils FROM invitation
            WHERE school_id = :school_id AND campaign_id = :campaign_id GROUP BY state
        ) AS counted) AS invitations,
        (SELECT coalesce(jsonb_object_agg(state, mails), '{}') FROM (
            SELECT state, count(*) AS mails FROM message
            WHERE school_id = :school_id AND campaign_id = :campaign_id AND step <> 'copy'
            GROUP BY state
        ) AS counted) AS messages,
        EXISTS (
            SELECT FROM campaign_block WHERE school_id = :school_id
            AND campaign_id = :campaign_id AND written_at IS NULL
        ) AS is_being_written
    FROM campaign WHERE school_id = :school_id AND id = :campaign_id
""")


@dataclass(frozen=True)
class Status:
    """asked = mailable + sum(excluded) = sum(invitations). Every state is there, at 0 too.

    Resent mail makes the messages more than the mailable; each is one mail.
    """

    campaign_id: UUID
    state: CampaignState
    asked: int
    mailable: int
    excluded: Mapping[Reason, int]
    messages: Mapping[MessageState, int]
    invitations: Mapping[InvitationState, int]


def status(session: Session, campaign_id: UUID, now: datetime) -> Status:
    """One statement, and so one snapshot. A draft's audience is worked out anew at each call."""
    key = {"school_id": school_of(session), "campaign_id": campaign_id}
    row = session.execute(_COUNT, key).one_or_none()
    if row is None:
        raise NotFound("There is no such campaign at this school.")
    state = CampaignState(row.state)
    audience = _audience(session, campaign_id, state, row.audience, now)
    invitations = {one: int(row.invitations.get(one.value, 0)) for one in InvitationState}
    # In a draft all are yet to be prepared. Rows that are gone for good (a pupil was erased while
    # the launch was written) count as stopped, so that nothing seems to be under way for ever.
    missing = InvitationState.STOPPED
    if state is CampaignState.DRAFT or row.is_being_written:
        missing = InvitationState.PREPARING
    invitations[missing] += audience.asked - sum(invitations.values())
    return Status(
        campaign_id=campaign_id,
        state=state,
        asked=audience.asked,
        mailable=audience.mailable,
        excluded=audience.excluded,
        messages={one: int(row.messages.get(one.value, 0)) for one in MessageState},
        invitations=invitations,
    )


def _audience(
    session: Session,
    campaign_id: UUID,
    state: CampaignState,
    frozen: Mapping[str, object] | None,
    now: datetime,
) -> Audience:
    if frozen is not None:
        return Audience.thawed(frozen)
    if state is CampaignState.DRAFT:
        return work_out(session, find_campaign(session, campaign_id), now)
    return NOBODY  # a draft that was cancelled asked nobody
