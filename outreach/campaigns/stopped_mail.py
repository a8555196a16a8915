"""Mail to one pupil that has stopped, by an address or by the student's word, and staff starting it again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach.audit import Actor
from outreach.campaigns import muting, outbox
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation, Message
from outreach.campaigns.states import CAN_ANSWER, CampaignState, MessageState
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.mail.bounces import meanings
from outreach.pupils import suppressing
from outreach.pupils.models import AddressKind, PupilAddress, Suppression, SuppressionReason
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.reach.why import Why

OPEN = (CampaignState.LAUNCHING, CampaignState.SENDING, CampaignState.PAUSED)


@dataclass(frozen=True)
class StoppedAddress:
    """`words` say why, `told` what the mail server said in the words of its reason, where one came.
    `until` is null where it is for good. `asks_student`: it is theirs to say that mail may go again."""

    kind: AddressKind
    words: str
    told: str
    at: datetime
    until: datetime | None
    can_lift: bool
    asks_student: bool


@dataclass(frozen=True)
class StoppedQuestionnaire:
    campaign_id: UUID
    name: str
    at: datetime


@dataclass(frozen=True)
class StoppedMail:
    addresses: tuple[StoppedAddress, ...]
    questionnaires: tuple[StoppedQuestionnaire, ...]


def stopped_mail_of(session: Session, pupil_id: UUID, now: datetime) -> StoppedMail:
    """Of the addresses that the pupil has today, and of campaigns that are open."""
    addresses = session.execute(
        select(PupilAddress.kind, Suppression)
        .join(
            Suppression,
            (Suppression.school_id == PupilAddress.school_id)
            & (Suppression.address_hash == PupilAddress.address_hash),
        )
        .where(
            PupilAddress.school_id == school_of(session),
            PupilAddress.pupil_id == pupil_id,
            or_(Suppression.expires_at.is_(None), Suppression.expires_at > now),
        )
        .order_by(PupilAddress.kind.desc())
    )
    muted = session.execute(
        select(Campaign.id, Campaign.name, Invitation.mail_stopped_at)
        .join(
            Invitation,
            (Invitation.school_id == Campaign.school_id) & (Invitation.campaign_id == Campaign.id),
        )
        .where(
            Campaign.school_id == school_of(session),
            Campaign.state.in_(OPEN),
            Invitation.pupil_id == pupil_id,
            Invitation.mail_stopped_at.is_not(None),
            Invitation.state.in_(CAN_ANSWER),
        )
        .order_by(Campaign.created_at.desc())
    )
    return StoppedMail(
        tuple(_shown(row.kind, row.Suppression) for row in addresses),
        tuple(StoppedQuestionnaire(row.id, row.name, row.mail_stopped_at) for row in muted),
    )


def mail_address_again(
    session: Session, pupil_id: UUID, kind: AddressKind, actor: Actor, now: datetime
) -> bool:
    """Staff have seen to it that the address takes mail. What was stopped for it waits again.

    False where nothing was stopped. Of one pupil or of several who share the address.
    """
    if not suppressing.lift(session, pupil_id, kind, actor, now):
        return False
    theirs = select(Invitation.id).where(
        Invitation.school_id == school_of(session),
        Invitation.pupil_id == pupil_id,
        Invitation.state.in_(CAN_ANSWER),
        Invitation.mail_stopped_at.is_(None),
    )
    in_open = select(Campaign.id).where(
        Campaign.school_id == school_of(session), Campaign.state.in_(OPEN)
    )
    outbox.queue_again(
        session,
        now,
        Message.invitation_id.in_(theirs),
        Message.campaign_id.in_(in_open),
        Message.state == MessageState.STOPPED,
        Message.reason == Reason.SUPPRESSED.value,
    )
    return True


def mail_questionnaire_again(
    session: Session, campaign_id: UUID, pupil_id: UUID, actor: Actor, now: datetime
) -> bool:
    """The student told staff that they want mail about it after all. False where none was stopped."""
    campaign = find_campaign(session, campaign_id)
    invitation = session.scalar(
        select(Invitation).where(
            Invitation.school_id == school_of(session),
            Invitation.campaign_id == campaign.id,
            Invitation.pupil_id == pupil_id,
        )
    )
    if invitation is None:
        raise NotFound("This pupil is not in this campaign.")
    return muting.mail_again(session, invitation, now, actor)


def _shown(kind: AddressKind, row: Suppression) -> StoppedAddress:
    reason = row.source.rpartition("/")[2]
    meaning = meanings().get(reason) if row.reason is SuppressionReason.BOUNCED else None
    return StoppedAddress(
        kind=kind,
        words=Why.read(Reason.SUPPRESSED, row.reason.value).words,
        told=f"{meaning.words} {meaning.to_do}" if meaning else "",
        at=row.at,
        until=row.expires_at,
        can_lift=row.reason in suppressing.LIFTED_BY_STAFF,
        asks_student=row.reason is SuppressionReason.COMPLAINT,
    )
