"""What a cohort's answers come to, for each block and construct, and by year group.

Share positive: of the clear answers (positive or not), pooled over the students. “Not sure” and
skipped stand beside it, as shares of all that was asked. Where fewer students than the floor have
a score nothing is shown, for any reader: a mean of two says nothing of a cohort.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.profiles.models import Result, ResultKind
from outreach.profiles.wording import BLOCK_LABELS
from outreach.reports.counting import Unit
from outreach.reports.few_said import rounded_share, shown_in_years, without_few
from outreach.reports.measures import NOBODY, Counted, Measure, Tally, exact, share_positive
from outreach.reports.responses import (
    Edition,
    counts_in,
    is_its_invitation,
    is_last_of_invitation,
)
from outreach.reports.small_numbers import blocks_of
from questionnaires.model import DEFAULT_LANGUAGE, Block, Construct, Questionnaire

Key = tuple[ResultKind, str]


@dataclass(frozen=True)
class YearShares:
    """Share positive of one measure in each year, in the order of the years."""

    label: str
    shares: tuple[int | None, ...]


@dataclass(frozen=True)
class BlockResult:
    """A scored block, its constructs from the highest share positive to the lowest."""

    whole: Measure
    constructs: tuple[Measure, ...]
    by_year: tuple[YearShares, ...]

    @property
    def strongest(self) -> tuple[Measure, ...]:
        return self._ranked[: self._few]

    @property
    def weakest(self) -> tuple[Measure, ...]:
        return self._ranked[len(self._ranked) - self._few :][::-1]

    @property
    def _ranked(self) -> tuple[Measure, ...]:
        return tuple(one for one in self.constructs if one.positive is not None)

    @property
    def _few(self) -> int:
        """Three at each end, or fewer where the two lists would meet."""
        return min(3, len(self._ranked) // 2)


@dataclass(frozen=True)
class Scores:
    years: tuple[int, ...]
    blocks: tuple[BlockResult, ...]


def scores_of(
    session: Session,
    definitions: Sequence[Questionnaire],
    campaign_id: UUID,
    counted: Counted,
    floor: int,
    edition: Edition,
    units: Sequence[Unit],
) -> Scores:
    """Over all questionnaires of the campaign: the same construct has the same key in each.

    The years that are shown are made of `units`; where there are none, of single years.
    """
    tallies: dict[Key, dict[int, Tally]] = defaultdict(dict)
    rows = session.execute(
        tallied(session, edition, Invitation.pupil_year).where(
            Result.campaign_id == campaign_id, is_last_of_invitation(edition)
        )
    )
    for row in rows:
        tallies[row.kind, row.key][row.pupil_year] = tally_of(row)
    years = tuple(sorted({year for of in tallies.values() for year in of}))
    constructs = constructs_of(definitions)
    together = year_blocks(tallies.values(), floor, units)
    hides = edition is Edition.COUNTED
    blocks = [
        _block_result(block, constructs, tallies, years, together, counted, floor, hides=hides)
        for block in Block
        if (ResultKind.BLOCK, block.value) in tallies
    ]
    return Scores(years, tuple(blocks))


def constructs_of(definitions: Sequence[Questionnaire]) -> dict[str, Construct]:
    """The first definition's label for each."""
    return {key: one for asked in reversed(definitions) for key, one in asked.constructs.items()}


def tallied(session: Session, edition: Edition, *by: ColumnElement[Any] | Any) -> Select[Any]:
    """Sums of the results of the edition's responses, by kind, key and these columns."""
    return (
        select(
            *by,
            Result.kind,
            Result.key,
            func.count().filter(Result.asked > 0).label("students"),
            func.count(Result.score).label("scored"),
            func.coalesce(func.sum(Result.score), 0.0).label("score"),
            func.sum(Result.positive).label("positive"),
            func.sum(Result.not_positive).label("not_positive"),
            func.sum(Result.unsure).label("unsure"),
            func.sum(Result.skipped).label("skipped"),
            *(
                func.count().filter(column > 0).label(f"{column.key}_by")
                for column in (
                    *(Result.positive, Result.not_positive),
                    *(Result.unsure, Result.skipped),
                )
            ),
        )
        .join(
            Response,
            and_(Response.school_id == Result.school_id, Response.id == Result.response_id),
        )
        .join(Invitation, is_its_invitation())
        .where(Result.school_id == school_of(session), counts_in(edition))
        .group_by(*by, Result.kind, Result.key)
    )


