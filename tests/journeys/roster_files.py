"""Roster files for tests, and an import of one as the command line and the page do it."""

from typing import Any
from uuid import UUID

from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.pupils.roster.importing import ImportReport, import_roster
from outreach.pupils.roster.upn import check_letter

HEADER = "UPN,MIS ID,Forename,Surname,Year,Reg group,Work email,Home email,SEN,Leaving date"


def upn(serial: int, last: str = "") -> str:
    """A right UPN; with `last` a temporary one."""
    rest = f"8732004{serial:05d}" if not last else f"8732004{serial:04d}{last}"
    return check_letter(rest) + rest


def row(number: int, **cells: object) -> str:
    """A pupil whose every cell is told by the number; cells are given by their heading."""
    standing: dict[str, object] = {
        "upn": upn(number),
        "mis_id": number,
        "forename": f"Forename{number}",
        "surname": f"Surname{number}",
        "year": 10,
        "reg_group": "10A",
        "work_email": f"p{number}@hill.example",
        "home_email": "",
        "sen": "K",
        "leaving_date": "",
    }
    return ",".join(str(cell) for cell in (standing | cells).values())


def roster(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *rows)).encode()


def many(count: int) -> bytes:
    return roster(*(row(number) for number in range(1, count + 1)))


def take(sessions: Sessions, school_id: UUID, content: bytes, **choices: Any) -> ImportReport:
    """Import in a transaction of its own."""
    standing = {
        "source": "csv",
        "is_full": False,
        "confirm_drop": False,
        "dry_run": False,
        "staff_id": None,
        "now": now(),
    }
    with transaction(sessions, school_id) as session:
        return import_roster(session, content, **(standing | choices))
