"""Where each pupil of a list's page stands now, as the next step wants to know it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from outreach.campaigns.audience import already_answered
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.next_steps import NextStep, Standing, next_step
from outreach.campaigns.reminder_models import CampaignReminder
from outreach.campaigns.states import ReminderState
from outreach.database import school_of
from outreach.pupils.gate import diagnosis, gate
from outreach.pupils.models import Pupil
from outreach.pupils.reach.why import Why


def whys_of(
    session: Session, campaign: Campaign, pupil_ids: Sequence[UUID], now: datetime
) -> dict[UUID, Why]:
    """Of those who may not be mailed now."""
    asked = gate(already_answered(campaign.id, now), at=now).add_columns(*diagnosis())
    rows = session.execute(asked.where(Pupil.id.in_(pupil_ids)))
    return {row.pupil_id: Why.read(row.reason, row.detail) for row in rows if row.reason}


def reminder_at(session: Session, campaign: Campaign) -> datetime | None:
    """When the campaign reminds next, by itself."""
    return session.scalar(
        select(func.min(CampaignReminder.due_at)).where(
            CampaignReminder.school_id == school_of(session),
            CampaignReminder.campaign_id == campaign.id,
            CampaignReminder.state == ReminderState.PLANNED,
        )
    )


def step_of(
    campaign: Campaign,
    invitation: Invitation,
    mail: Row[Any] | None,
    why: Why | None,
    reminder: datetime | None,
) -> NextStep:
    """`mail` is a row of `reached.latest_messages`, or of its columns."""
    return next_step(
        Standing(
            campaign=campaign.state,
            state=invitation.state,
            stopped_reason=invitation.stopped_reason,
            mail_stopped=invitation.mail_stopped_at is not None,
            may_answer_again=invitation.reopened_at is not None,
            why=why,
            mail=None if mail is None else mail.state,
            mail_reason=None if mail is None else mail.reason,
            status_code=None if mail is None else mail.status_code,
            said=None if mail is None else mail.words,
            next_attempt_at=None if mail is None else mail.next_attempt_at,
            reminder_at=reminder,
        )
    )
