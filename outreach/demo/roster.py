"""A roster as a school's system would export it: 240 synthetic pupils, with its usual gaps."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import date, timedelta

from outreach.clock import academic_year
from outreach.practice.people import invented_names
from outreach.pupils.roster.upn import check_letter

PUPILS = 240
YEARS = (9, 10, 11)
FORMS = ("A", "B", "C", "D")
UNKNOWN_AUTHORITY = "999"
"""No local authority has this number, so no demo UPN is anybody's."""

NAMES = invented_names()

COLUMNS = (
    "UPN",
    "MIS ID",
    "Admission number",
    "Forename",
    "Preferred forename",
    "Surname",
    "Date of birth",
    "Gender",
    "Year",
    "Reg group",
    "Work email",
    "Home email",
    "SEN",
    "Leaving date",
)


@dataclass(frozen=True)
class _Gap:
    """What is wrong with one in so many pupils' records, as in any school."""

    every: int
    offset: int


NO_ADDRESS = _Gap(29, 8)
MISTYPED = _Gap(58, 23)
HOME_ONLY = _Gap(23, 11)
LEFT = _Gap(79, 41)


def build_roster(today: date, rng: random.Random) -> bytes:
    """The CSV file, UTF-8. `rng` makes the same school every time."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for number in range(PUPILS):
        writer.writerow(_pupil(number, today, rng))
    return out.getvalue().encode()


def _pupil(number: int, today: date, rng: random.Random) -> dict[str, str]:
    year = YEARS[number % len(YEARS)]
    forename, surname = rng.choice(NAMES["forenames"]), rng.choice(NAMES["surnames"])
    row = {
        "UPN": _upn(number, year, today),
        "MIS ID": str(5000 + number),
        "Admission number": f"{number + 1:06d}",
        "Forename": forename,
        "Preferred forename": forename[:3] if rng.random() < 0.05 and len(forename) > 4 else "",
        "Surname": surname,
        "Date of birth": _birth_date(year, today, rng).strftime("%d/%m/%Y"),
        "Gender": rng.choice("MF"),
        "Year": f"Year {year}",
        "Reg group": f"{year}{FORMS[number // len(YEARS) % len(FORMS)]}",
        "SEN": rng.choices(("N", "K", "E"), (82, 14, 4))[0],
    }
    return row | _addresses(number, today)


def _addresses(number: int, today: date) -> dict[str, str]:
    work = f"pupil{number + 1:03d}@hillside-demo-school.example"
    home = f"family{number + 1:03d}@home.example"

    def has(gap: _Gap) -> bool:
        return number % gap.every == gap.offset

    if has(NO_ADDRESS):
        return {}
    if has(HOME_ONLY):
        return {"Home email": home}
    if has(MISTYPED):
        return {"Work email": work.replace("@", " at ")}
    if has(LEFT):
        return {"Work email": work, "Leaving date": (today - timedelta(days=9)).isoformat()}
    return {"Work email": work, "Home email": home if number % 4 == 0 else ""}


def _upn(number: int, year: int, today: date) -> str:
    entry = (academic_year(today) - (year - 7)) % 100
    body = f"{UNKNOWN_AUTHORITY}4000{entry:02d}{number:03d}"
    return check_letter(body) + body


def _birth_date(year: int, today: date, rng: random.Random) -> date:
    """Pupils of Year 7 turn twelve during the academic year."""
    first = date(academic_year(today) - (year + 5), 9, 1)
    return first + timedelta(days=rng.randrange(365))
