"""Who is in a group of the roster on a given day, a day of London's calendar."""

from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select

from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup


def is_member_on(day: date) -> ColumnElement[bool]:
    """Joins GroupMember to RosterGroup. `ends_on` is the last day of a membership."""
    return and_(
        GroupMember.school_id == RosterGroup.school_id,
        GroupMember.group_id == RosterGroup.id,
        or_(GroupMember.ends_on.is_(None), GroupMember.ends_on >= day),
    )


def is_in_registration_group(day: date) -> ColumnElement[bool]:
    """Joins Pupil, GroupMember and RosterGroup."""
    return and_(
        GroupMember.school_id == Pupil.school_id,
        GroupMember.pupil_id == Pupil.id,
        is_member_on(day),
        RosterGroup.kind == GroupKind.REGISTRATION,
    )


def registration_group(day: date) -> ColumnElement[str | None]:
    """Over Pupil; the first by name where the roster gives several."""
    return (
        select(func.min(RosterGroup.name))
        .where(is_in_registration_group(day))
        .correlate(Pupil)
        .scalar_subquery()
    )
