"""What an import did, or why it did nothing."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from outreach.errors import Refusal
from outreach.pupils.sources.records import CellFault

DROP_SHARE = 0.2
DROP_ALWAYS_ALLOWED = 1
"""A roster may drop a fifth of the current pupils, or one, before anybody is asked."""
YEAR_END_SHARE = 0.5
YEAR_END = range(7, 10)
"""Of a sync from July to September, when whole years leave: months."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. Every row is added, changed, unchanged or rejected.

    `left` and `missing` count pupils who became so by this import. `rejected` and `warnings` hold
    what stood in the file: show them to the person importing, and do not log or store them.
    `ignored_columns` we do not know; `not_kept_columns` we know and must not keep. `notes` say of
    the file as a whole what a person should know.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    missing: int = 0
    rejected: list[CellFault] = field(default_factory=list)
    warnings: list[CellFault] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    not_kept_columns: tuple[str, ...] = ()
    encoding: str = ""
    source: str = ""
    row_name: str = "row"
    notes: tuple[str, ...] = ()
    is_full: bool = False
    is_dry_run: bool = False

    @property
    def rejected_rows(self) -> int:
        """A row with two bad cells is two faults and one row."""
        return len({fault.row for fault in self.rejected})

    @property
    def counts(self) -> dict[str, int]:
        names = ("added", "changed", "unchanged", "left", "missing", "rejected_rows")
        return {name: getattr(self, name) for name in names} | {"warnings": len(self.warnings)}

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"rejected_rows": self.rejected_rows}


class NothingImported(Refusal):
    """No row of the roster could be taken; `report` says why for each."""

    def __init__(self, words: str, report: ImportReport) -> None:
        super().__init__(words)
        self.report = report


class DropRefused(Refusal):
    """The roster lacks so many pupils that it may be the wrong one, or a faulty one."""

    def __init__(self, words: str, dropped: int, current: int, report: ImportReport) -> None:
        super().__init__(words)
        self.dropped = dropped
        self.current = current
        self.report = report


def is_large_drop(dropped: int, current: int, share: float = DROP_SHARE) -> bool:
    return dropped > max(DROP_ALWAYS_ALLOWED, share * current)


def share_of_a_sync(today: date) -> float:
    """A sync names leavers too, of whom there are many when the school year ends."""
    return YEAR_END_SHARE if today.month in YEAR_END else DROP_SHARE
