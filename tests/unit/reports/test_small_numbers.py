"""Small counts stay hidden, and cannot be worked out from the others."""

from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.reports.completion import Stage, without_small
from outreach.reports.scores import Tally, year_blocks
from outreach.reports.small_numbers import USUAL_FLOOR as FLOOR
from outreach.reports.small_numbers import blocks_of, hide_small, is_few


def test_a_count_under_the_floor_is_hidden() -> None:
    assert hide_small({"a": FLOOR - 1, "b": FLOOR}, FLOOR, add_up=False) == {"a": None, "b": FLOOR}


def test_nought_is_shown_where_nothing_is_hidden() -> None:
    assert hide_small({"a": 0, "b": 9}, FLOOR, add_up=True) == {"a": 0, "b": 9}
    assert hide_small({"a": 0, "b": 3, "c": 40}, FLOOR, add_up=True)["a"] is None


def test_a_count_that_the_total_would_give_away_takes_the_next_smallest_with_it() -> None:
    shown = hide_small({"a": 2, "b": 40, "c": 9}, FLOOR, add_up=True)

    assert shown == {"a": None, "b": 40, "c": None}


def test_hidden_counts_that_come_to_the_floor_together_cover_each_other() -> None:
    shown = hide_small({"a": 2, "b": 4, "c": 9}, FLOOR, add_up=True)

    assert shown == {"a": None, "b": None, "c": 9}


def test_hidden_counts_that_come_to_less_take_another_with_them() -> None:
    shown = hide_small({"a": 1, "b": 1, "c": 20, "d": 9}, FLOOR, add_up=True)

    assert shown == {"a": None, "b": None, "c": 20, "d": None}


def test_a_higher_floor_hides_more() -> None:
    assert hide_small({"a": 9, "b": 40, "c": 12}, 10, add_up=True)["a"] is None
    assert hide_small({"a": 9, "b": 40, "c": 12}, 5, add_up=True)["a"] == 9


def test_rows_that_may_be_shown_stand_alone() -> None:
    assert blocks_of({"a": (20, 6), "b": (9, 0)}, FLOOR) == (("a",), ("b",))


def test_a_row_that_few_make_up_takes_the_smallest_that_helps_with_it() -> None:
    rows = {"a": (20, 2), "b": (40, 0), "c": (30, 8), "d": (50, 9)}

    assert blocks_of(rows, FLOOR) == (("b",), ("d",), ("a", "c")), "b has nothing in that column"


def test_where_even_the_whole_is_too_small_there_are_no_blocks() -> None:
    assert blocks_of({"a": (20, 2), "b": (40, 1)}, FLOOR) == ()


ROWS = st.dictionaries(
    st.integers(0, 9), st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=9
)


@given(ROWS, st.integers(5, 9))
def test_blocks_hold_every_row_once_and_each_is_large_enough(
    rows: dict[int, tuple[int, int]], floor: int
) -> None:
    blocks = blocks_of(rows, floor)

    if not blocks:
        wholes = [sum(column) for column in zip(*rows.values(), strict=True)]
        assert any(0 < whole < floor for whole in wholes) or len(rows) == 1
        return
    assert sorted(key for block in blocks for key in block) == sorted(rows)
    for block in blocks:
        for column in (0, 1):
            count = sum(rows[key][column] for key in block)
            assert count == 0 or count >= floor


# The attacker: knows every number on paper, and that counts are whole and not negative. They try
# every table there could be, and look whether a hidden count comes out, or nearly so.