def tally_of(row: Any) -> Tally:
    return Tally(*(getattr(row, one.name) for one in fields(Tally)))


def year_blocks(
    measures: Iterable[Mapping[int, Tally]], floor: int, units: Sequence[Unit] = ()
) -> tuple[tuple[int, ...], ...]:
    """The year groups of a campaign, those too small to stand alone together.

    They are the same for all measures: if a block of questions stood alone where one of its
    constructs does not, the other constructs and the block would give that one away.
    """
    shown = [one for one in measures if sum(one.values(), NOBODY).scored >= floor]
    years = sorted({year for one in shown for year in one})
    rows: dict[Unit, list[int]] = {}
    for unit in units or [(year,) for year in years]:
        sums = [sum((one.get(year, NOBODY) for year in unit), NOBODY) for one in shown]
        rows[unit] = [count for tally in sums for count in (tally.scored, tally.students)]
    return tuple(tuple(year for unit in block for year in unit) for block in blocks_of(rows, floor))


def label_of(constructs: Mapping[str, Construct], kind: ResultKind, key: str) -> str:
    if kind is ResultKind.BLOCK:
        return BLOCK_LABELS.get(key, key)
    return constructs[key].label.in_(DEFAULT_LANGUAGE)


def _block_result(
    block: Block,
    constructs: Mapping[str, Construct],
    tallies: Mapping[Key, Mapping[int, Tally]],
    years: Sequence[int],
    together: Collection[tuple[int, ...]],
    counted: Counted,
    floor: int,
    *,
    hides: bool,
) -> BlockResult:
    of_block = (ResultKind.BLOCK, block.value)
    keys = [
        (ResultKind.CONSTRUCT, key)
        for key, construct in constructs.items()
        if construct.block is block and (ResultKind.CONSTRUCT, key) in tallies
    ]
    wholes = {key: sum(tallies[key].values(), NOBODY) for key in [of_block, *keys]}
    found = {
        key: exact(key[1], label_of(constructs, *key), whole, counted, floor)
        for key, whole in wholes.items()
    }
    in_years = dict.fromkeys(wholes, True)
    if hides:
        found = without_few(found, wholes, counted, floor)
        in_years = shown_in_years(
            {key: [_of_years(tallies[key], of) for of in together] for key in wholes}, floor
        )
    alone = {of[0] for of in together if len(of) == 1}
    keys.sort(key=lambda key: _rank(found[key]))
    return BlockResult(
        whole=found[of_block],
        constructs=tuple(found[key] for key in keys),
        by_year=tuple(
            _year_shares(
                label_of(constructs, *key),
                tallies[key],
                years,
                alone if in_years[key] else (),
                floor,
                hides=hides,
            )
            for key in [of_block, *keys]
        ),
    )


def _of_years(tallies: Mapping[int, Tally], years: Iterable[int]) -> Tally:
    return sum((tallies.get(year, NOBODY) for year in years), NOBODY)


def _rank(one: Measure) -> tuple[bool, float, float, str]:
    return one.positive is None, -(one.positive or 0), -(one.average or 0), one.label


def _year_shares(
    label: str,
    tallies: Mapping[int, Tally],
    years: Iterable[int],
    alone: Collection[int],
    floor: int,
    *,
    hides: bool,
) -> YearShares:
    has_enough = sum(tallies.values(), NOBODY).scored >= floor

    def share(year: int) -> int | None:
        if not has_enough or year not in alone:
            return None
        of_year = tallies.get(year, NOBODY)
        return rounded_share([of_year], floor) if hides else share_positive(of_year)

    return YearShares(label, tuple(share(year) for year in years))
