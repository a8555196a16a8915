"""Shares that only a few students make up: hidden from who may not read single responses.

“Not sure 3%” of 30 is one student, and 87% positive of 23 says that three were not. So a share is
shown only if nought, or the floor and more, gave that kind of answer, and the rest likewise. Where
a few alone have no score, shares and averages are rounded until several numbers of students fit.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from outreach.reports.measures import NOBODY, Counted, Measure, Tally, share_positive
from outreach.reports.small_numbers import is_few

K = TypeVar("K", bound=Hashable)

STEPS = (1, 2, 5, 10)
"""Per cent. Of 100 answers each whole per cent is somebody's; of 20, every fifth."""


def without_few(
    measures: Mapping[K, Measure], tallies: Mapping[K, Tally], counted: Counted, floor: int
) -> dict[K, Measure]:
    """A block and its constructs, which add up: none is hidden alone, for the rest would tell it."""
    split = _hidden(tallies, _split, floor)
    apart = _hidden(tallies, _apart, floor)
    return {
        key: _shown(one, tallies[key], counted, floor, key in split, key in apart)
        for key, one in measures.items()
    }


def shown_in_years(parts: Mapping[K, Sequence[Tally]], floor: int) -> dict[K, bool]:
    """Whether a measure's share is shown by year: in all of the parts of a campaign, or in none."""
    few = {key for key, of in parts.items() if any(has_few_split(one, floor) for one in of)}
    wholes = {key: sum(of, NOBODY) for key, of in parts.items()}
    hidden = _covered(few, wholes, _split)
    return {key: key not in hidden for key in parts}


def rounded_share(parts: Sequence[Tally], floor: int) -> int | None:
    """Positive of all these parts, rounded where a few alone of one of them have no score."""
    whole = sum(parts, NOBODY)
    if not any(is_few(one.students - one.scored, floor) for one in (whole, *parts)):
        return share_positive(whole)
    step = _step(whole.students, whole, floor)
    return None if step is None else _rounded(100 * whole.positive / whole.clear, step)


def has_few_split(tally: Tally, floor: int) -> bool:
    """Only a few gave a positive answer, or one that is not."""
    return any(is_few(count, floor) for count in _split(tally))


def _split(tally: Tally) -> tuple[int, int]:
    return tally.positive_by, tally.not_positive_by


def _apart(tally: Tally) -> tuple[int, int]:
    return tally.unsure_by, tally.skipped_by


Pair = Callable[[Tally], tuple[int, int]]


def _hidden(tallies: Mapping[K, Tally], pair: Pair, floor: int) -> set[K]:
    few = {key for key, one in tallies.items() if any(is_few(count, floor) for count in pair(one))}
    return _covered(few, tallies, pair)


def _covered(few: set[K], tallies: Mapping[K, Tally], pair: Pair) -> set[K]:
    """With a single one goes the next smallest."""
    others = [key for key in tallies if key not in few and any(pair(tallies[key]))]
    if len(few) != 1 or not others:
        return few
    return few | {min(others, key=lambda key: min(n for n in pair(tallies[key]) if n))}


def _shown(
    one: Measure, tally: Tally, counted: Counted, floor: int, hides_split: bool, hides_apart: bool
) -> Measure:
    if one.positive is None and one.average is None:
        return one
    if hides_apart:
        one = replace(one, unsure=None, skipped=None)
    if hides_split:
        return replace(one, average=None, positive=None)
    if one.scored is not None and not is_few(tally.students - tally.scored, floor):
        return one
    step = _step(counted.students, tally, floor)
    if step is None:
        return replace(one, average=None, positive=None)
    return replace(
        one,
        scored=None,
        average=float(_rounded(tally.score / tally.scored, step)),
        positive=_rounded(100 * tally.positive / tally.clear, step),
        step=step,
    )


def _step(students: int, tally: Tally, floor: int) -> int | None:
    """The finest at which each share fits every number of scored students, less a few, that there
    may be; None where there is none. Of several questions each has as many answers."""
    least = (students - floor) * (tally.asked // tally.students)
    return next((step for step in STEPS if least * step >= 100), None)


def _rounded(share: float, step: int) -> int:
    return step * int(share / step + 0.5)
