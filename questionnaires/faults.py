"""What is wrong with a definition: where, what, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

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


class DefinitionFaults(Exception):
    """Every fault found, all at once; nothing was loaded."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
