"""Small counts stay hidden, and cannot be worked out from the others."""

from hypothesis import given
from hypothesis import strategies as st

from outreach.reports.small_numbers import FLOOR, hide_small


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
