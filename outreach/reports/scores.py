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
from outreach.reports.responses import (
    Edition,
    counts_in,
    is_its_invitation,
    is_last_of_invitation,
)
from outreach.reports.small_numbers import blocks_of, is_few
from questionnaires.model import DEFAULT_LANGUAGE, Block, Construct, Questionnaire

Key = tuple[ResultKind, str]


@dataclass(frozen=True)
class Tally:
    """Sums over students: how many were asked, have a score, and what their answers were."""

    students: int = 0
    scored: int = 0
    score: float = 0.0
    positive: int = 0
    not_positive: int = 0
    unsure: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def clear(self) -> int:
        return self.positive + self.not_positive

    @property
    def asked(self) -> int:
        return self.clear + self.unsure + self.skipped


NOBODY = Tally()


@dataclass(frozen=True)
class Measure:
    """A construct or block in per cent; all None where too few students have a score."""

    key: str
    label: str
    scored: int | None
    """None also where a few alone have no score, or have not answered: their number would be plain."""
    average: float | None
    """Of the students' scores."""
    positive: int | None
    unsure: int | None
    skipped: int | None


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
    counted: int | None,
    floor: int,
    edition: Edition,
    units: Sequence[Unit],
) -> Scores:
    """Over all questionnaires of the campaign: the same construct has the same key in each.

    `counted` is how many responses there are to have a score; None: that may not be told. The
    years that are shown are made of `units`; where there are none, of single years.
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
    alone = {block[0] for block in year_blocks(tallies.values(), floor, units) if len(block) == 1}
    blocks = [
        _block_result(block, constructs, tallies, years, alone, counted, floor)
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


def share_positive(tally: Tally) -> int | None:
    return round(100 * tally.positive / tally.clear) if tally.clear else None


def label_of(constructs: Mapping[str, Construct], kind: ResultKind, key: str) -> str:
    if kind is ResultKind.BLOCK:
        return BLOCK_LABELS.get(key, key)
    return constructs[key].label.in_(DEFAULT_LANGUAGE)


def _block_result(
    block: Block,
    constructs: Mapping[str, Construct],
    tallies: Mapping[Key, Mapping[int, Tally]],
    years: Sequence[int],
    alone: Collection[int],
    counted: int | None,
    floor: int,
) -> BlockResult:
    def measure(key: Key) -> Measure:
        whole = sum(tallies[key].values(), NOBODY)
        return _measure(key[1], label_of(constructs, *key), whole, counted, floor)

    of_block = (ResultKind.BLOCK, block.value)
    keys = [
        (ResultKind.CONSTRUCT, key)
        for key, construct in constructs.items()
        if construct.block is block and (ResultKind.CONSTRUCT, key) in tallies
    ]
    measures = sorted((measure(key) for key in keys), key=_rank)
    places = {one.key: number for number, one in enumerate(measures)}
    keys.sort(key=lambda key: places[key[1]])
    return BlockResult(
        whole=measure(of_block),
        constructs=tuple(measures),
        by_year=tuple(
            _year_shares(label_of(constructs, *key), tallies[key], years, alone, floor)
            for key in [of_block, *keys]
        ),
    )


def _rank(one: Measure) -> tuple[bool, float, float, str]:
    return one.positive is None, -(one.positive or 0), -(one.average or 0), one.label


def _measure(key: str, label: str, tally: Tally, counted: int | None, floor: int) -> Measure:
    if tally.scored < floor:
        return Measure(key, label, None, None, None, None, None)
    return Measure(
        key=key,
        label=label,
        scored=None if counted is None or is_few(counted - tally.scored, floor) else tally.scored,
        average=round(tally.score / tally.scored, 1),
        positive=share_positive(tally),
        unsure=round(100 * tally.unsure / tally.asked),
        skipped=round(100 * tally.skipped / tally.asked),
    )


def _year_shares(
    label: str,
    tallies: Mapping[int, Tally],
    years: Iterable[int],
    alone: Collection[int],
    floor: int,
) -> YearShares:
    has_enough = sum(tallies.values(), NOBODY).scored >= floor
    return YearShares(
        label,
        tuple(
            share_positive(tallies.get(year, NOBODY)) if has_enough and year in alone else None
            for year in years
        ),
    )
