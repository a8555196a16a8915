"""A campaign's results for the whole cohort: completion, scores, plans and interests.

All figures but completion are of responses that have been written back, one current response a
student.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import definitions_of, title_of
from outreach.campaigns.states import CampaignState
from outreach.clock import london_date
from outreach.reports.completion import CompletionByGroup, completion_by_group
from outreach.reports.floor import floor_of
from outreach.reports.own_answers import own_answers_of
from outreach.reports.plans import Said, plans_of
from outreach.reports.responses import is_its_invitation, is_of_campaign
from outreach.reports.scores import Scores, scores_of
from questionnaires.loading import Library
from questionnaires.model import Questionnaire


@dataclass(frozen=True)
class Completion:
    asked: int
    answered: int
    counted: int
    """Answered, and in the figures below. The rest follow within a minute or so."""
    floor: int

    @property
    def has_enough(self) -> bool:
        return self.counted >= self.floor


@dataclass(frozen=True)
class Cohort:
    campaign_id: UUID
    name: str
    state: CampaignState
    title: str
    definitions: tuple[Questionnaire, ...]
    floor: int
    completion: Completion
    by_group: CompletionByGroup
    scores: Scores
    said: tuple[Said, ...]
    own: tuple[Said, ...]
    """To the school's own questions."""

    @property
    def versions(self) -> str:
        return ", ".join(f"{one.id} version {one.version}" for one in self.definitions)


def cohort_of(
    session: Session,
    library: Library,
    campaign_id: UUID,
    now: datetime,
    *,
    hides_small: bool = True,
) -> Cohort:
    """`hides_small` is for readers who may not see the single responses anyway, and for paper.

    A viewer who is limited to groups reads the figures of the whole cohort too: they name nobody,
    and cut down to one group most would be too small to show, or would show by subtraction what
    the others said.

    Raises NotFound, and Refusal where a definition is not the installed one."""
    campaign = find_campaign(session, campaign_id)
    definitions = definitions_of(session, library, campaign_id)
    floor = floor_of(session)
    hidden_under = floor if hides_small else None
    completion = _completion(session, campaign, floor)
    enough = completion.has_enough
    return Cohort(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        title=title_of(of_school(session, library), campaign.questionnaire),
        definitions=definitions,
        floor=floor,
        completion=completion,
        by_group=completion_by_group(session, campaign.id, london_date(now), hidden_under),
        scores=scores_of(session, definitions, campaign.id, completion.counted, floor)
        if enough
        else Scores((), ()),
        said=plans_of(session, definitions, campaign.id, completion.counted, hidden_under)
        if enough
        else (),
        own=own_answers_of(session, definitions, campaign.id, completion.counted, hidden_under)
        if enough
        else (),
    )


def _completion(session: Session, campaign: Campaign, floor: int) -> Completion:
    answered, counted = session.execute(
        select(func.count(), func.count(Response.written_back_at))
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign.id))
    ).one()
    asked = int((campaign.audience or {}).get("asked", 0))
    return Completion(asked=asked, answered=answered, counted=counted, floor=floor)
