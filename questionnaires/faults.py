"""What is wrong with a definition: where, what, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_FAULTS = 100
"""Told at once: more than anybody reads, and as much as a page should carry."""

Place = tuple[str | int, ...]
"""Keys and list positions that lead from the top of the file to a value."""


@dataclass(frozen=True)
class Finding:
    """A fault by its place in the data, before the file's lines and names are put to it."""

    place: Place
    what: str
    mend: str


@dataclass(frozen=True)
class Fault:
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.mend}"


def first_of(faults: Sequence[Fault], name: str) -> list[Fault]:
    """Those told at once; `name` is what the file is called."""
    return [*faults[:MOST_FAULTS], *more_than(len(faults), name)]


def more_than(count: int, name: str) -> list[Fault]:
    """One line for all that is left out of `count`; none where nothing is."""
    if count <= MOST_FAULTS:
        return []
    what = f"There are more faults: {count - MOST_FAULTS} are not listed."
    return [Fault(name, what, "Mend those above, then check again.")]


class DefinitionFaults(Exception):
    """Every fault found, all at once, up to `MOST_FAULTS`; nothing was loaded."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
