"""Small numbers: a count under the floor is not shown, nor one that would give it away."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

FLOOR = 6
"""The smallest number of students that a figure may stand for. Below it, people can be guessed."""

K = TypeVar("K", bound=Hashable)


def hide_small(counts: Mapping[K, int], *, add_up: bool) -> dict[K, int | None]:
    """The counts, with None for each that is hidden. Nought is shown: it is about nobody.

    Where the counts `add_up` to a total that is on the page, the sum of the hidden ones could be
    worked out from the rest; while that is under the floor itself, the smallest of the others is
    hidden with them.
    """
    hidden = {key for key, count in counts.items() if 0 < count < FLOOR}
    others = sorted((key for key in counts if counts[key] >= FLOOR), key=lambda key: -counts[key])
    while add_up and others and 0 < sum(counts[key] for key in hidden) < FLOOR:
        hidden.add(others.pop())
    return {key: None if key in hidden else count for key, count in counts.items()}


def hide_telling(counts: Mapping[K, int], wholes: Mapping[K, int]) -> dict[K, int | None]:
    """Counts of parts of shown wholes, such as how many of each group answered.

    A part is hidden where it, or what it leaves of its whole, stands for a few people. So are the
    smallest others, until nobody can tell from the totals what one group hides.
    """
    hidden = {
        key for key, count in counts.items() if _is_few(count) or _is_few(wholes[key] - count)
    }
    others = sorted(set(counts) - hidden, key=lambda key: -wholes[key])
    while others and hidden and (len(hidden) == 1 or _is_few(sum(counts[key] for key in hidden))):
        hidden.add(others.pop())
    return {key: None if key in hidden else count for key, count in counts.items()}


def _is_few(count: int) -> bool:
    return 0 < count < FLOOR
