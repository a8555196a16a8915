"""Average scores of a cohort, for each block and construct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.database import school_of
from outreach.profiles.models import Result, ResultKind
from outreach.profiles.wording import BLOCK_LABELS
from outreach.reports.small_numbers import FLOOR
from questionnaires.model import DEFAULT_LANGUAGE, Block, Construct, Questionnaire


@dataclass(frozen=True)
class Measure:
    """A construct or block: the average of the students' scores, and what their answers were.

    `average` is None where fewer students than the floor have a score. The shares are per cent
    of all questions asked about it, so that "not sure" and skipped stand apart from "no".
    """

    key: str
    label: str
    average: float | None
    scored: int | None
    positive: int | None
    not_positive: int | None
    unsure: int | None
    skipped: int | None


@dataclass(frozen=True)
class BlockResult:
    """A scored block, its constructs from the highest average to the lowest."""

    whole: Measure
    constructs: tuple[Measure, ...]

    @property
    def strongest(self) -> tuple[Measure, ...]:
        return self._ranked[: self._few]

    @property
    def weakest(self) -> tuple[Measure, ...]:
        return self._ranked[len(self._ranked) - self._few :][::-1]

    @property
    def _ranked(self) -> tuple[Measure, ...]:
        return tuple(one for one in self.constructs if one.average is not None)

    @property
    def _few(self) -> int:
        """Three at each end, or fewer where the two lists would meet."""
        return min(3, len(self._ranked) // 2)


def block_results(
    session: Session, definitions: Sequence[Questionnaire], campaign_id: UUID
) -> tuple[BlockResult, ...]:
    """Over all questionnaires of the campaign: the same construct has the same key in each."""
    constructs = {
        key: one for asked in reversed(definitions) for key, one in asked.constructs.items()
    }
    measures = _measures(session, constructs, campaign_id)
    return tuple(
        BlockResult(
            whole=measures[ResultKind.BLOCK, block.value],
            constructs=_from_high_to_low(
                [
                    measures[ResultKind.CONSTRUCT, key]
                    for key, construct in constructs.items()
                    if construct.block is block and (ResultKind.CONSTRUCT, key) in measures
                ]
            ),
        )
        for block in Block
        if (ResultKind.BLOCK, block.value) in measures
    )


def _from_high_to_low(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    return tuple(
        sorted(measures, key=lambda one: (one.average is None, -(one.average or 0), one.label))
    )


def _measures(
    session: Session, constructs: Mapping[str, Construct], campaign_id: UUID
) -> dict[tuple[ResultKind, str], Measure]:
    rows = session.execute(
        select(
            Result.kind,
            Result.key,
            func.count(Result.score).label("scored"),
            func.avg(Result.score).label("average"),
            func.count().filter(Result.asked > 0).label("students"),
            func.sum(Result.asked).label("asked"),
            func.sum(Result.positive).label("positive"),
            func.sum(Result.not_positive).label("not_positive"),
            func.sum(Result.unsure).label("unsure"),
            func.sum(Result.skipped).label("skipped"),
        )
        .join(
            Response,
            and_(Response.school_id == Result.school_id, Response.id == Result.response_id),
        )
        .where(
            Result.school_id == school_of(session),
            Result.campaign_id == campaign_id,
            Response.superseded_at.is_(None),
        )
        .group_by(Result.kind, Result.key)
    )
    return {(row.kind, row.key): _measure(constructs, row) for row in rows}


def _measure(constructs: Mapping[str, Construct], row: Row[Any]) -> Measure:
    has_score = row.scored >= FLOOR
    has_shares = row.students >= FLOOR and row.asked > 0

    def share(part: int) -> int | None:
        return round(100 * part / row.asked) if has_shares else None

    return Measure(
        key=row.key,
        label=_label(constructs, row.kind, row.key),
        average=round(row.average, 1) if has_score else None,
        scored=row.scored if has_score else None,
        positive=share(row.positive),
        not_positive=share(row.not_positive),
        unsure=share(row.unsure),
        skipped=share(row.skipped),
    )


def _label(constructs: Mapping[str, Construct], kind: ResultKind, key: str) -> str:
    if kind is ResultKind.BLOCK:
        return BLOCK_LABELS.get(key, key)
    return constructs[key].label.in_(DEFAULT_LANGUAGE)