def _ways(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Every way in which so many can be made of so many counts."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _ways(total - first, parts - 1):
            yield (first, *rest)


@settings(max_examples=150, deadline=None)
@example([12, 5, 9, 9], 6)  # hidden with one nine, five was what is left when that is at most nine
@example([3, 3, 0, 0], 6)
@given(st.lists(st.integers(0, 14), min_size=2, max_size=4), st.integers(5, 6))
def test_who_knows_the_total_and_the_rule_cannot_tell_a_hidden_count(
    counts: list[int], floor: int
) -> None:
    """They hide every list that comes to the total, and keep those that then look the same."""
    total = sum(counts)
    if total < floor:  # then nothing at all is shown
        return
    shown = _shown(counts, floor)
    fitting = [one for one in _ways(total, len(counts)) if _shown(one, floor) == shown]

    for place, count in enumerate(counts):
        if is_few(count, floor):
            assert len({one[place] for one in fitting}) > 1, (counts, shown)


def _shown(counts: Sequence[int], floor: int) -> tuple[int | None, ...]:
    return tuple(hide_small(dict(enumerate(counts)), floor, add_up=True).values())


def test_a_year_stands_alone_for_all_measures_or_for_none() -> None:
    """A block's own share in a year, and its other constructs', would give the hidden one away."""
    enough, few = Tally(students=20, scored=20), Tally(students=3, scored=3)

    assert year_blocks([{10: enough, 11: enough}], FLOOR) == ((10,), (11,))
    assert year_blocks([{10: enough, 11: enough}, {10: enough, 11: few}], FLOOR) == ((10, 11),)


TABLES = st.dictionaries(
    st.integers(7, 9),
    st.dictionaries(
        st.sampled_from(["A", "B", "C"]),
        st.tuples(st.integers(0, 5), st.integers(0, 4)),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(TABLES, st.integers(2, 3))
def test_nobody_can_work_out_a_hidden_count_of_year_by_group_from_all_totals(
    table: dict[int, dict[str, tuple[int, int]]], floor: int
) -> None:
    """Total, years and groups are three tables of one page; each column is attacked by itself,
    because what is shown ties no column to the other within a hidden row.
    """
    found = without_small(
        {
            year: {
                name: {Stage.SUBMITTED: sent, Stage.NOT_REACHED: rest}
                for name, (sent, rest) in groups.items()
            }
            for year, groups in table.items()
        },
        floor,
    )
    if found.total is None:
        assert not found.lines
        return
    for column in (0, 1):
        cells = [(year, name) for year, groups in table.items() for name in groups]
        truth = [table[year][name][column] for year, name in cells]
        sums = [([True] * len(cells), sum(truth))]
        for line in found.lines:
            members = [_is_member(line.label, *cell) for cell in cells]
            shown = (line.submitted, line.asked - line.submitted)[column]
            assert shown == sum(t for t, is_in in zip(truth, members, strict=True) if is_in)
            assert shown == 0 or shown >= floor, line
            sums.append((members, shown))
        _attack(truth, sums, floor)


def _is_member(label: str, year: int, name: str) -> bool:
    """Whether a line's words take this group in."""
    if ": " not in label:
        return f"Year {year}" in label.split(" and ")
    of_year, _, names = label.partition(": ")
    return of_year == f"Year {year}" and name in names.removesuffix(" together").split(", ")


def _attack(truth: Sequence[int], sums: Sequence[tuple[list[bool], int]], floor: int) -> None:
    """Every count is shown, nought, or anything within a range at least as wide as the floor."""
    lines = [tuple(members[place] for members, _ in sums) for place in range(len(truth))]
    shown = tuple(count for _, count in sums)
    for place, real in enumerate(truth):
        others = (*lines[:place], *lines[place + 1 :])
        possible = [
            count
            for count in range(max(shown) + 1)
            if min(left := _less(shown, lines[place], count)) >= 0 and _can_be(others, left)
        ]
        assert real in possible
        is_told = possible == [real] and (real == 0 or real >= floor)
        assert is_told or possible[-1] - possible[0] >= floor, (place, truth, sums)


@cache
def _can_be(cells: tuple[tuple[bool, ...], ...], left: tuple[int, ...]) -> bool:
    """Whether cells, each with the sums that it is part of, can come to what is left of the sums."""
    if not cells:
        return not any(left)
    most = min(count for count, is_in in zip(left, cells[0], strict=True) if is_in)
    return any(_can_be(cells[1:], _less(left, cells[0], n)) for n in range(most, -1, -1))


def _less(left: tuple[int, ...], cell: tuple[bool, ...], count: int) -> tuple[int, ...]:
    return tuple(n - count * is_in for n, is_in in zip(left, cell, strict=True))


@pytest.mark.parametrize("floor", [5, 6, 12])
def test_the_attacker_does_find_what_a_careless_table_shows(floor: int) -> None:
    """Two of three counts and their total give the third: the attack above is not blind."""
    truth = [2, 20, 30]
    careless = [([True] * 3, 52), ([False, True, False], 20), ([False, False, True], 30)]

    with pytest.raises(AssertionError):
        _attack(truth, careless, floor)
