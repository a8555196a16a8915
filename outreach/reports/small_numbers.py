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
