"""Which questionnaire each pupil of a campaign gets: pinned as the campaign is made.

A campaign gives one questionnaire to all, or to each pupil the one for their year. Pupils for whom
staff chose the supported version get that one in its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns.families import family_of
from outreach.campaigns.models import CampaignQuestionnaire
from outreach.campaigns.own.adding import title_for_staff
from outreach.campaigns.own.library import NotAsStored, is_own, of_school
from outreach.campaigns.own.retiring import hold
from outreach.database import school_of
from outreach.errors import Refusal
from questionnaires.audience import ChosenBy, Setting
from questionnaires.loading import Library, UnknownQuestionnaire
from questionnaires.model import Questionnaire, TextQuestion

BY_STAGE = "by_stage"
"""In place of a questionnaire's id: each pupil gets the one for their year."""

BY_STAGE_TITLE = "The questionnaire for each pupil’s year"
YEARS = range(1, 15)


@dataclass(frozen=True)
class Pin:
    """One version, and who gets it: pupils of these years (none named: of every year)."""

    questionnaire: str
    version: int
    sha256: str
    family: str
    years: tuple[int, ...] = ()
    is_supported: bool = False
    """For the pupils for whom staff chose the supported version, whatever their year."""
    asks_open_text: bool = False
    """Whether students may write in their own words, which somebody must read."""


class NotInstalled(Refusal):
    """A pinned definition is missing here, or is not as it was pinned."""


def pins_for(library: Library, choice: str) -> tuple[Pin, ...]:
    """What a campaign of this choice pins today. Raises Refusal for one that there is not."""
    if choice == BY_STAGE:
        years = _years_given(library)
        if not years:
            raise Refusal("No questionnaire is installed for any year. Choose one by its name.")
        pins = [_pin(library, library.latest(id), years[id]) for id in years]
        return (*pins, *_supported(library))
    try:
        chosen = library.latest(choice)
    except UnknownQuestionnaire as fault:
        raise Refusal(str(fault)) from fault
    by_staff = chosen.audience.chosen_by is ChosenBy.STAFF
    return (_pin(library, chosen, ()), *(() if by_staff else _supported(library)))


def has_stages(library: Library) -> bool:
    """Whether there is more than one questionnaire to give by year."""
    return len(_years_given(library)) > 1


def keep_pins(session: Session, campaign_id: UUID, pins: Iterable[Pin]) -> None:
    """Raises Refusal where one of the school's own was deleted a moment before."""
    pins = tuple(pins)
    for pin in pins:
        if is_own(pin.questionnaire):
            hold(session, pin.questionnaire, pin.version)
    session.add_all(
        CampaignQuestionnaire(
            school_id=school_of(session),
            campaign_id=campaign_id,
            questionnaire=pin.questionnaire,
            version=pin.version,
            sha256=pin.sha256,
            family=pin.family,
            years=list(pin.years),
            is_supported=pin.is_supported,
            asks_open_text=pin.asks_open_text,
        )
        for pin in pins
    )


def pins_of(session: Session, campaign_id: UUID) -> tuple[Pin, ...]:
    """By year, the supported one last."""
    rows = session.scalars(
        select(CampaignQuestionnaire)
        .where(
            CampaignQuestionnaire.school_id == school_of(session),
            CampaignQuestionnaire.campaign_id == campaign_id,
        )
        .order_by(
            CampaignQuestionnaire.is_supported,
            CampaignQuestionnaire.years,
            CampaignQuestionnaire.questionnaire,
        )
    )
    return tuple(
        Pin(
            row.questionnaire,
            row.version,
            row.sha256,
            row.family,
            tuple(row.years),
            row.is_supported,
            row.asks_open_text,
        )
        for row in rows
    )


def asks_open_text(session: Session, campaign_id: UUID) -> bool:
    """Whether students of this campaign may write in their own words."""
    asking = select(CampaignQuestionnaire.campaign_id).where(
        CampaignQuestionnaire.school_id == school_of(session),
        CampaignQuestionnaire.campaign_id == campaign_id,
        CampaignQuestionnaire.asks_open_text,
    )
    return session.scalar(asking.limit(1)) is not None


def definition(library: Library, pin: Pin) -> Questionnaire:
    """Raises NotInstalled."""
    try:
        found = library.get(pin.questionnaire, pin.version)
    except NotAsStored as fault:
        raise NotInstalled(fault.words) from fault
    except UnknownQuestionnaire:
        found = None
    if found is None or found.sha256 != pin.sha256:
        raise NotInstalled(
            f"Version {pin.version} of the questionnaire “{pin.questionnaire}” is not installed "
            "here as it was when the campaign was made. What was answered is safe. Install the "
            "release that has it, then try again."
        )
    return found


def definitions_of(
    session: Session, library: Library, campaign_id: UUID
) -> tuple[Questionnaire, ...]:
    """All that the campaign gives, in the order of its pins. Raises NotInstalled."""
    here = of_school(session, library)
    return tuple(definition(here, pin) for pin in pins_of(session, campaign_id))


def title_of(library: Library, choice: str) -> str:
    """For staff; one that is not installed any more is named by its id."""
    if choice == BY_STAGE:
        return BY_STAGE_TITLE
    try:
        return title_for_staff(library.latest(choice))
    except UnknownQuestionnaire:
        return choice


def who_gets(pin: Pin, given: int) -> str:
    """A sentence, where a campaign gives so many."""
    if pin.is_supported:
        return "Pupils for whom staff chose the supported version get this one."
    if pin.years:
        return f"Pupils of {years_in_words(pin.years)} get this one."
    return "All pupils get this one." if given == 1 else "All other pupils get this one."


def years_in_words(years: Sequence[int]) -> str:
    """Years 8 and 9."""
    names = [str(year) for year in years]
    if len(names) == 1:
        return f"Year {names[0]}"
    return f"Years {', '.join(names[:-1])} and {names[-1]}"


def _years_given(library: Library) -> dict[str, tuple[int, ...]]:
    """By id, the years that get it."""
    given: dict[str, tuple[int, ...]] = {}
    for year in YEARS:
        found = library.for_year(year, Setting.SCHOOL)
        if found is not None:
            given[found.id] = (*given.get(found.id, ()), year)
    return given


def _supported(library: Library) -> tuple[Pin, ...]:
    """The first published one that staff choose, or what the school gives in its place."""
    latest = [library.published.latest(id) for id in library.published.ids]
    chosen = [one.id for one in latest if one.audience.chosen_by is ChosenBy.STAFF]
    return tuple(_pin(library, library.given_for(id), (), is_supported=True) for id in chosen[:1])


def _pin(
    library: Library, one: Questionnaire, years: tuple[int, ...], *, is_supported: bool = False
) -> Pin:
    family = family_of(one.id, published=library.published.ids, based_on=library.base_of(one.id))
    asks_text = any(isinstance(question, TextQuestion) for question in one.questions)
    return Pin(one.id, one.version, one.sha256, family, years, is_supported, asks_text)
