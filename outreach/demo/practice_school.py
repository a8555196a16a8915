"""The demo school as its information system has it: the pupils of the demo roster, a term later.

The same pupils by UPN, so that a newcomer who connects it sees a roster brought up to date, not a
roster replaced.
"""

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from outreach.demo.roster import build_roster
from outreach.practice.people import PracticeGroup, PracticePupil, practice_pupils

SUBJECTS = ("En", "Ma", "Sc")
NEW = 3
"""So many pupils have joined since the roster was exported."""


def practice_roster(today: date, urn: str) -> list[PracticePupil]:
    """Of the demo's roster: three joined, one is gone, one got an address that was missing."""
    rng = random.Random(urn)  # noqa: S311 -- the same invented school every time
    rows = csv.DictReader(io.StringIO(build_roster(today, rng).decode()))
    pupils = [_pupil(number, row) for number, row in enumerate(rows) if not row["Leaving date"]]
    without = next(place for place, pupil in enumerate(pupils) if pupil.work_email is None)
    address = f"found{pupils[without].id}@hillside-demo-school.example"
    pupils[without] = pupils[without].but(work_email=address)
    return [*pupils[1:], *_joined(today, pupils)]


def pass_a_day(pupils: Sequence[PracticePupil]) -> list[PracticePupil]:
    """What a day brings: somebody goes, somebody is called something else, somebody moves form."""
    _, married, moved, *others = pupils
    form = PracticeGroup("R11D", "registration", "11D")
    groups = (form, *(group for group in moved.groups if group.kind != "registration"))
    return [*others, married.but(surname=f"{married.surname}-Vale"), moved.but(groups=groups)]


def _pupil(number: int, row: dict[str, str]) -> PracticePupil:
    form = row["Reg group"]
    groups = [PracticeGroup(f"R{form}", "registration", form)]
    groups += [PracticeGroup(f"T{form}{s}", "teaching", f"{form}/{s}") for s in SUBJECTS]
    if number % 20 == 0:
        groups.append(PracticeGroup("U1", "user_defined", "Robotics club"))
    born = datetime.strptime(row["Date of birth"], "%d/%m/%Y")  # noqa: DTZ007 -- a day, no moment
    return PracticePupil(
        id=int(row["MIS ID"]),
        upn=row["UPN"],
        forename=row["Forename"],
        preferred_forename=row["Preferred forename"] or None,
        surname=row["Surname"],
        date_of_birth=born.date(),
        gender=row["Gender"],
        year=int(row["Year"].removeprefix("Year ")),
        admission_number=row["Admission number"],
        work_email=row.get("Work email") or None,
        home_email=row.get("Home email") or None,
        sen=row["SEN"],
        fsm=number % 5 == 0,
        pupil_premium=number % 4 == 0,
        ethnicity=("WBRI", "WOTH", "AIND", "APKN", "BAFR", "MOTH")[number % 6],
        first_language="POL" if number % 12 == 5 else "ENG",
        groups=tuple(groups),
    )


def _joined(today: date, pupils: Sequence[PracticePupil]) -> list[PracticePupil]:
    like = pupils[0]
    made = practice_pupils(NEW, today=today, domain="hillside-demo-school.example", seed=7)
    return [
        pupil.but(
            id=6_000 + number,
            year=like.year,
            groups=like.groups,
            date_of_birth=like.date_of_birth + timedelta(days=number),
            work_email=f"new{number + 1}@hillside-demo-school.example",
        )
        for number, pupil in enumerate(made)
    ]
