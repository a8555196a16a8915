"""When the figures of those who may not read single responses move: by no fewer than the floor.

They know by name who has answered. If a figure moved with every response, two of it, with one
student in between, would tell what that student said. So responses are counted in together, at least
as many students as the floor at a time, and one that was replaced goes on counting until then.
Pages and documents show years apart, so the rule holds for each `unit` of years by itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.clock import academic_year, london_date
from outreach.database import enum_type, school_of
from outreach.queues import DueWork, Work
from outreach.reports.floor import floor_of
from outreach.reports.models import CountedResponse
from outreach.reports.responses import is_counted, is_its_invitation
from outreach.reports.small_numbers import blocks_of
from outreach.schools.models import School

Unit = tuple[int, ...]
"""Year groups that are counted together: one by itself, or several that are small."""


def count_in(session: Session, now: datetime) -> int:
    """Count in what is enough, in every campaign of the school. How many responses came or went."""
    floor = floor_of(session)
    changed = (
        select(Invitation.campaign_id)
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(Response.school_id == school_of(session), _is_change())
        .group_by(Invitation.campaign_id)
        .having(func.count() >= floor)
    )
    return sum(_count_in(session, one, floor, now) for one in session.scalars(changed).all())


def have_counted(session: Session, now: datetime) -> None:
    """Have a worker look at every school once: what waits since before an upgrade has no write-back
    to come, after which it would be counted in."""
    schools = select(School.id, literal(Work.WRITE_BACK, enum_type(Work)), literal(now))
    session.execute(
        insert(DueWork)
        .from_select(["school_id", "kind", "due_at"], schools)
        .on_conflict_do_nothing()
    )


def _count_in(session: Session, campaign_id: UUID, floor: int, now: datetime) -> int:
    """Jobs take turns: a second one that saw one more response must not count it in alone."""
    lock = func.hashtextextended(f"counting {school_of(session)} {campaign_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))
    places = {
        year: unit for unit in units_of(session, floor, campaign_id)[campaign_id] for year in unit
    }
    waiting: dict[tuple[Unit, int], list[Row[UUID, UUID, int, datetime | None, bool]]]
    waiting = defaultdict(list)
    for row in session.execute(
        select(
            Response.id,
            Invitation.pupil_id,
            Invitation.pupil_year,
            Response.submitted_at,
            is_counted().label("is_counted"),
        )
        .join(Invitation, is_its_invitation())
        .where(
            Response.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            _is_change(),
        )
    ):
        if row.pupil_year in places and row.submitted_at is not None:
            when = academic_year(london_date(row.submitted_at))
            waiting[places[row.pupil_year], when].append(row)
    enough = [of for of in waiting.values() if len({row.pupil_id for row in of}) >= floor]
    coming = [row.id for of in enough for row in of if not row.is_counted]
    going = [row.id for of in enough for row in of if row.is_counted]
    _keep(session, coming, going, now)
    return len(coming) + len(going)


def _keep(session: Session, coming: Sequence[UUID], going: Sequence[UUID], now: datetime) -> None:
    here = school_of(session)
    if coming:
        session.execute(
            insert(CountedResponse),
            [{"school_id": here, "response_id": one, "counted_at": now} for one in coming],
        )
    if going:
        session.execute(
            delete(CountedResponse).where(
                CountedResponse.school_id == here, CountedResponse.response_id.in_(going)
            )
        )


def _is_change() -> ColumnElement[bool]:
    """Worked out and not counted yet; or counted, and replaced since."""
    return and_(
        Response.written_back_at.is_not(None),
        or_(
            and_(Response.superseded_at.is_(None), ~is_counted()),
            and_(Response.superseded_at.is_not(None), is_counted()),
        ),
    )


def units_of(
    session: Session, floor: int, campaign_id: UUID | None = None
) -> dict[UUID, tuple[Unit, ...]]:
    """By campaign. It follows from how many of each year were asked, which launching has settled.

    A year of fewer than the floor is in a unit with others; with none, it is never counted.
    """
    asked: dict[UUID, dict[int, tuple[int]]] = defaultdict(dict)
    of = Invitation.campaign_id == campaign_id if campaign_id else true()
    for campaign, year, count in session.execute(
        select(Invitation.campaign_id, Invitation.pupil_year, func.count())
        .where(Invitation.school_id == school_of(session), of)
        .group_by(Invitation.campaign_id, Invitation.pupil_year)
        .order_by(Invitation.pupil_year)
    ):
        asked[campaign][year] = (count,)
    found = {campaign: blocks_of(years, floor) for campaign, years in asked.items()}
    return defaultdict(tuple, found)


def counted_at(session: Session, campaign_id: UUID) -> datetime | None:
    """When the campaign's figures last moved."""
    return session.scalar(
        select(func.max(CountedResponse.counted_at))
        .join(
            Response,
            and_(
                Response.school_id == CountedResponse.school_id,
                Response.id == CountedResponse.response_id,
            ),
        )
        .join(Invitation, is_its_invitation())
        .where(
            CountedResponse.school_id == school_of(session), Invitation.campaign_id == campaign_id
        )
    )
