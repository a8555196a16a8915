"""Which pupils a staff member may see: the whole school's, or those in a viewer's groups today.

The one rule, asked by every query behind a page that a viewer may open. Numbers that name nobody
(a campaign's progress, a cohort's results) are of the whole school for every reader.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, true
from sqlalchemy.orm import Session

from outreach import web
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.groups import is_in_group
from outreach.pupils.models import Pupil, RosterGroup, StaffGroup
from outreach.schools.access import signed_in
from outreach.schools.models import Role, StaffMember

WHOLE_SCHOOL: ColumnElement[bool] = true()
"""For what is done for no reader: the command line, and verbs that only some roles may call."""


def may_see(session: Session, staff_id: UUID, role: Role, now: datetime) -> ColumnElement[bool]:
    """Over Pupil."""
    if not is_limited(session, staff_id, role):
        return WHOLE_SCHOOL
    return (
        exists()
        .where(
            is_in_group(london_date(now)),
            StaffGroup.school_id == RosterGroup.school_id,
            StaffGroup.group_id == RosterGroup.id,
            StaffGroup.staff_id == staff_id,
        )
        .correlate(Pupil)
    )


def is_limited(session: Session, staff_id: UUID, role: Role) -> bool:
    """Only a viewer can be; whoever gets another role sees the whole school."""
    if role is not Role.VIEWER:
        return False
    here = (StaffMember.school_id == school_of(session), StaffMember.id == staff_id)
    return session.scalar(select(StaffMember.is_limited).where(*here)) is not False


def groups_seen(session: Session, staff_id: UUID) -> Sequence[RosterGroup]:
    """The groups that a limited viewer was given, whether or not anybody is in them today."""
    return session.scalars(
        select(RosterGroup)
        .join(
            StaffGroup,
            (StaffGroup.school_id == RosterGroup.school_id)
            & (StaffGroup.group_id == RosterGroup.id),
        )
        .where(StaffGroup.school_id == school_of(session), StaffGroup.staff_id == staff_id)
        .order_by(RosterGroup.kind, RosterGroup.name)
    ).all()


def seen_here() -> ColumnElement[bool]:
    """For a view: what the person behind the request may see."""
    return may_see(web.db(), signed_in().staff_id, signed_in().role, web.now())


def is_reader_limited() -> bool:
    """For a view: whether its lists are of some groups only."""
    return is_limited(web.db(), signed_in().staff_id, signed_in().role)


def may_read_why() -> bool:
    """For a view: whether the reader may know why a pupil cannot be mailed.

    A viewer is told that it is so, and whether anybody at the school can change it: an objection, a
    complaint or a mailbox that is somebody else's is not a tutor's business.
    """
    return signed_in().role is not Role.VIEWER
