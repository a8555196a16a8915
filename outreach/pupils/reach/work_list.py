"""Who cannot be emailed and what to do about it, as a CSV file for the person who can do it."""

from collections.abc import Iterable

from outreach.pupils.reach.unreachable import Unreachable
from outreach.spreadsheets import csv_line

COLUMNS = (
    "Name",
    "Year",
    "Registration group",
    "MIS ID",
    "Admission number",
    "Email address",
    "What is wrong",
    "What to do",
    "Who can do it",
)


def write_work_list(rows: Iterable[Unreachable]) -> bytes:
    """With a byte order mark, by which Excel knows UTF-8."""
    lines = [csv_line(COLUMNS)]
    for row in rows:
        pupil = row.pupil
        cells = (
            pupil.full_name,
            pupil.year,
            row.group,
            pupil.mis_id,
            pupil.admission_number,
            row.tried,
            row.words,
            row.why.to_do,
            row.why.mender.at_start,
        )
        lines.append(csv_line(cells))
    return "".join(lines).encode("utf-8-sig", errors="replace")
