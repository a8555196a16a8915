"""The same measures over academic years: the school's, and each year group's as it grows.

Of every campaign's current responses, by the academic year they were sent in. It is made only of
parts that each campaign's own results show (a year group of a campaign, or several together), so
that it cannot be set against those pages to work out a small part; what is left out is said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, cast, extract, func, text
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.profiles.models import Result, ResultKind
from outreach.reports.counting import units_of
from outreach.reports.few_said import has_few_split, rounded_share
from outreach.reports.measures import NOBODY, Tally, share_positive
from outreach.reports.responses import Edition
from outreach.reports.scores import (
    Key,
    constructs_of,
    label_of,
    tallied,
    tally_of,
    year_blocks,
)
from questionnaires.model import Block, Questionnaire


@dataclass(frozen=True)
class Course:
    """Per cent positive of the clear answers in each academic year; None: nothing to show."""

    key: str
    label: str
    shares: tuple[int | None, ...]
    years: tuple[str, ...] = ()
    """For a cohort, the year group it was in each time."""


@dataclass(frozen=True)
class OverTime:
    academic_years: tuple[int, ...]
    measures: tuple[Course, ...]
    """Of the whole school: each block, and under it its constructs."""
    cohorts: tuple[Course, ...]
    """Of `chosen` alone, the oldest first; only those seen in more than one year."""
    chosen: str
    is_partial: bool
    """Some year groups were too small to be counted by themselves."""

    @property
    def academic_year_words(self) -> tuple[str, ...]:
        return tuple(academic_year_words(year) for year in self.academic_years)


Part = tuple[int, int | None]
"""Academic year, and the year group that was asked; None for several that stand together."""


def over_time(
    session: Session,
    definitions: Sequence[Questionnaire],
    floor: int,
    edition: Edition,
    chosen: str | None = None,
) -> OverTime:
    """`chosen` is the key of a block or construct of these questionnaires; else the first block."""
    constructs = constructs_of(definitions)
    parts, is_partial = _shown_parts(session, floor, edition)
    keys = [
        key
        for block in Block
        for key in [
            (ResultKind.BLOCK, block.value),
            *((ResultKind.CONSTRUCT, k) for k, one in constructs.items() if one.block is block),
        ]
        if key in parts
    ]
    rounds_under = floor if edition is Edition.COUNTED else None
    years = tuple(sorted({year for key in keys for year, _ in parts[key]}))
    chosen_key = next((key for key in keys if key[1] == chosen), keys[0] if keys else None)
    return OverTime(
        academic_years=years,
        measures=tuple(
            Course(key[1], label_of(constructs, *key), _shares(parts[key], years, rounds_under))
            for key in keys
        ),
        cohorts=_cohorts(parts[chosen_key], years, rounds_under) if chosen_key else (),
        chosen=chosen_key[1] if chosen_key else "",
        is_partial=is_partial,
    )


def academic_year_words(year: int) -> str:
    """2025/26"""
    return f"{year}/{(year + 1) % 100:02}"


def _shown_parts(
    session: Session, floor: int, edition: Edition
) -> tuple[dict[Key, dict[Part, list[Tally]]], bool]:
    """By measure; and whether year groups are left out, or in the school's own line alone.

    What stands together on a campaign's page stands together here. Where it falls into two
    academic years, each of them has to be large enough too. Who may not read single responses sees
    no part of a campaign in which only a few were positive, or were not: all its parts of that
    measure stand together then, and if that is not enough, nowhere.
    """
    found: dict[UUID, dict[Key, dict[int, dict[int, Tally]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(dict))
    )
    academic_year = _academic_year().label("academic_year")
    for row in session.execute(
        tallied(session, edition, Result.campaign_id, Invitation.pupil_year, academic_year)
    ):
        place = found[row.campaign_id][row.kind, row.key][row.pupil_year]
        place[row.academic_year] = tally_of(row)
    units = units_of(session, floor) if edition is Edition.COUNTED else {}
    shown: dict[Key, dict[Part, list[Tally]]] = defaultdict(lambda: defaultdict(list))
    is_partial = False
    for campaign, measures in found.items():
        wholes = [
            {group: sum(of.values(), NOBODY) for group, of in by_group.items()}
            for by_group in measures.values()
        ]
        blocks = year_blocks(wholes, floor, units.get(campaign, ()))
        is_partial = is_partial or any(len(block) > 1 for block in blocks) or not blocks
        for key, by_group in measures.items():
            parts: dict[Part, Tally] = {}
            for block in blocks:
                of_block: dict[int, Tally] = defaultdict(Tally)
                for group in block:
                    for when, tally in by_group.get(group, {}).items():
                        of_block[when] += tally
                if any(one.scored < floor for one in of_block.values()):
                    is_partial = True
                    continue
                for when, tally in of_block.items():
                    part = (when, block[0] if len(block) == 1 else None)
                    parts[part] = parts.get(part, NOBODY) + tally
            if edition is Edition.COUNTED and _any_few(parts, floor):
                is_partial = True
                parts = _by_year_alone(parts)
                if _any_few(parts, floor):
                    continue
            for part, tally in parts.items():
                shown[key][part].append(tally)
    return shown, is_partial


def _any_few(parts: Mapping[Part, Tally], floor: int) -> bool:
    return any(has_few_split(one, floor) for one in parts.values())


def _by_year_alone(parts: Mapping[Part, Tally]) -> dict[Part, Tally]:
    whole: dict[Part, Tally] = defaultdict(Tally)
    for (when, _), tally in parts.items():
        whole[when, None] += tally
    return dict(whole)


def _academic_year() -> ColumnElement[int]:
    """As `clock.academic_year` has it: eight months back, 1 September is 1 January."""
    local = func.timezone("Europe/London", Response.submitted_at)
    return cast(extract("year", local - text("interval '8 months'")), Integer)


def _shares(
    parts: Mapping[Part, Iterable[Tally]],
    years: Sequence[int],
    rounds_under: int | None,
    cohort: int | None = None,
) -> tuple[int | None, ...]:
    """`cohort`: only those who were in “Year 0” in that academic year."""
    shares: list[int | None] = []
    for year in years:
        of_year = [
            tally
            for (when, group), tallies in parts.items()
            if when == year and (cohort is None or _is_of(cohort, when, group))
            for tally in tallies
        ]
        if rounds_under is None:
            shares.append(share_positive(sum(of_year, NOBODY)))
        else:
            shares.append(rounded_share(of_year, rounds_under))
    return tuple(shares)


def _is_of(cohort: int, when: int, group: int | None) -> bool:
    return group is not None and when - group == cohort


def _cohorts(
    parts: Mapping[Part, Iterable[Tally]], years: Sequence[int], rounds_under: int | None
) -> tuple[Course, ...]:
    courses: list[Course] = []
    for cohort in sorted({when - group for when, group in parts if group is not None}):
        shares = _shares(parts, years, rounds_under, cohort)
        seen = [year for year, share in zip(years, shares, strict=True) if share is not None]
        if len(seen) < 2:
            continue
        label = f"Year {seen[0] - cohort} in {academic_year_words(seen[0])}"
        groups = tuple(f"Year {year - cohort}" for year in years)
        courses.append(Course(str(cohort), label, shares, groups))
    return tuple(courses)
