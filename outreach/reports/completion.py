"""How far a campaign has come, by year, registration group and teaching group.

Each pupil asked is at one stage, so the stages add up to the asked. The whole has every stage. The
edition for readers who may not see single responses, and for paper, knows only whose answers are
counted in; it puts groups together where one by itself would show a few students, and leaves out
teaching groups: they overlap, so that any of them may be worked out from others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.states import ANSWERED, MessageState, MessageStep
from outreach.database import school_of
from outreach.pupils.groups import members_of_kind, natural_order, registration_groups
from outreach.pupils.models import GroupKind
from outreach.reports.responses import Edition, is_counted
from outreach.reports.small_numbers import blocks_of, is_few

NO_GROUP = "no registration group"


class Stage(Enum):
    """The furthest that a pupil has come."""

    SUBMITTED = "submitted"
    STARTED = "started"
    REACHED = "reached"
    """A mail server took the mail; nothing was answered yet."""
    WAITING = "waiting"
    """The mail is still to go, or it is not known whether it went."""
    NOT_REACHED = "not_reached"
    """No mail could go, or it came back; and no answer by another way."""


STAGE_WORDS = {
    Stage.SUBMITTED: "Sent in",
    Stage.STARTED: "Started",
    Stage.REACHED: "Reached, not started",
    Stage.WAITING: "Mail on its way",
    Stage.NOT_REACHED: "Not reachable",
}
Counts = Mapping[Stage, int]


@dataclass(frozen=True)
class Line:
    """`stages` is empty in the edition with small numbers hidden."""

    label: str
    asked: int
    submitted: int
    stages: Counts
    is_year: bool = False

    @property
    def rate(self) -> int:
        return 100 * self.submitted // self.asked if self.asked else 0  # 100 only when all have


@dataclass(frozen=True)
class CompletionByGroup:
    """`total` is None where even that would show a few students."""

    total: Line | None
    lines: tuple[Line, ...]
    """Each year, and under it its registration groups."""
    teaching: tuple[Line, ...]

    @property
    def years(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_year)


def completion_by_group(
    session: Session, campaign_id: UUID, day: date, floor: int | None
) -> CompletionByGroup:
    """With a floor, small numbers are hidden. Groups are those of the day."""
    edition = Edition.LIVE if floor is None else Edition.COUNTED
    by_year: dict[int, dict[str, Counts]] = defaultdict(dict)
    for year, name, counts in _counted(
        session, _by_registration(session, campaign_id, day, edition)
    ):
        by_year[year][name or NO_GROUP] = counts
    years = {year: by_year[year] for year in sorted(by_year)}
    if floor is not None:
        return without_small(years, floor)
    lines: list[Line] = []
    for year, groups in years.items():
        lines.append(_whole(f"Year {year}", groups.values(), is_year=True))
        lines += [_whole(_in_year(year, name), [groups[name]]) for name in _ordered(groups)]
    teaching = {
        f"{name}, Year {year}": counts
        for year, name, counts in _counted(session, _by_teaching(session, campaign_id, day))
    }
    return CompletionByGroup(
        total=_whole("All students asked", [one for of in years.values() for one in of.values()]),
        lines=tuple(lines),
        teaching=tuple(_whole(name, [teaching[name]]) for name in _ordered(teaching)),
    )


def without_small(years: Mapping[int, Mapping[str, Counts]], floor: int) -> CompletionByGroup:
    """The edition with small numbers hidden, of each year's registration groups."""
    sums = {year: _pair(groups.values()) for year, groups in years.items()}
    total = (sum(one[0] for one in sums.values()), sum(one[1] for one in sums.values()))
    if any(is_few(count, floor) for count in total) or not sum(total):
        return CompletionByGroup(None, (), ())
    lines: list[Line] = []
    for block in blocks_of(sums, floor):
        label = " and ".join(f"Year {year}" for year in block)
        lines.append(_short(label, [sums[year] for year in block], is_year=True))
        if len(block) == 1:
            lines += _safe_groups(block[0], years[block[0]], floor)
    return CompletionByGroup(_short("All students asked", [total]), tuple(lines), ())


def _safe_groups(year: int, groups: Mapping[str, Counts], floor: int) -> list[Line]:
    """Under their year's own line, so that they add up to what is shown there."""
    rows = {name: _pair([groups[name]]) for name in _ordered(groups)}
    blocks = blocks_of(rows, floor)
    if len(blocks) < 2:
        return []
    return [
        _short(
            _in_year(year, ", ".join(block)) + (" together" if len(block) > 1 else ""),
            [rows[name] for name in block],
        )
        for block in blocks
    ]


def _in_year(year: int, name: str) -> str:
    return f"Year {year}: {name}"


