"""What is said of an import: the report, and why nothing was taken."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.clock import london_date
from outreach.pupils.roster.import_report import DropRefused, ImportReport, NothingImported
from outreach.pupils.sources.records import CellFault, Field
from outreach.pupils.sources.roster import Roster
from outreach.pupils.sync.shared_fields import fields_left_out


@dataclass(frozen=True)
class Order:
    """How a roster is to be imported, and when. `called` is what it is, in a word."""

    source: str
    is_full: bool
    confirm_drop: bool
    dry_run: bool
    staff_id: UUID | None
    now: datetime
    called: str = "file"

    @property
    def today(self) -> date:
        return london_date(self.now)


def drop_refused(order: Order, dropped: int, current: int, report: ImportReport) -> DropRefused:
    if order.called == "file":
        words = (
            f"This full roster would drop {dropped} of {current} pupils, who would get no more "
            "mail. Nothing was imported. If the file is the whole school's roster, confirm the "
            "drop; if it is only a part, import it without calling it full."
        )
    else:
        words = (
            f"This sync would drop {dropped} of {current} pupils: {report.left} as leavers, "
            f"{report.missing} as missing. They would get no more mail. Nothing was changed. If "
            "they are off the school's roll, confirm the drop; if not, have the connection looked "
            "at, and sync again."
        )
    return DropRefused(words, dropped, current, report)


def nothing_imported(session: Session, roster: Roster, order: Order) -> NothingImported:
    report = report_of(session, roster, order)
    if not roster.rejected:
        words = (
            "The file has headings and no pupils. Nothing was imported."
            if order.called == "file"
            else "The sync brought no pupils. Nothing was changed."
        )
        return NothingImported(words, report)
    first = roster.rejected[0]
    where = f"{roster.row_name} {first.row}"
    where += f", column “{first.column}”" if first.column else ""
    words = (
        f"Nothing was imported: every {roster.row_name} of the {order.called} was rejected "
        f"({report.rejected_rows} in all). The first fault is in {where}: {first.reason}"
    )
    return NothingImported(words, report)


def report_of(
    session: Session,
    roster: Roster,
    order: Order,
    added: int = 0,
    changed: int = 0,
    unchanged: int = 0,
    left: int = 0,
    missing: int = 0,
) -> ImportReport:
    not_kept = _not_kept(roster, fields_left_out(session))
    return ImportReport(
        added,
        changed,
        unchanged,
        left,
        missing,
        rejected=roster.rejected,
        warnings=_warnings(roster, not_kept),
        ignored_columns=roster.ignored,
        not_kept_columns=tuple(not_kept),
        encoding=roster.encoding,
        source=order.source,
        row_name=roster.row_name,
        notes=roster.notes,
        is_full=order.is_full,
        is_dry_run=order.dry_run,
    )


def _not_kept(roster: Roster, left_out: dict[Field, str]) -> dict[str, str]:
    """Headings of columns that must not be stored, each with why."""
    return {
        roster.heading_of(field): why for field, why in left_out.items() if field in roster.fields
    }


def _warnings(roster: Roster, not_kept: dict[str, str]) -> list[CellFault]:
    """One for each column that is left out, in place of any remark on its cells."""
    of_columns = [
        CellFault(1, heading, "", f"The column was left out. {words}")
        for heading, words in not_kept.items()
    ]
    return of_columns + [fault for fault in roster.warnings if fault.column not in not_kept]
