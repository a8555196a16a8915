"""No share tells what a few students said, nor how few have no score."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest

from outreach.reports.few_said import rounded_share, shown_in_years, without_few
from outreach.reports.measures import Counted, Measure, Tally, exact
from outreach.reports.small_numbers import USUAL_FLOOR as FLOOR
from outreach.reports.small_numbers import is_few

Split = tuple[int, int, int, int]
"""Positive, not positive, not sure, skipped: of one question each, so students and answers agree."""


def tally_of(split: Split) -> Tally:
    clear = split[0] + split[1]
    return Tally(sum(split), clear, 100.0 * split[0], *split, *split)


def shown(split: Split, floor: int = FLOOR) -> Measure:
    counted = Counted(sum(split), is_told=True)
    one = exact("a", "A", tally_of(split), counted, floor)
    return without_few({"a": one}, {"a": tally_of(split)}, counted, floor)["a"]


def test_a_share_of_one_student_is_not_shown_and_the_other_goes_with_it() -> None:
    one = shown((17, 12, 1, 0))

    assert (one.unsure, one.skipped, one.scored) == (None, None, None)
    assert (one.positive, one.step) == (60, 5), "59 of a hundred is 17 of 29 alone"


def test_a_share_that_says_how_few_were_not_positive_is_not_shown_nor_the_average() -> None:
    one = shown((20, 3, 7, 0))

    assert (one.positive, one.average) == (None, None)
    assert (one.unsure, one.skipped) == (23, 0), "nought is nobody"


def _splits(students: int) -> Iterator[Split]:
    for cuts in (
        (a, b, c) for c in range(students + 1) for b in range(c + 1) for a in range(b + 1)
    ):
        ends = (0, *cuts, students)
        p, n, u, s = (after - before for before, after in pairwise(ends))
        yield p, n, u, s


@pytest.mark.parametrize(
    ("students", "floor"), [(9, 6), (13, 6), (17, 5), (22, 6), (27, 6), (23, 9)]
)
def test_who_knows_the_rule_and_how_many_answered_cannot_tell_a_few(
    students: int, floor: int
) -> None:
    """They try every way in which so many can have answered, and keep those that look the same."""
    looks: dict[Measure, list[Split]] = defaultdict(list)
    for split in _splits(students):
        looks[shown(split, floor)].append(split)

    for row, fitting in looks.items():
        for name, counts in {
            "positive": {p for p, _, _, _ in fitting},
            "not positive": {n for _, n, _, _ in fitting},
            "not sure": {u for _, _, u, _ in fitting},
            "skipped": {s for _, _, _, s in fitting},
            "without a score": {u + s for _, _, u, s in fitting},
        }.items():
            (only,) = counts if len(counts) == 1 else (0,)
            assert not is_few(only, floor), (name, row, fitting)


def test_a_construct_that_alone_would_be_hidden_takes_another_of_its_block_with_it() -> None:
    splits: dict[str, Split] = {
        "block": (60, 30, 30, 0),
        "few": (28, 2, 10, 0),
        "next": (20, 10, 10, 0),
        "most": (22, 18, 10, 0),
    }
    tallies = {key: tally_of(split) for key, split in splits.items()}
    counted = Counted(40, is_told=True)
    found = {key: exact(key, key, one, counted, FLOOR) for key, one in tallies.items()}

    hidden = {
        key
        for key, one in without_few(found, tallies, counted, FLOOR).items()
        if one.positive is None
    }

    assert hidden == {"few", "next"}


def test_a_year_in_which_a_few_were_not_positive_takes_the_measures_other_years_with_it() -> None:
    enough, few = tally_of((20, 10, 0, 0)), tally_of((27, 3, 0, 0))

    assert shown_in_years({"a": [enough, few]}, FLOOR) == {"a": False}
    assert shown_in_years({"a": [enough, enough]}, FLOOR) == {"a": True}


def test_a_years_share_is_rounded_too_where_a_few_of_it_have_no_score() -> None:
    assert rounded_share([tally_of((20, 9, 1, 0))], FLOOR) == 70
    assert rounded_share([tally_of((20, 9, 0, 0))], FLOOR) == 69
