"""Small numbers: a count under the floor is not shown, nor one that would give it away.

Two ways. `hide_small` leaves out cells of a list that adds up to a known total. `blocks_of` puts
groups together until every line may be shown: all that is shown is then sums over sets of students
that do not overlap, each of them large enough, so no arithmetic on them comes to a smaller set.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

USUAL_FLOOR = 6
"""The smallest number of students that a figure may stand for. Below it, people can be guessed."""

K = TypeVar("K", bound=Hashable)


def is_few(count: int, floor: int) -> bool:
    """Nought is not: it is about nobody."""
    return 0 < count < floor


def hide_small(counts: Mapping[K, int], floor: int, *, add_up: bool) -> dict[K, int | None]:
    """The counts, with None for each that is hidden. Nought is shown.

    Where the counts `add_up` to a total that is on the page, the sum of the hidden ones could be
    worked out from the rest; while that is under the floor itself, the smallest of the others is
    hidden with them. With nothing left to hide them behind, the total itself was too small to show.
    """
    hidden = {key for key, count in counts.items() if is_few(count, floor)}
    others = sorted((key for key in counts if counts[key] >= floor), key=lambda key: -counts[key])
    while add_up and others and is_few(sum(counts[key] for key in hidden), floor):
        hidden.add(others.pop())
    return {key: None if key in hidden else count for key, count in counts.items()}


def blocks_of(
    rows: Mapping[K, Sequence[int]], floor: int, *, rather: Collection[K] = ()
) -> tuple[tuple[K, ...], ...]:
    """The rows' keys in blocks whose sums may be shown: in each column nought, or the floor and up.

    A row that may be shown is a block of its own, in its place; the rest are one block at the end,
    with as few of the others as make it large enough, and those of `rather` first. Empty where even all of them together may
    not be shown. The columns must hold whatever can be worked out from what is shown of a row: of
    “asked” and “answered”, those who did not answer too.
    """
    alone = {key: row for key, row in rows.items() if not _short_columns([row], floor)}
    together = {key: row for key, row in rows.items() if key not in alone}
    while together and (
        (short := _short_columns(list(together.values()), floor)) or len(together) < 2
    ):
        useful = [key for key, row in alone.items() if any(row[column] for column in short)]
        if not useful:
            return ()
        least = min(useful, key=lambda key: (key not in rather, sum(alone[key])))
        together[least] = alone.pop(least)
    blocks: list[tuple[K, ...]] = [(key,) for key in alone]
    if together:
        blocks.append(tuple(key for key in rows if key in together))
    return tuple(blocks)


def _short_columns(rows: Sequence[Sequence[int]], floor: int) -> list[int]:
    sums = [sum(column) for column in zip(*rows, strict=True)]
    return [number for number, count in enumerate(sums) if is_few(count, floor)]
