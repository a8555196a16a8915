"""How easy students found a campaign's questionnaire, by the way they answered it."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.answering.feedback_models import Ease, Feedback
from outreach.answering.models import Mode
from outreach.campaigns.finding import find_campaign
from outreach.database import school_of
from outreach.reports.floor import floor_of
from outreach.reports.small_numbers import hide_small

EASE_WORDS = {
    Ease.VERY_EASY: "Very easy",
    Ease.EASY: "Easy",
    Ease.BETWEEN: "Neither easy nor hard",
    Ease.HARD: "Hard",
    Ease.VERY_HARD: "Very hard",
}
MODE_WORDS = {Mode.PAGES: "One page at a time", Mode.CHAT: "As a chat"}


@dataclass(frozen=True)
class FeedbackPart:
    """`counts` in the order of EASE_WORDS, None where hidden; without any, too few gave it."""

    label: str
    total: int | None
    counts: tuple[int | None, ...]


@dataclass(frozen=True)
class FeedbackPage:
    campaign_name: str
    floor: int
    whole: FeedbackPart
    by_mode: tuple[FeedbackPart, ...]


def feedback_of(session: Session, campaign_id: UUID) -> FeedbackPage:
    """With small numbers hidden for everybody: students were told that nobody can tell who it was.

    A way to answer is shown beside the whole only where no other way, by subtraction, comes out
    under the floor. Raises NotFound.
    """
    campaign, floor = find_campaign(session, campaign_id), floor_of(session)
    counted = session.execute(
        select(Feedback.mode, Feedback.value, func.count())
        .where(Feedback.school_id == school_of(session), Feedback.campaign_id == campaign_id)
        .group_by(Feedback.mode, Feedback.value)
    )
    by_mode: dict[Mode, Counter[Ease]] = {mode: Counter() for mode in MODE_WORDS}
    for mode, ease, count in counted:
        by_mode[mode][ease] = count
    used = {mode: given for mode, given in by_mode.items() if given.total()}
    whole = _part("All students", sum(used.values(), Counter()), floor)
    parts: tuple[FeedbackPart, ...] = ()
    if all(may_stand_apart(given, floor) for given in used.values()):
        parts = tuple(_part(MODE_WORDS[mode], given, floor) for mode, given in used.items())
    return FeedbackPage(campaign.name, floor, whole, parts)


def may_stand_apart(given: Counter[Ease], floor: int) -> bool:
    """Every count is nought or large enough, so that none can be worked out from the whole."""
    return all(not 0 < count < floor for count in given.values())


def _part(label: str, given: Counter[Ease], floor: int) -> FeedbackPart:
    total = given.total()
    if total < floor:
        return FeedbackPart(label, None, ())
    shown = hide_small({ease: given[ease] for ease in EASE_WORDS}, floor, add_up=True)
    return FeedbackPart(label, total, tuple(shown.values()))
