"""A campaign by the groups of those invited, for tutors: who answered, who can still be asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.states import ANSWERED, CAN_ANSWER, InvitationState
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.groups import (
    GroupName,
    is_in_group,
    natural_order,
    registration_groups,
)
from outreach.pupils.models import GroupKind, Pupil, RosterGroup
from outreach.pupils.roster.whole_roster import joining_whole_roster

WITHOUT_GROUP = "No group"


@dataclass(frozen=True)
class GroupLine:
    group: str
    asked: int
    answered: int
    unanswered: int
    stopped: int


def invited_groups(
    session: Session, campaign: Campaign, now: datetime, seen: ColumnElement[bool]
) -> list[GroupName]:
    """What the list can be narrowed to: groups of any kind that somebody invited is in today."""
    places = (
        select(RosterGroup.kind, RosterGroup.name)
        .where(
            *of_campaign(session, campaign),
            Invitation.school_id == Pupil.school_id,
            Invitation.pupil_id == Pupil.id,
            is_in_group(london_date(now)),
            seen,
        )
        .distinct()
    )
    with joining_whole_roster(session):
        rows = session.execute(places).all()
    kinds = list(GroupKind)
    found = [GroupName(kind, name) for kind, name in rows]
    return sorted(found, key=lambda one: (kinds.index(one.kind), natural_order(one.name)))


def group_lines(
    session: Session, campaign: Campaign, now: datetime, seen: ColumnElement[bool]
) -> list[GroupLine]:
    """Completion by registration group, for tutors: who answered, who can still be asked.

    A reader who is limited to groups reads of their own pupils alone, in whatever form they are.
    """
    place = registration_groups(session, london_date(now))
    of_group = (
        select(place.c.name.label("group"), Invitation.state)
        .join(Pupil, and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id))
        .outerjoin(place, place.c.pupil_id == Invitation.pupil_id)
        .where(*of_campaign(session, campaign), seen)
        .subquery()
    )

    def counted(states: Collection[InvitationState]) -> ColumnElement[int]:
        return func.count().filter(of_group.c.state.in_(states))

    by_group = select(
        of_group.c.group,
        func.count(),
        counted(ANSWERED),
        counted(CAN_ANSWER),
        counted({InvitationState.STOPPED}),
    ).group_by(of_group.c.group)
    with joining_whole_roster(session):
        rows = session.execute(by_group).all()
    lines = [GroupLine(group or WITHOUT_GROUP, *counts) for group, *counts in rows]
    return sorted(lines, key=lambda line: natural_order(line.group))


def of_campaign(session: Session, campaign: Campaign) -> tuple[ColumnElement[bool], ...]:
    return (Invitation.school_id == school_of(session), Invitation.campaign_id == campaign.id)
