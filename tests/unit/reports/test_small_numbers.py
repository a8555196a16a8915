"""Small counts stay hidden, and cannot be worked out from the others."""

from hypothesis import given
from hypothesis import strategies as st

from outreach.reports.small_numbers import FLOOR, hide_small, hide_telling


def test_a_count_under_the_floor_is_hidden() -> None:
    assert hide_small({"a": FLOOR - 1, "b": FLOOR}, add_up=False) == {"a": None, "b": FLOOR}


def test_nought_is_shown() -> None:
    assert hide_small({"a": 0, "b": 9}, add_up=True) == {"a": 0, "b": 9}


def test_a_count_that_the_total_would_give_away_takes_the_next_smallest_with_it() -> None:
    assert hide_small({"a": 2, "b": 40, "c": 9}, add_up=True) == {"a": None, "b": 40, "c": None}


def test_hidden_counts_that_come_to_the_floor_together_cover_each_other() -> None:
    assert hide_small({"a": 2, "b": 4, "c": 9}, add_up=True) == {"a": None, "b": None, "c": 9}


def test_hidden_counts_that_come_to_less_take_another_with_them() -> None:
    shown = hide_small({"a": 1, "b": 1, "c": 20, "d": 9}, add_up=True)

    assert shown == {"a": None, "b": None, "c": 20, "d": None}


@given(st.dictionaries(st.integers(), st.integers(0, 60), min_size=2))
def test_no_hidden_count_stands_alone_where_counts_add_up(counts: dict[int, int]) -> None:
    shown = hide_small(counts, add_up=True)

    hidden = [key for key, count in shown.items() if count is None]
    assert all(count is None or count == 0 or count >= FLOOR for count in shown.values())
    has_others = any(count is not None and count >= FLOOR for count in shown.values())
    assert not hidden or not has_others or sum(counts[key] for key in hidden) >= FLOOR


def test_those_who_are_missing_from_a_group_are_a_small_number_too() -> None:
    shown = hide_telling({"a": 28, "b": 10, "c": 20}, {"a": 30, "b": 20, "c": 40})

    assert shown == {"a": None, "b": None, "c": 20}, "a alone could be told from the total"


def test_where_nobody_or_everybody_answered_nothing_is_hidden() -> None:
    assert hide_telling({"a": 0, "b": 9}, {"a": 9, "b": 9}) == {"a": 0, "b": 9}


PARTS = st.dictionaries(
    st.integers(),
    st.integers(0, 60).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))),
    min_size=2,
)


@given(PARTS)
def test_what_is_hidden_cannot_be_told_from_totals(groups: dict[int, tuple[int, int]]) -> None:
    counts = {key: part for key, (part, _) in groups.items()}
    wholes = {key: whole for key, (_, whole) in groups.items()}

    shown = hide_telling(counts, wholes)

    hidden = [key for key in shown if shown[key] is None]
    is_telling = 0 < sum(counts[key] for key in hidden) < FLOOR or len(hidden) == 1
    assert not hidden or len(hidden) == len(groups) or not is_telling
    for key in set(groups) - set(hidden):
        assert counts[key] == 0 or counts[key] >= FLOOR
        assert wholes[key] - counts[key] == 0 or wholes[key] - counts[key] >= FLOOR
