"""A pupil over the years: every response that was sent, and each score in each school year."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Campaign, Invitation
from outreach.clock import academic_year, academic_year_start, london_date
from outreach.database import school_of
from outreach.profiles.fields import READINESS, score_field
from outreach.profiles.models import Result
from outreach.profiles.wording import definition_of, field_label
from questionnaires.loading import Library
from questionnaires.model import DEFAULT_LANGUAGE, Questionnaire


@dataclass(frozen=True, repr=False)
class SentResponse:
    """One response, whether it counts or was replaced. Its scores are in `cells`, by field."""

    id: UUID
    invitation_id: UUID
    campaign_id: UUID
    campaign: str
    questionnaire: str
    """Title and version."""

    reference: str
    sent_at: datetime
    replaceable_since: datetime | None
    """Since when another may take its place; None too where its school year is over."""

    superseded_at: datetime | None
    cells: Mapping[str, "Cell"]

    @property
    def year(self) -> int:
        return academic_year(london_date(self.sent_at))

    @property
    def counts(self) -> bool:
        return self.superseded_at is None

    @property
    def readiness(self) -> float | None:
        cell = self.cells.get(READINESS)
        return cell.score if cell else None


@dataclass(frozen=True, repr=False)
class Cell:
    """One score of one response. None: asked about, but too few clear answers to carry a score."""

    label: str
    score: float | None
    unsure: int
    """Per cent of the questions asked about it."""


@dataclass(frozen=True, repr=False)
class Measured:
    """One construct, skill or block: a cell for each school year, None where it was not asked."""

    field: str
    label: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, repr=False)
class History:
    """`years` from the earliest to the latest, and the rows of the tables in the same order."""

    responses: tuple[SentResponse, ...]
    """Newest first."""

    years: tuple[str, ...]
    whole: tuple[Measured, ...]
    constructs: tuple[Measured, ...]
    skills: tuple[Measured, ...]


def year_name(year: int) -> str:
    """2026 is 2026/27."""
    return f"{year}/{(year + 1) % 100:02}"


def history_of(session: Session, library: Library, pupil_id: UUID, now: datetime) -> History:
    """`library` is the school's own view of it."""
    responses = tuple(_responses(session, library, pupil_id, now))
    years = sorted({one.year for one in responses if one.cells})
    measured = tuple(_measured(responses, years))
    return History(
        responses=responses,
        years=tuple(year_name(year) for year in years),
        whole=tuple(one for one in measured if one.field == READINESS or _is(one, "block")),
        constructs=tuple(one for one in measured if _is(one, "construct")),
        skills=tuple(one for one in measured if _is(one, "skill")),
    )


def _is(one: Measured, kind: str) -> bool:
    return one.field.startswith(f"{kind}.")


def _measured(responses: Iterable[SentResponse], years: list[int]) -> Iterator[Measured]:
    """A score of a year is that of the latest response that counts; labels are the newest ones.

    What was replaced stands in the list of responses alone.
    """
    by_field: dict[str, dict[int, Cell]] = {}
    for response in responses:
        for field, cell in response.cells.items():
            of_years = by_field.setdefault(field, {})
            if response.counts:
                of_years.setdefault(response.year, cell)
    for field, of_years in by_field.items():
        if of_years:
            label = next(iter(of_years.values())).label
            yield Measured(field, label, tuple(of_years.get(year) for year in years))


def _responses(
    session: Session, library: Library, pupil_id: UUID, now: datetime
) -> Iterator[SentResponse]:
    rows = session.execute(
        select(Response, Campaign)
        .join(
            Invitation,
            (Invitation.school_id == Response.school_id)
            & (Invitation.id == Response.invitation_id),
        )
        .join(
            Campaign,
            (Campaign.school_id == Invitation.school_id) & (Campaign.id == Invitation.campaign_id),
        )
        .where(
            Response.school_id == school_of(session),
            Invitation.pupil_id == pupil_id,
            Response.submitted_at.is_not(None),
        )
        .order_by(
            Response.submitted_at.desc(), Response.superseded_at.desc().nulls_first(), Response.id
        )
    ).all()
    results = _results(session, [response.id for response, _ in rows])
    for response, campaign in rows:
        definition = definition_of(library, response.questionnaire, response.version)
        title = definition.title.in_(DEFAULT_LANGUAGE) if definition else response.questionnaire
        assert response.submitted_at is not None
        is_of_this_year = response.submitted_at >= academic_year_start(now)
        yield SentResponse(
            id=response.id,
            invitation_id=response.invitation_id,
            campaign_id=campaign.id,
            campaign=campaign.name,
            questionnaire=f"{title}, version {response.version}",
            reference=response.reference or "",
            sent_at=response.submitted_at,
            replaceable_since=response.replaceable_since if is_of_this_year else None,
            superseded_at=response.superseded_at,
            cells=_cells(definition, results.get(response.id, [])),
        )


def _results(session: Session, response_ids: list[UUID]) -> dict[UUID, list[Result]]:
    found: dict[UUID, list[Result]] = {}
    rows = session.scalars(
        select(Result).where(
            Result.school_id == school_of(session), Result.response_id.in_(response_ids)
        )
    )
    for row in rows:
        found.setdefault(row.response_id, []).append(row)
    return found


def _cells(definition: Questionnaire | None, results: list[Result]) -> dict[str, Cell]:
    """In the order of the definition; a construct that was not asked has none."""
    if definition is None:
        return {}
    order = list(definition.constructs)
    asked = [
        one
        for one in results
        if one.asked and (one.kind.value == "block" or one.key in definition.constructs)
    ]
    asked.sort(key=lambda one: order.index(one.key) if one.key in order else -1)
    cells = {}
    for one in asked:
        field = score_field(definition, one.kind.value, one.key)
        cells[field] = Cell(
            label=field_label(field, definition),
            score=one.score,
            unsure=round(100 * one.unsure / one.asked),
        )
    return cells
