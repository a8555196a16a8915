"""A campaign's results for the whole cohort: completion, scores, plans and interests.

All figures are of responses that have been written back, one current response a student.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.pinning import definitions_of, title_of
from outreach.campaigns.states import CampaignState
from outreach.reports.plans import Said, plans_of
from outreach.reports.responses import is_its_invitation, is_of_campaign
from outreach.reports.scores import BlockResult, block_results
from outreach.reports.small_numbers import FLOOR
from questionnaires.loading import Library


@dataclass(frozen=True)
class Completion:
    asked: int
    answered: int
    counted: int
    """Answered, and in the figures below. The rest follow within a minute or so."""

    @property
    def has_enough(self) -> bool:
        return self.counted >= FLOOR


@dataclass(frozen=True)
class Cohort:
    campaign_id: UUID
    name: str
    state: CampaignState
    title: str
    versions: str
    completion: Completion
    blocks: tuple[BlockResult, ...]
    said: tuple[Said, ...]


def cohort_of(
    session: Session, library: Library, campaign_id: UUID, *, hides_small: bool = True
) -> Cohort:
    """`hides_small` is for readers who may not see the single responses anyway.

    A viewer who is limited to groups reads the figures of the whole cohort too: they name nobody,
    and cut down to one group most would be too small to show, or would show by subtraction what
    the others said.

    Raises NotFound, and Refusal where a definition is not the installed one."""
    campaign = find_campaign(session, campaign_id)
    definitions = definitions_of(session, library, campaign_id)
    completion = _completion(session, campaign)
    enough = completion.has_enough
    return Cohort(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        title=title_of(library, campaign.questionnaire),
        versions=", ".join(f"{one.id} version {one.version}" for one in definitions),
        completion=completion,
        blocks=block_results(session, definitions, campaign.id) if enough else (),
        said=plans_of(
            session, definitions, campaign.id, completion.counted, hides_small=hides_small
        )
        if enough
        else (),
    )


def _completion(session: Session, campaign: Campaign) -> Completion:
    answered, counted = session.execute(
        select(func.count(), func.count(Response.written_back_at))
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign.id))
    ).one()
    asked = int((campaign.audience or {}).get("asked", 0))
    return Completion(asked=asked, answered=answered, counted=counted)
