"""Made-up pupils as an information system holds them, the same ones every time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"
UNKNOWN_AUTHORITY = "998"
"""No local authority has this number, so no practice UPN is anybody's."""
FORMS = "ABCD"
SUBJECTS = ("En", "Ma", "Sc")


@dataclass(frozen=True)
class PracticeGroup:
    """`kind`: registration, teaching or user_defined."""

    id: str
    kind: str
    name: str
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class PracticePupil:
    """One record. `id` is the information system's own number for the pupil."""

    id: int
    upn: str | None
    forename: str
    surname: str
    date_of_birth: date
    gender: str
    year: int
    admission_number: str
    preferred_forename: str | None = None
    work_email: str | None = None
    home_email: str | None = None
    sen: str = "N"
    fsm: bool = False
    pupil_premium: bool = False
    ethnicity: str = "WBRI"
    first_language: str = "ENG"
    start_date: date | None = None
    leaving_date: date | None = None
    groups: tuple[PracticeGroup, ...] = field(default=())

    @property
    def registration_group(self) -> str | None:
        return next((g.name for g in self.groups if g.kind == "registration"), None)

    def but(self, **changes: Any) -> "PracticePupil":
        return replace(self, **changes)


def practice_pupils(
    count: int, *, today: date, domain: str = "practice-school.example", seed: int = 1
) -> Iterator[PracticePupil]:
    """Years 7 to 13 in turn, in four forms, with three teaching groups each; a few in a club."""
    rng = random.Random(seed)  # noqa: S311 -- the same invented school every time
    names = invented_names()
    starts = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
    for number in range(count):
        year = 7 + number % 7
        form = f"{year}{FORMS[number // 7 % len(FORMS)]}"
        groups = [PracticeGroup(f"R{form}", "registration", form, starts)]
        groups += [
            PracticeGroup(f"T{form}{subject}", "teaching", f"{form}/{subject}", starts)
            for subject in SUBJECTS
        ]
        if number % 20 == 0:
            groups.append(PracticeGroup("U1", "user_defined", "Robotics club", starts))
        has_work = number % 40 != 13
        yield PracticePupil(
            id=70_000 + number,
            upn=practice_upn(seed, number),
            forename=rng.choice(names["forenames"]),
            surname=rng.choice(names["surnames"]),
            date_of_birth=date(starts.year - year - 5, 9, 1) + timedelta(days=rng.randrange(365)),
            gender=rng.choice("MF"),
            year=year,
            admission_number=f"{number + 1:06d}",
            work_email=f"student{number + 1}@{domain}" if has_work else None,
            home_email=f"family{number + 1}@home.example" if number % 3 == 0 else None,
            sen=rng.choices("NKE", (82, 14, 4))[0],
            fsm=rng.random() < 0.22,
            pupil_premium=rng.random() < 0.26,
            ethnicity=rng.choice(("WBRI", "WOTH", "AIND", "APKN", "BAFR", "MOTH")),
            first_language=rng.choices(("ENG", "POL", "URD"), (85, 10, 5))[0],
            start_date=date(starts.year - (year - 7), 9, 1),
            groups=tuple(groups),
        )


def practice_upn(school: int, number: int) -> str:
    """Right in form, of no real authority; one for each of 100,000 pupils of a school."""
    rest = f"{UNKNOWN_AUTHORITY}{4000 + school % 1000}{number // 1000:02d}{number % 1000:03d}"
    return _check_letter(rest) + rest


def _check_letter(rest: str) -> str:
    return _ALPHABET[sum(weight * int(mark) for weight, mark in enumerate(rest, start=2)) % 23]


@cache
def invented_names() -> dict[str, list[str]]:
    """Forenames and surnames to draw from."""
    path = Path(__file__).parent / "names.yaml"
    loaded: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
