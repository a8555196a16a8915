"""A list for others as a CSV file, and the file's name."""

from collections.abc import Iterator
from datetime import date

from outreach.reports.lists_for_others import ListForOthers, Recipient
from outreach.spreadsheets import csv_line


def write_csv(listed: ListForOthers) -> Iterator[str]:
    """RFC 4180, a line at a time. Days are ISO 8601."""
    is_authority = listed.recipient is Recipient.LOCAL_AUTHORITY
    if is_authority:
        yield _line(
            "Surname",
            "Forename",
            "Date of birth",
            "School email",
            "Intended destination",
            "Said on",
            "Withheld because",
        )
    else:
        yield _line("Surname", "Forename", "Intended destination")
    for row in listed.rows:
        if is_authority:
            yield _line(
                row.surname,
                row.forename,
                _day(row.date_of_birth),
                row.school_email,
                row.destination,
                _day(row.said_on),
                row.withheld_because,
            )
        else:
            yield _line(row.surname, row.forename, row.destination)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _line(*cells: str | None) -> str:
    return csv_line(cells)
