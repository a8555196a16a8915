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
    """The counts, with None for each that is hidden.

    Where the counts `add_up` to a total that can be known, the sum of the hidden ones can be worked
    out. So noughts are hidden with the small ones, and after them the smallest of the others, until
    even a reader who knows this rule is left with several values for each; if it takes them all,
    all are hidden. Otherwise nought is shown.
    """
    hidden = {key for key, count in counts.items() if is_few(count, floor)}
    if add_up and hidden:
        ordered = sorted(counts, key=lambda key: counts[key])
        most = sum(count < floor for count in counts.values())
        while most < len(ordered) and not _cover_each_other(
            [counts[key] for key in ordered[:most]], counts[ordered[most]], floor
        ):
            most += 1
        hidden = set(ordered[:most])
    return {key: None if key in hidden else count for key, count in counts.items()}


def _cover_each_other(hidden: Sequence[int], least_shown: int, floor: int) -> bool:
    """Whether their sum may be known.

    Either all may be small, by at least two more ways than one; or the largest that they can be, as
    none is above the least that is shown, leaves room for a small one to be anything.
    """
    total = sum(hidden)
    if len(hidden) < 2 or total < floor:
        return False
    return total <= len(hidden) * (floor - 1) - 2 or total < (len(hidden) - 1) * least_shown


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
