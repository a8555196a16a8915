"""How easy students found a campaign's questionnaire, by the way they answered it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.answering.feedback_models import Ease, Feedback, count_key
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
    """With small numbers hidden for everybody: students were told that school cannot see who it was.

    The figures of a way to answer move by no fewer students than the floor, who did not all say the
    same: else two looks at the page, with one student in between, would tell what that one said. So
    what is counted in is kept, and what is short of that waits, for good where no more come.
    A way to answer is shown beside the whole only where no other way, by subtraction, comes out
    under the floor. Raises NotFound.
    """
    campaign, floor = find_campaign(session, campaign_id), floor_of(session)
    row = session.get(Feedback, (school_of(session), campaign_id), with_for_update=True)
    by_mode: dict[Mode, Counter[Ease]] = {}
    for mode in MODE_WORDS:
        if row is None:
            break
        given, shown = _of_mode(row.counts, mode), _of_mode(row.shown, mode)
        if may_be_counted_in(given - shown, floor):
            shown = given
            row.shown = {**row.shown, **{count_key(mode, ease): given[ease] for ease in given}}
        by_mode[mode] = shown
    used = {mode: given for mode, given in by_mode.items() if given.total()}
    whole = _part("All students", sum(used.values(), Counter()), floor)
    parts: tuple[FeedbackPart, ...] = ()
    if all(may_stand_apart(given, floor) for given in used.values()):
        parts = tuple(_part(MODE_WORDS[mode], given, floor) for mode, given in used.items())
    return FeedbackPage(campaign.name, floor, whole, parts)


def may_be_counted_in(added: Counter[Ease], floor: int) -> bool:
    """Enough students, of whom not all said the same."""
    return added.total() >= floor and len(added) > 1


def _of_mode(counts: Mapping[str, int], mode: Mode) -> Counter[Ease]:
    return Counter({ease: counts.get(count_key(mode, ease), 0) for ease in EASE_WORDS})


def may_stand_apart(given: Counter[Ease], floor: int) -> bool:
    """Every count is nought or large enough, so that none can be worked out from the whole."""
    return all(not 0 < count < floor for count in given.values())


def _part(label: str, given: Counter[Ease], floor: int) -> FeedbackPart:
    total = given.total()
    if total < floor:
        return FeedbackPart(label, None, ())
    shown = hide_small({ease: given[ease] for ease in EASE_WORDS}, floor, add_up=True)
    return FeedbackPart(label, total, tuple(shown.values()))
