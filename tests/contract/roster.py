"""Roster files as a stranger makes them, by the published header and the UPN's check letter."""

import csv
import io
from collections.abc import Iterable

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
HEADER = "UPN,MIS ID,Forename,Surname,Date of birth,Year,Reg group,Work email,Home email".split(",")


def make_upn(serial: int) -> str:
    """The check letter is the weighted sum of the digits, weights 2 to 13, modulo 23."""
    body = f"9994001{20 + serial // 1000:02d}{serial % 1000:03d}"
    total = sum(weight * int(digit) for weight, digit in enumerate(body, start=2))
    return CHECK_LETTERS[total % 23] + body


def make_row(number: int, domain: str) -> dict[str, str]:
    year = 10 + number % 2
    return {
        "UPN": make_upn(number),
        "MIS ID": f"S{number:05d}",
        "Forename": f"Forename{number}",
        "Surname": f"Surname{number}",
        "Date of birth": f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/2011",
        "Year": str(year),
        "Reg group": f"{year}{'ABCD'[number % 4]}",
        "Work email": f"s{number}@{domain}",
        "Home email": "",
    }


def make_roster(pupils: int, domain: str) -> str:
    return write_roster(make_row(number, domain) for number in range(pupils))


def write_roster(rows: Iterable[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
