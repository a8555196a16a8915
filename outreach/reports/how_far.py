"""How far students came through a campaign's questionnaire before they stopped: counts alone.

Only answers that are saved count: nothing is put into a page or a mail to see what was looked at.
Questions are put together into stretches until each stands for nobody or for enough students, so
that neither a line nor what can be worked out from lines is of a few. Whoever has sent in has come to
the end, whichever questions their path left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Subquery,
    Text,
    and_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Response
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import definition, pins_of
from outreach.database import school_of
from outreach.reports.floor import floor_of
from outreach.reports.responses import is_its_invitation
from outreach.reports.small_numbers import is_few
from questionnaires.loading import Library
from questionnaires.model import DEFAULT_LANGUAGE, Note, Questionnaire


@dataclass(frozen=True)
class Stretch:
    """Questions `first` to `last`, by their numbers. `stopped`: gave their last answer there.
    `past`: came further, or sent in."""

    first: int
    last: int
    texts: tuple[str, ...]
    stopped: int
    past: int

    @property
    def label(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class HowFar:
    """Of one questionnaire. `stretches` is empty where even the whole would show a few."""

    title: str
    started: int | None
    sent_in: int | None
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class HowFarPage:
    campaign_name: str
    floor: int
    parts: tuple[HowFar, ...]


def how_far(session: Session, library: Library, campaign_id: UUID) -> HowFarPage:
    campaign, floor = find_campaign(session, campaign_id), floor_of(session)
    here = of_school(session, library)
    parts = []
    for pin in pins_of(session, campaign_id):
        questionnaire = definition(here, pin)
        key = (pin.questionnaire, pin.version)
        sent_in, stopped = _counted(session, campaign_id, key, _asked(questionnaire))
        if sent_in or any(stopped.values()):
            parts.append(_part(questionnaire, sent_in, stopped, floor))
    return HowFarPage(campaign.name, floor, tuple(parts))


def stretches_of(
    texts: Sequence[str], stopped: Mapping[int, int], sent_in: int, floor: int
) -> tuple[Stretch, ...]:
    """`stopped` by the number of the question that was answered last; 1 is the first. Empty where
    those who sent in, those who did not, or all of them, are a few."""
    left = sum(stopped.values())
    if any(is_few(count, floor) for count in (sent_in, left)) or not sent_in + left:
        return ()
    ends: list[tuple[int, int]] = []
    count = 0
    for number in range(1, len(texts) + 1):
        count += stopped.get(number, 0)
        if not is_few(count, floor):
            ends.append((number, count))
            count = 0
    if count:
        ends.append((len(texts), count))
    return _joined(texts, ends, sent_in + left, floor)


def _joined(
    texts: Sequence[str], ends: Sequence[tuple[int, int]], whole: int, floor: int
) -> tuple[Stretch, ...]:
    """Runs of nobody as one line, and a last few with the stretch before them that has somebody."""
    merged: list[tuple[int, int]] = []
    for end, count in ends:
        if merged and merged[-1][1] == 0 and count == 0:
            merged.pop()
        merged.append((end, count))
    while merged and is_few(merged[-1][1], floor):
        end, count = merged.pop()
        merged[-1] = (end, count + merged[-1][1])
    found, first, past = [], 1, whole
    for end, count in merged:
        past -= count
        found.append(Stretch(first, end, tuple(texts[first - 1 : end]), count, past))
        first = end + 1
    return tuple(found)


def _part(
    questionnaire: Questionnaire, sent_in: int, stopped: Mapping[int, int], floor: int
) -> HowFar:
    texts = [text for _, text in _asked(questionnaire)]
    stretches = stretches_of(texts, stopped, sent_in, floor)
    title = questionnaire.title.in_(DEFAULT_LANGUAGE)
    if not stretches:
        return HowFar(title, None, None, ())
    return HowFar(title, sent_in + sum(stopped.values()), sent_in, stretches)


def _asked(questionnaire: Questionnaire) -> list[tuple[str, str]]:
    """Id and text of each question that is asked, in order: numbered as staff read them."""
    return [
        (question.id, question.text.in_(DEFAULT_LANGUAGE))
        for question in questionnaire.questions
        if not isinstance(question, Note)
    ]


def _counted(
    session: Session, campaign_id: UUID, key: tuple[str, int], asked: Sequence[tuple[str, str]]
) -> tuple[int, dict[int, int]]:
    """How many sent in, and of the others how many by the number of their furthest answer."""
    begun = _begun(session, campaign_id, key)
    places = (
        func.unnest(bindparam("questions", [id for id, _ in asked], ARRAY(Text)))
        .table_valued(column("id", Text), with_ordinality="number")
        .render_derived("place")
    )
    furthest = (
        select(begun.c.id, func.max(places.c.number).label("number"))
        .join(
            Answer, and_(Answer.school_id == school_of(session), Answer.response_id == begun.c.id)
        )
        .join(places, places.c.id == Answer.question_id)
        .where(begun.c.submitted_at.is_(None))
        .group_by(begun.c.id)
        .subquery("furthest")
    )
    rows = session.execute(
        select(furthest.c.number.cast(Integer), func.count()).group_by(furthest.c.number)
    )
    sent_in = session.scalar(select(func.count()).where(begun.c.submitted_at.is_not(None)))
    return sent_in or 0, dict(rows.all())


def _begun(session: Session, campaign_id: UUID, key: tuple[str, int]) -> Subquery:
    """Each student once, by the newest of their responses that was not set aside."""
    questionnaire, version = key
    return (
        select(Response.id, Response.submitted_at)
        .join(Invitation, is_its_invitation())
        .where(
            Response.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            Response.questionnaire == questionnaire,
            Response.version == version,
            Response.superseded_at.is_(None),
        )
        .ext(distinct_on(Response.invitation_id))
        .order_by(Response.invitation_id, Response.started_at.desc())
        .subquery("begun")
    )
