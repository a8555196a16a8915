"""A campaign's results by group: how many of each were asked and answered, and their mean readiness.

Only for items that the school shares for this purpose, and without groups so small that somebody
could be picked out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Subquery, and_, func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.profiles.models import Result, ResultKind
from outreach.pupils import characteristics
from outreach.pupils.models import Item, Pupil
from outreach.pupils.permission import connection_in_force
from outreach.reports.small_numbers import FLOOR, hide_small, hide_telling
from outreach.schools.models import Connection
from outreach.schools.purposes import DataItem, Purpose, table
from outreach.schools.switches import switches_of
from questionnaires.model import Block

NOT_GIVEN = "Not given"


@dataclass(frozen=True)
class GroupLine:
    """None: fewer than the floor, or it would give such a number away."""

    label: str
    asked: int | None
    answered: int | None
    readiness: float | None


@dataclass(frozen=True)
class Comparison:
    label: str
    groups: tuple[GroupLine, ...]


def comparisons(session: Session, campaign_id: UUID) -> tuple[Comparison, ...]:
    """One for each item that may be compared and that can be, as the table has them.

    It takes two groups that are large enough: where all but a few are of one group, its line would
    say of everybody what they are.
    """
    if connection_in_force(session) is not Connection.AUTHORISED:
        return ()
    switches = switches_of(session)
    found = [
        _comparison(session, campaign_id, item)
        for item in table().items_for(Purpose.COMPARING_GROUPS)
        if switches.may_use(item, Purpose.COMPARING_GROUPS)
    ]
    return tuple(one for one in found if _large_groups(one) > 1)


def _large_groups(comparison: Comparison) -> int:
    return sum(line.label != NOT_GIVEN and line.asked is not None for line in comparison.groups)


def _values(session: Session, item: DataItem) -> Subquery:
    """Special items come through their door, which asks once more; gender stands in the roster."""
    if item is DataItem.GENDER:
        here = Pupil.school_id == school_of(session)
        return (
            select(Pupil.id.label("pupil_id"), Pupil.gender.label("value")).where(here).subquery()
        )
    return characteristics.values(session, Item(item.value), Purpose.COMPARING_GROUPS)


def _comparison(session: Session, campaign_id: UUID, item: DataItem) -> Comparison:
    given = _values(session, item)
    rows = session.execute(
        select(
            given.c.value,
            func.count().label("asked"),
            func.count(Response.id).label("answered"),
            func.count(Result.score).label("scored"),
            func.avg(Result.score).label("readiness"),
        )
        .select_from(Invitation)
        .outerjoin(given, given.c.pupil_id == Invitation.pupil_id)
        .outerjoin(
            Response,
            and_(
                Response.school_id == Invitation.school_id,
                Response.invitation_id == Invitation.id,
                Response.submitted_at.is_not(None),
                Response.superseded_at.is_(None),
            ),
        )
        .outerjoin(
            Result,
            and_(
                Result.school_id == Response.school_id,
                Result.response_id == Response.id,
                Result.kind == ResultKind.BLOCK,
                Result.key == Block.CAREER_KNOWLEDGE.value,
            ),
        )
        .where(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id)
        .group_by(given.c.value)
    ).all()
    return Comparison(table().items[item].label, _lines(item, {row.value: row for row in rows}))


def _lines(item: DataItem, rows: Mapping[str | None, Row[Any]]) -> tuple[GroupLine, ...]:
    """Largest group first, what was not given last."""
    asked = hide_small({value: row.asked for value, row in rows.items()}, add_up=True)
    answered = hide_telling(
        {value: row.answered for value, row in rows.items()},
        {value: row.asked for value, row in rows.items()},
    )
    names = table().items[item].values

    def line(value: str | None, row: Row[Any]) -> GroupLine:
        is_large = asked[value] is not None
        return GroupLine(
            label=NOT_GIVEN if value is None else names.get(value, value),
            asked=asked[value],
            answered=answered[value] if is_large else None,
            readiness=round(row.readiness, 1) if is_large and row.scored >= FLOOR else None,
        )

    ordered = sorted(rows.items(), key=lambda one: (one[0] is None, -one[1].asked))
    return tuple(line(value, row) for value, row in ordered)
