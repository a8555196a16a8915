"""A campaign's results by characteristic: how many were asked and answered, and their readiness.

Only for items that the school shares for this purpose. Groups so small that somebody could be
picked out stand together in one line, for every reader. And only once the campaign is over: while
it runs, each new answer would move the line of one group, and tell which that student is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Subquery, Text, and_, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.states import CampaignState
from outreach.database import school_of
from outreach.profiles.models import Result, ResultKind
from outreach.pupils import characteristics
from outreach.pupils.models import Item, Pupil
from outreach.pupils.sync.permission import connection_in_force
from outreach.reports.responses import is_counted, is_its_invitation
from outreach.reports.small_numbers import blocks_of
from outreach.schools.models import Connection
from outreach.schools.purposes import DataItem, Purpose, table
from outreach.schools.switches import switches_of
from questionnaires.model import Block

NOT_GIVEN = "Not given"


@dataclass(frozen=True)
class GroupLine:
    """`answered` is None where the campaign as a whole shows too few who did, or did not."""

    label: str
    asked: int
    answered: int | None
    readiness: float | None
    """The average score of career knowledge and skills."""
    positive: int | None
    """Per cent of the clear answers in that block."""


@dataclass(frozen=True)
class Comparison:
    label: str
    groups: tuple[GroupLine, ...]


def comparisons(session: Session, campaign_id: UUID, floor: int) -> tuple[Comparison, ...]:
    """One for each item that may be compared and that can be, as the table has them.

    It takes two groups that are large enough: where all but a few are of one group, its line would
    say of everybody what they are.
    """
    if connection_in_force(session) is not Connection.AUTHORISED:
        return ()
    if not is_settled(session, campaign_id):
        return ()
    switches = switches_of(session)
    items = [
        item
        for item in table().items_for(Purpose.COMPARING_GROUPS)
        if switches.may_use(item, Purpose.COMPARING_GROUPS)
    ]
    counted = _counted(session, campaign_id, items)
    found = (_compared(item, counted[item], floor) for item in items)
    return tuple(one for one in found if one is not None)


def is_settled(session: Session, campaign_id: UUID) -> bool:
    """The campaign is over, and every response sent in has been worked out."""
    over = (CampaignState.CLOSED, CampaignState.CANCELLED)
    waits = (
        select(Response.id)
        .join(Invitation, is_its_invitation())
        .where(
            Response.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            Response.submitted_at.is_not(None),
            Response.written_back_at.is_(None),
        )
    )
    return bool(
        session.scalar(
            select(Campaign.state.in_(over) & ~waits.exists()).where(
                Campaign.school_id == school_of(session), Campaign.id == campaign_id
            )
        )
    )


def _values(session: Session, item: DataItem) -> Subquery:
    """Special items come through their door, which asks once more; gender stands in the roster."""
    if item is DataItem.GENDER:
        here = Pupil.school_id == school_of(session)
        return (
            select(Pupil.id.label("pupil_id"), Pupil.gender.label("value")).where(here).subquery()
        )
    return characteristics.values(session, Item(item.value), Purpose.COMPARING_GROUPS)


def _counted(
    session: Session, campaign_id: UUID, items: Sequence[DataItem]
) -> dict[DataItem, dict[str | None, Row[Any]]]:
    """By item and value. What everybody answered is read once, and set beside each item."""
    counted: dict[DataItem, dict[str | None, Row[Any]]] = {item: {} for item in items}
    if not items:
        return counted
    answered = _answered(session, campaign_id).cte("answered").prefix_with("MATERIALIZED")
    each = []
    for item in items:
        given = _values(session, item)
        each.append(
            select(
                literal(item.value, Text).label("item"),
                given.c.value,
                func.count().label("asked"),
                func.count(answered.c.response_id).label("answered"),
                func.count(answered.c.score).label("scored"),
                func.coalesce(func.sum(answered.c.score), 0.0).label("score"),
                func.coalesce(func.sum(answered.c.positive), 0).label("positive"),
                func.coalesce(func.sum(answered.c.not_positive), 0).label("not_positive"),
            )
            .select_from(answered)
            .outerjoin(given, given.c.pupil_id == answered.c.pupil_id)
            .group_by(given.c.value)
        )
    for row in session.execute(union_all(*each)):
        counted[DataItem(row.item)][row.value] = row
    return counted


def _answered(session: Session, campaign_id: UUID) -> Select[UUID, UUID, float | None, int, int]:
    """Every pupil asked, with their response that is counted in, and its result in career knowledge."""
    counted = (
        select(Response.school_id, Response.id, Response.invitation_id)
        .ext(distinct_on(Response.invitation_id))
        .join(Invitation, is_its_invitation())
        .where(
            Response.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            is_counted(),
        )
        .order_by(Response.invitation_id, Response.submitted_at.desc())
        .subquery("counted")
    )
    return (
        select(
            Invitation.pupil_id,
            counted.c.id.label("response_id"),
            Result.score,
            Result.positive,
            Result.not_positive,
        )
        .select_from(Invitation)
        .outerjoin(
            counted,
            and_(
                counted.c.school_id == Invitation.school_id,
                counted.c.invitation_id == Invitation.id,
            ),
        )
        .outerjoin(
            Result,
            and_(
                Result.school_id == counted.c.school_id,
                Result.response_id == counted.c.id,
                Result.campaign_id == Invitation.campaign_id,
                Result.kind == ResultKind.BLOCK,
                Result.key == Block.CAREER_KNOWLEDGE.value,
            ),
        )
        .where(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id)
    )


def _compared(item: DataItem, rows: Mapping[str | None, Row[Any]], floor: int) -> Comparison | None:
    """In the order of the table, what stands together last: an order by size would tell sizes."""
    blocks, has_answered = _blocks(rows, floor)
    if not blocks:
        return None
    names = table().items[item].values

    def line(block: Sequence[str | None]) -> GroupLine:
        of = [rows[value] for value in block]
        scored = sum(row.scored for row in of)
        clear = sum(row.positive + row.not_positive for row in of)
        labels = [NOT_GIVEN if value is None else names.get(value, value) for value in block]
        return GroupLine(
            label=labels[0] if len(labels) == 1 else f"{', '.join(labels)}: together",
            asked=sum(row.asked for row in of),
            answered=sum(row.answered for row in of) if has_answered else None,
            readiness=round(sum(row.score for row in of) / scored, 1) if scored else None,
            positive=round(100 * sum(row.positive for row in of) / clear) if scored else None,
        )

    places = {value: number for number, value in enumerate(names)}
    ordered = sorted(
        blocks,
        key=lambda block: (
            len(block) > 1,
            block == (None,),
            places.get(block[0] or "", len(places)),
            block[0] or "",
        ),
    )
    return Comparison(table().items[item].label, tuple(line(block) for block in ordered))


def _blocks(
    rows: Mapping[str | None, Row[Any]], floor: int
) -> tuple[Sequence[tuple[str | None, ...]], bool]:
    """And whether it is shown how many of each answered; empty where two groups cannot be shown.

    How many did not answer is plain wherever it is said how many did, so they count too.
    """
    split = {
        value: (row.answered, row.asked - row.answered, row.scored) for value, row in rows.items()
    }
    sizes = {value: (row.asked, row.scored) for value, row in rows.items()}
    for columns, has_answered in ((split, True), (sizes, False)):
        blocks = blocks_of(columns, floor, rather=[None])
        if sum(len(block) == 1 and block != (None,) for block in blocks) > 1:
            return blocks, has_answered
    return (), False
