"""Making a campaign: a draft with its questionnaires pinned, for years and groups."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from outreach import audit
from outreach.campaigns.models import Campaign, CampaignDirectory
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import keep_pins, pins_for
from outreach.campaigns.states import CampaignState
from outreach.clock import LONDON
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.groups import GroupName, find_groups
from questionnaires.loading import Library

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
    """A draft. It asks every pupil who is in any of the years or in any of the groups.

    `questionnaire` is an id, or `by_stage`: the versions are pinned now. Groups are given as people
    write them, or by key; the row keeps keys.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(f"Give the campaign a name of 1 to {LONGEST_NAME} characters.")
    pins = pins_for(of_school(session, library), questionnaire)
    if not years and not groups:
        raise Refusal("Choose at least one year or one group: nobody would be asked.")
    found = find_groups(session, groups)
    campaign = Campaign(
        school_id=school_of(session),
        id=uuid4(),
        name=name,
        questionnaire=questionnaire,
        state=CampaignState.DRAFT,
        years=sorted(set(years)),
        groups=sorted(GroupName.of(group).key for group in found),
        closes_at=end_of_day(closes_on, now) if closes_on else None,
        created_by=created_by,
        created_at=now,
    )
    session.add(campaign)
    session.add(CampaignDirectory(campaign_id=campaign.id, school_id=campaign.school_id))
    keep_pins(session, campaign.id, pins)
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
