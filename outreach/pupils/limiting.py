"""Limiting a viewer to groups, and letting them see the whole school again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.models import RosterGroup, StaffGroup
from outreach.pupils.viewing import groups_seen
from outreach.schools.models import Role, StaffMember


def limit_to_groups(
    session: Session,
    member: StaffMember,
    groups: Sequence[RosterGroup],
    now: datetime,
    *,
    actor: Actor,
) -> bool:
    """From now on they see pupils of these groups only. Says whether anything changed."""
    if member.role is not Role.VIEWER:
        raise Refusal("Only a viewer can be limited to groups. Make them a viewer first.")
    if not groups:
        raise Refusal("Choose at least one group, or let them see the whole school.")
    return _change(session, member, groups, now, actor, is_limited=True)


def show_whole_school(
    session: Session, member: StaffMember, now: datetime, *, actor: Actor
) -> bool:
    """Take the limit away. Says whether there was one."""
    return _change(session, member, (), now, actor, is_limited=False)


def _change(
    session: Session,
    member: StaffMember,
    groups: Sequence[RosterGroup],
    now: datetime,
    actor: Actor,
    *,
    is_limited: bool,
) -> bool:
    before = {group.id for group in groups_seen(session, member.id)}
    after = {group.id for group in groups}
    if before == after and member.is_limited is is_limited:
        return False
    school_id = school_of(session)
    session.execute(
        delete(StaffGroup).where(
            StaffGroup.school_id == school_id, StaffGroup.staff_id == member.id
        )
    )
    session.add_all(
        StaffGroup(school_id=school_id, staff_id=member.id, group_id=one) for one in after
    )
    member.is_limited = is_limited
    session.flush()
    record(
        session,
        now,
        actor,
        "staff.groups_changed",
        "staff_member",
        member.id,
        is_limited=is_limited,
        groups=len(after),
        added=len(after - before),
        removed=len(before - after),
    )
    return True
