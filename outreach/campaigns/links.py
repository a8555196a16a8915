"""Signed links: each names one row of `link`, the row one invitation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock
from outreach.campaigns.models import ArrivedBy, Campaign, Invitation, Link
from outreach.campaigns.states import CampaignState
from outreach.database import enter_school, school_of
from outreach.pupils.models import Pupil
from outreach.schools.models import School
from outreach.signing import BadToken, Purpose, TokenSigner, TokenSubject

STAFF_LINK_LASTS = timedelta(minutes=60)
"""What staff open beside a pupil serves that sitting: its address stays in the browser's history."""


class Gone(Enum):
    """Why a link that this service made leads nowhere any more."""

    REVOKED = "revoked"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class LinkGone(Exception):
    """The link was good once. The rest is for the page that says so (410)."""

    def __init__(self, reason: Gone, school_name: str, *, was_sent: bool) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.school_name = school_name
        self.was_sent = was_sent


@dataclass(frozen=True)
class OpenedLink:
    school: School
    link: Link
    invitation: Invitation
    campaign: Campaign
    pupil: Pupil


def link_token(signer: TokenSigner, school_key: bytes, link_id: UUID) -> str:
    """What stands after /q/."""
    return signer.sign(Purpose.LINK, school_key, link_id)


def stop_token(signer: TokenSigner, school_key: bytes, link_id: UUID) -> str:
    """What stands after /stop/: it can stop mail and nothing else, so it may travel in a header."""
    return signer.sign(Purpose.STOP_MAIL, school_key, link_id)


def open_link(
    session: Session, signer: TokenSigner, token: str, now: datetime | None = None
) -> OpenedLink:
    """Enter the link's school and find what it names. Changes nothing.

    Raises BadToken (not ours, or its row is erased) or LinkGone. A stopped or submitted invitation
    is opened: its page says so. The closing date ends a link even before the campaign is closed.
    """
    opened = _open(session, signer.verify(Purpose.LINK, token))
    campaign, at = opened.campaign, now or clock.now()
    reason = gone_because(opened.link.revoked_at, campaign.state, campaign.closes_at, at)
    if opened.link.arrives_by is ArrivedBy.STAFF and at - opened.link.created_at > STAFF_LINK_LASTS:
        reason = reason or Gone.REVOKED
    if reason is not None:
        was_sent = opened.invitation.submitted_at is not None
        raise LinkGone(reason, opened.school.name, was_sent=was_sent)
    return opened


def open_stop_link(session: Session, signer: TokenSigner, token: str) -> OpenedLink:
    """As `open_link`, from a mail's footer. Never gone: mail can be stopped at any time."""
    return _open(session, signer.verify(Purpose.STOP_MAIL, token))


def open_notice_link(session: Session, signer: TokenSigner, token: str) -> OpenedLink:
    """As `open_link`, for what anybody who has the link may read at any time. Never gone."""
    return _open(session, signer.verify(Purpose.LINK, token))


def gone_because(
    revoked_at: datetime | None, state: CampaignState, closes_at: datetime | None, now: datetime
) -> Gone | None:
    """For a browser that is answering too: the same rule ends its session."""
    if revoked_at is not None:
        return Gone.REVOKED
    if state is CampaignState.CANCELLED:
        return Gone.CANCELLED
    if state is CampaignState.CLOSED or (closes_at is not None and closes_at <= now):
        return Gone.CLOSED
    return None


def is_past_closing(campaign: Campaign, now: datetime) -> bool:
    return campaign.closes_at is not None and campaign.closes_at <= now


def _open(session: Session, subject: TokenSubject) -> OpenedLink:
    school = session.scalar(select(School).where(School.key == subject.school_key))
    if school is None:
        raise BadToken
    enter_school(session, school.id)
    row = session.execute(
        select(Link, Invitation, Campaign, Pupil)
        .join(
            Invitation,
            (Invitation.school_id == Link.school_id) & (Invitation.id == Link.invitation_id),
        )
        .join(
            Campaign,
            (Campaign.school_id == Link.school_id) & (Campaign.id == Invitation.campaign_id),
        )
        .join(Pupil, (Pupil.school_id == Link.school_id) & (Pupil.id == Invitation.pupil_id))
        .where(Link.school_id == school_of(session), Link.id == subject.row_id)
    ).one_or_none()
    if row is None:
        raise BadToken
    link, invitation, campaign, pupil = row
    return OpenedLink(school, link, invitation, campaign, pupil)
