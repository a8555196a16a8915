"""What the roster page shows: counts, faults, the file's columns, and what is wrong with the form."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from outreach.pupils.roster.fault_list import MOST_CARRIED, carry
from outreach.pupils.roster.import_report import ImportReport
from outreach.pupils.roster.uploads import Upload
from outreach.pupils.sources.columns import vocabulary
from outreach.pupils.sources.previewing import ColumnPreview
from outreach.pupils.sources.records import CellFault

MOST_SHOWN = 200
LEAVE_OUT = ("", "Leave out")


@dataclass(frozen=True)
class FaultTable:
    """Faults as the page shows them, and the same, and more, to download."""

    total: int
    shown: list[CellFault]
    carried: str
    carried_count: int


@dataclass(frozen=True)
class RosterPage:
    """`upload` is the file as it is kept for the next press; `columns` what it is taken to be."""

    report: ImportReport | None = None
    rejected: FaultTable | None = None
    warnings: FaultTable | None = None
    was_imported: bool = False
    drop_words: str | None = None
    is_full: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    columns: Sequence[ColumnPreview] = ()

    @property
    def is_understood(self) -> bool:
        """Whether every column of the file is used, so that nobody needs to look."""
        return all(column.field for column in self.columns) and "columns" not in self.errors

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What a column may be taken as: value and words."""
        names = vocabulary().names
        return [LEAVE_OUT, *((each.value, name) for each, name in names.items())]

    @property
    def row_name(self) -> str:
        return self.report.row_name if self.report else "row"


def reported(
    report: ImportReport,
    *,
    was_imported: bool = False,
    drop_words: str | None = None,
    errors: dict[str, str] | None = None,
    upload: Upload | None = None,
    columns: Sequence[ColumnPreview] = (),
) -> RosterPage:
    """The page after a file was read: whether it was imported, checked or refused."""
    return RosterPage(
        report=report,
        rejected=_table(report.rejected),
        warnings=_table(report.warnings),
        was_imported=was_imported,
        drop_words=drop_words,
        is_full=report.is_full,
        errors=errors or ({"confirm_drop": drop_words} if drop_words else {}),
        upload=upload,
        columns=columns,
    )


def _table(faults: list[CellFault]) -> FaultTable | None:
    if not faults:
        return None
    carried_count = min(len(faults), MOST_CARRIED)
    return FaultTable(len(faults), faults[:MOST_SHOWN], carry(faults), carried_count)
