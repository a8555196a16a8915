"""Making a campaign: a draft with its questionnaire pinned, for years and registration groups."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.campaigns.models import Campaign, CampaignDirectory
from outreach.campaigns.states import CampaignState
from outreach.clock import LONDON
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.models import GroupKind, RosterGroup
from questionnaires.loading import Library, UnknownQuestionnaire

LAST_MOMENT = time(23, 59, 59)
LONGEST_NAME = 120


def create_campaign(
    session: Session,
    library: Library,
    *,
    name: str,
    questionnaire: str,
    years: Sequence[int],
    groups: Sequence[str],
    closes_on: date | None,
    created_by: UUID | None,
    now: datetime,
) -> Campaign:
    """A draft. It asks every pupil who is in any of the years or in any of the groups."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(f"Give the campaign a name of 1 to {LONGEST_NAME} characters.")
    try:
        latest = library.latest(questionnaire)
    except UnknownQuestionnaire as fault:
        raise Refusal(str(fault)) from fault
    groups = [" ".join(group.split()) for group in groups]
    if not years and not groups:
        raise Refusal("Choose at least one year or one group: nobody would be asked.")
    _refuse_unknown_groups(session, groups)
    campaign = Campaign(
        school_id=school_of(session),
        id=uuid4(),
        name=name,
        questionnaire=latest.id,
        version=latest.version,
        sha256=latest.sha256,
        state=CampaignState.DRAFT,
        years=sorted(set(years)),
        groups=sorted(set(groups)),
        closes_at=end_of_day(closes_on, now) if closes_on else None,
        created_by=created_by,
        created_at=now,
    )
    session.add(campaign)
    session.add(CampaignDirectory(campaign_id=campaign.id, school_id=campaign.school_id))
    actor = audit.staff_actor(created_by) if created_by else audit.OPERATOR
    audit.record(session, now, actor, "campaign.created", "campaign", campaign.id)
    session.flush()
    return campaign


def end_of_day(day: date, now: datetime) -> datetime:
    """The last second of that day in London. Refusal if it is past."""
    closes_at = datetime.combine(day, LAST_MOMENT, LONDON)
    if closes_at <= now:
        raise Refusal("The closing date is in the past. Choose today or a later day.")
    return closes_at


def _refuse_unknown_groups(session: Session, groups: Sequence[str]) -> None:
    known = session.scalars(
        select(RosterGroup.name).where(
            RosterGroup.school_id == school_of(session),
            RosterGroup.kind == GroupKind.REGISTRATION,
            RosterGroup.name.in_(groups),
        )
    ).all()
    unknown = sorted(set(groups) - set(known))
    if unknown:
        words = f"The roster has no registration group {', '.join(unknown)}."
        raise Refusal(f"{words} Write groups as the roster does, for example 10A.")
