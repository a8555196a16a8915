"""Where students stopped is told in stretches of questions, each of nobody or of enough."""

import random

from outreach.reports.how_far import stretches_of
from outreach.reports.small_numbers import is_few

FLOOR = 6
TEXTS = [f"Question {number}" for number in range(1, 11)]


def lines(stopped: dict[int, int], sent_in: int = 50) -> list[tuple[str, int, int]]:
    return [
        (one.label, one.stopped, one.past) for one in stretches_of(TEXTS, stopped, sent_in, FLOOR)
    ]


def test_a_question_where_enough_stopped_stands_by_itself() -> None:
    assert lines({4: 8}) == [("1 to 3", 0, 58), ("4", 8, 50), ("5 to 10", 0, 50)]


def test_a_few_are_put_together_with_those_of_the_next_questions() -> None:
    assert lines({2: 3, 5: 4, 9: 7}) == [
        ("1", 0, 64),
        ("2 to 5", 7, 57),
        ("6 to 8", 0, 57),
        ("9", 7, 50),
        ("10", 0, 50),
    ]


def test_a_last_few_go_with_those_before_them() -> None:
    assert lines({3: 7, 8: 2}) == [("1 to 2", 0, 59), ("3 to 10", 9, 50)]


def test_nothing_is_shown_of_a_few_who_stopped_or_who_sent_in() -> None:
    assert lines({3: 5}) == []
    assert lines({3: 20}, sent_in=2) == []
    assert lines({}, sent_in=0) == []


def test_whatever_the_counts_every_line_and_every_rest_is_of_nobody_or_enough() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        stopped = {number: chance.choice([0, 0, 1, 2, 5, 6, 9]) for number in range(1, 11)}
        sent_in = chance.choice([0, 6, 40])
        found = stretches_of(TEXTS, stopped, sent_in, FLOOR)
        if found:
            assert sum(one.stopped for one in found) == sum(stopped.values())
            assert [one.first for one in found] == [1, *(one.last + 1 for one in found[:-1])]
            assert found[-1].last == 10
            assert found[-1].past == sent_in
        assert not any(is_few(one.stopped, FLOOR) or is_few(one.past, FLOOR) for one in found)
