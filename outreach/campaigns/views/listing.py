"""The list of a school's campaigns: state, audience, how many of those asked have answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.campaigns.finding import list_campaigns
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.pinning import title_of
from outreach.campaigns.states import ANSWERED, CampaignState
from outreach.campaigns.wording import CAMPAIGN, Words
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.groups import GroupName
from questionnaires.loading import Library


@dataclass(frozen=True)
class CampaignHeading:
    """What every page about a campaign says at its top."""

    id: UUID
    name: str
    state: CampaignState
    words: Words
    questionnaire: str
    audience: str
    closes_on: date | None
    created_at: datetime
    launched_at: datetime | None
    ended_at: datetime | None

    @property
    def is_draft(self) -> bool:
        return self.state is CampaignState.DRAFT

    @property
    def is_over(self) -> bool:
        return self.state in (CampaignState.CANCELLED, CampaignState.CLOSED)


@dataclass(frozen=True)
class ListedCampaign:
    """`asked` is None until the launch has frozen the audience."""

    heading: CampaignHeading
    asked: int | None
    answered: int

    @property
    def percent(self) -> int:
        return percent_of(self.answered, self.asked or 0)


def percent_of(part: int, whole: int) -> int:
    """Rounded down, so that 100 is said only when all have answered."""
    return 100 * part // whole if whole else 0


def heading_of(campaign: Campaign, library: Library) -> CampaignHeading:
    return CampaignHeading(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        words=CAMPAIGN[campaign.state],
        questionnaire=title_of(library, campaign.questionnaire),
        audience=audience_words(campaign.years, campaign.groups),
        closes_on=london_date(campaign.closes_at) if campaign.closes_at else None,
        created_at=campaign.created_at,
        launched_at=campaign.launched_at,
        ended_at=campaign.ended_at,
    )


def listed_campaigns(session: Session, library: Library) -> list[ListedCampaign]:
    answered = _answered_by_campaign(session)
    return [
        ListedCampaign(
            heading=heading_of(campaign, library),
            asked=campaign.audience["asked"] if campaign.audience else None,
            answered=answered.get(campaign.id, 0),
        )
        for campaign in list_campaigns(session)
    ]


def audience_words(years: Sequence[int], groups: Sequence[str]) -> str:
    """Years 10 and 11, group 9A. Groups come by key; those of another kind say so."""
    parts = []
    if years:
        parts.append(_counted("Year", [str(year) for year in years]))
    if groups:
        parts.append(
            _counted("group" if years else "Group", [GroupName.read(key).words for key in groups])
        )
    return ", ".join(parts)


def _counted(noun: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"{noun} {names[0]}"
    return f"{noun}s {', '.join(names[:-1])} and {names[-1]}"


def _answered_by_campaign(session: Session) -> dict[UUID, int]:
    rows = session.execute(
        select(Invitation.campaign_id, func.count())
        .where(Invitation.school_id == school_of(session), Invitation.state.in_(ANSWERED))
        .group_by(Invitation.campaign_id)
    )
    return dict(rows.all())
