"""What is known of one pupil: profile entries with their provenance, and their campaigns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.answering.models import AnsweringSession
from outreach.campaigns.models import ArrivedBy, Campaign, Invitation, Message
from outreach.campaigns.states import CAN_ANSWER, InvitationState, MessageState, MessageStep
from outreach.clock import london_date
from outreach.database import school_of
from outreach.profiles.models import ProfileEntry
from outreach.pupils.finding import get_pupil
from outreach.pupils.groups import is_member_on
from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup


@dataclass(frozen=True)
class Entry:
    """One fact and where it came from. Current unless `superseded_at` says since when not."""

    field: str
    value: Any
    source: str
    recorded_at: datetime
    response: UUID | None
    questionnaire: str | None
    version: int | None
    superseded_at: datetime | None

    @property
    def is_current(self) -> bool:
        return self.superseded_at is None


@dataclass(frozen=True)
class Profile:
    """`entries` hold the history too, newest first."""

    pupil: Pupil
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class CampaignPlace:
    """Where the pupil stands in one campaign; the message is the latest of the invitation."""

    campaign_id: UUID
    invitation_id: UUID
    name: str
    invitation_state: InvitationState
    stopped_reason: str | None
    excluded_reason: str | None
    message_state: MessageState | None
    message_reason: str | None
    submitted_at: datetime | None
    reopened_at: datetime | None
    created_at: datetime
    can_open_beside: bool
    arrived_by: frozenset[ArrivedBy]
    """The ways by which browsers came that gave answers, or saw them."""


def profile_of(session: Session, pupil_id: UUID) -> Profile:
    """Raises NotFound for a pupil of no school or of another."""
    pupil = get_pupil(session, pupil_id)
    rows = session.scalars(
        select(ProfileEntry)
        .where(ProfileEntry.school_id == school_of(session), ProfileEntry.pupil_id == pupil_id)
        .order_by(ProfileEntry.recorded_at.desc(), ProfileEntry.field)
    )
    return Profile(pupil, tuple(_entry(row) for row in rows))


def _entry(row: ProfileEntry) -> Entry:
    return Entry(
        field=row.field,
        value=row.value,
        source=row.source,
        recorded_at=row.recorded_at,
        response=row.response_id,
        questionnaire=row.questionnaire,
        version=row.version,
        superseded_at=row.superseded_at,
    )


def campaigns_of(session: Session, pupil_id: UUID) -> list[CampaignPlace]:
    """Every campaign that has an invitation for the pupil, newest first."""
    latest_message = (
        select(Message.state, Message.reason)
        .where(
            Message.school_id == Invitation.school_id,
            Message.invitation_id == Invitation.id,
            Message.step != MessageStep.COPY,
        )
        .order_by(Message.queued_at.desc(), Message.attempt.desc())
        .limit(1)
        .correlate(Invitation)
        .lateral("latest_message")
    )
    rows = session.execute(
        select(Campaign, Invitation, latest_message.c.state, latest_message.c.reason)
        .join(
            Invitation,
            (Invitation.school_id == Campaign.school_id) & (Invitation.campaign_id == Campaign.id),
        )
        .outerjoin(latest_message, latest_message.c.state.is_not(None))
        .where(Invitation.school_id == school_of(session), Invitation.pupil_id == pupil_id)
        .order_by(Campaign.created_at.desc(), Campaign.id)
    )
    arrived_by = _ways_of(session, pupil_id)
    return [
        CampaignPlace(
            campaign_id=campaign.id,
            invitation_id=invitation.id,
            name=campaign.name,
            invitation_state=invitation.state,
            stopped_reason=invitation.stopped_reason,
            excluded_reason=invitation.excluded_reason,
            message_state=message_state,
            message_reason=message_reason,
            submitted_at=invitation.submitted_at,
            reopened_at=invitation.reopened_at,
            created_at=invitation.created_at,
            can_open_beside=invitation.state in CAN_ANSWER and campaign.ended_at is None,
            arrived_by=arrived_by.get(invitation.id, frozenset()),
        )
        for campaign, invitation, message_state, message_reason in rows
    ]


def _ways_of(session: Session, pupil_id: UUID) -> dict[UUID, frozenset[ArrivedBy]]:
    rows = session.execute(
        select(AnsweringSession.invitation_id, AnsweringSession.arrived_by)
        .join(
            Invitation,
            (Invitation.school_id == AnsweringSession.school_id)
            & (Invitation.id == AnsweringSession.invitation_id),
        )
        .where(
            Invitation.school_id == school_of(session),
            Invitation.pupil_id == pupil_id,
            AnsweringSession.response_id.is_not(None),
        )
        .distinct()
    )
    ways: dict[UUID, set[ArrivedBy]] = {}
    for invitation_id, way in rows:
        ways.setdefault(invitation_id, set()).add(way)
    return {invitation_id: frozenset(found) for invitation_id, found in ways.items()}


def groups_of(session: Session, pupil_id: UUID, now: datetime) -> list[tuple[GroupKind, str]]:
    """Registration group first, then the others by name."""
    rows = session.execute(
        select(RosterGroup.kind, RosterGroup.name)
        .join(GroupMember, is_member_on(london_date(now)))
        .where(GroupMember.school_id == school_of(session), GroupMember.pupil_id == pupil_id)
        .order_by((RosterGroup.kind != GroupKind.REGISTRATION), RosterGroup.name)
    )
    return [(kind, name) for kind, name in rows]