def _ordered(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == NO_GROUP, natural_order(name)))


def _pair(counts: Iterable[Counts]) -> tuple[int, int]:
    """Those who sent their answers in, and those who have not."""
    every = list(counts)
    submitted = sum(one.get(Stage.SUBMITTED, 0) for one in every)
    return submitted, sum(sum(one.values()) for one in every) - submitted


def _whole(label: str, counts: Iterable[Counts], *, is_year: bool = False) -> Line:
    every = list(counts)
    stages = {stage: sum(one.get(stage, 0) for one in every) for stage in Stage}
    return Line(label, sum(stages.values()), stages[Stage.SUBMITTED], stages, is_year)


def _short(label: str, pairs: Iterable[tuple[int, int]], *, is_year: bool = False) -> Line:
    every = list(pairs)
    submitted = sum(one[0] for one in every)
    return Line(label, submitted + sum(one[1] for one in every), submitted, {}, is_year)


def _counted(
    session: Session, statement: Select[int, str | None, str, int]
) -> list[tuple[int, str | None, Counts]]:
    found: dict[tuple[int, str | None], dict[Stage, int]] = defaultdict(dict)
    for year, name, stage, count in session.execute(statement):
        found[year, name][Stage(stage)] = count
    return [(year, name, counts) for (year, name), counts in found.items()]


def _by_registration(
    session: Session, campaign_id: UUID, day: date, edition: Edition
) -> Select[int, str | None, str, int]:
    whole = edition is Edition.LIVE
    placed = (_placed if whole else _placed_by_counting)(session, campaign_id).subquery("placed")
    group = registration_groups(session, day)
    return (
        select(placed.c.year, group.c.name, placed.c.stage, func.count())
        .outerjoin(group, group.c.pupil_id == placed.c.pupil_id)
        .group_by(placed.c.year, group.c.name, placed.c.stage)
    )


def _by_teaching(
    session: Session, campaign_id: UUID, day: date
) -> Select[int, str | None, str, int]:
    placed = _placed(session, campaign_id).subquery("placed")
    group = members_of_kind(session, GroupKind.TEACHING, day)
    return (
        select(placed.c.year, group.c.name, placed.c.stage, func.count())
        .join(group, group.c.pupil_id == placed.c.pupil_id)
        .group_by(placed.c.year, group.c.name, placed.c.stage)
    )


def _placed(session: Session, campaign_id: UUID) -> Select[UUID, int, str]:
    """Every pupil asked, at one stage: a later one goes before an earlier one."""
    mails = (
        select(
            Message.invitation_id,
            func.bool_or(Message.state == MessageState.ACCEPTED).label("arrived"),
            func.bool_or(_may_arrive()).label("may_arrive"),
        )
        .where(
            Message.school_id == school_of(session),
            Message.campaign_id == campaign_id,
            Message.step != MessageStep.COPY,
        )
        .group_by(Message.invitation_id)
        .subquery("mails")
    )
    stage = case(
        (or_(Invitation.state.in_(ANSWERED), _has_sent()), Stage.SUBMITTED.value),
        (Invitation.started_at.is_not(None), Stage.STARTED.value),
        (mails.c.arrived, Stage.REACHED.value),
        (mails.c.may_arrive, Stage.WAITING.value),
        else_=Stage.NOT_REACHED.value,
    )
    return (
        select(Invitation.pupil_id, Invitation.pupil_year.label("year"), stage.label("stage"))
        .outerjoin(mails, mails.c.invitation_id == Invitation.id)
        .where(
            and_(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id)
        )
    )


def _placed_by_counting(session: Session, campaign_id: UUID) -> Select[UUID, int, str]:
    """Every pupil asked: counted in, or not."""
    is_in = exists().where(
        Response.school_id == Invitation.school_id,
        Response.invitation_id == Invitation.id,
        is_counted(),
    )
    stage = case((is_in, Stage.SUBMITTED.value), else_=Stage.NOT_REACHED.value)
    return select(
        Invitation.pupil_id, Invitation.pupil_year.label("year"), stage.label("stage")
    ).where(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id)


def _has_sent() -> ColumnElement[bool]:
    """Whoever staff let answer again stands at “not started”, while what they sent still counts."""
    return exists().where(
        Response.school_id == Invitation.school_id,
        Response.invitation_id == Invitation.id,
        Response.submitted_at.is_not(None),
        Response.superseded_at.is_(None),
    )


def _may_arrive() -> ColumnElement[bool]:
    return Message.state.in_(
        [
            MessageState.QUEUED,
            MessageState.SENDING,
            MessageState.DEFERRED,
            MessageState.HELD,
            MessageState.UNKNOWN,
        ]
    )
