"""A campaign's results for the whole cohort: completion, scores, plans and interests.

All figures but completion are of responses that have been written back, one a student: the current
one, or for those who may not read single responses the one that was last counted in.
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
from outreach.reports.counting import counted_at, units_of
from outreach.reports.floor import floor_of
from outreach.reports.measures import Counted
from outreach.reports.own_answers import own_answers_of
from outreach.reports.plans import Said, plans_of
from outreach.reports.responses import Edition, is_its_invitation, is_of_campaign
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
    as_of: datetime | None = None
    """When the figures last moved, where they move by several students at a time."""

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
    """To the school's own questions; live only."""
    counted_shown: int | None
    """How many the figures are of. None where a few of the asked are not in them: how few would be
    plain from it."""

    @property
    def versions(self) -> str:
        return ", ".join(f"{one.id} version {one.version}" for one in self.definitions)


def cohort_of(
    session: Session,
    library: Library,
    campaign_id: UUID,
    now: datetime,
    *,
    edition: Edition = Edition.COUNTED,
) -> Cohort:
    """`COUNTED` is for readers who may not see the single responses anyway, and for paper.

    A viewer who is limited to groups reads the figures of the whole cohort too: they name nobody,
    and cut down to one group most would be too small to show, or would show by subtraction what
    the others said.

    Raises NotFound, and Refusal where a definition is not the installed one."""
    campaign = find_campaign(session, campaign_id)
    definitions = definitions_of(session, library, campaign_id)
    floor = floor_of(session)
    is_live = edition is Edition.LIVE
    hidden_under = None if is_live else floor
    completion = _completion(session, campaign, floor, edition)
    by_group = completion_by_group(session, campaign.id, london_date(now), hidden_under)
    counted = completion.counted
    counted_shown = counted if by_group.total is not None else None
    enough = completion.has_enough
    units = () if is_live else units_of(session, floor, campaign.id)[campaign.id]
    return Cohort(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        title=title_of(of_school(session, library), campaign.questionnaire),
        definitions=definitions,
        floor=floor,
        completion=completion,
        by_group=by_group,
        scores=scores_of(
            session,
            definitions,
            campaign.id,
            Counted(counted, counted_shown is not None),
            floor,
            edition,
            units,
        )
        if enough
        else Scores((), ()),
        said=plans_of(session, definitions, campaign.id, counted, hidden_under, edition)
        if enough
        else (),
        own=own_answers_of(session, definitions, campaign.id, counted)
        if enough and is_live
        else (),
        counted_shown=counted_shown,
    )


def _completion(session: Session, campaign: Campaign, floor: int, edition: Edition) -> Completion:
    answered, counted = session.execute(
        select(func.count(), func.count(Response.written_back_at))
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign.id, edition))
    ).one()
    return Completion(
        asked=int((campaign.audience or {}).get("asked", 0)),
        answered=answered,
        counted=counted,
        floor=floor,
        as_of=counted_at(session, campaign.id) if edition is Edition.COUNTED else None,
    )
