"""Groups of the roster: how one is named, and who is in it on a day of London's calendar."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from outreach.database import school_of
from outreach.errors import Refusal
from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup

Day = date | ColumnElement[date]

KIND_WORDS = {
    GroupKind.REGISTRATION: "Registration group",
    GroupKind.TEACHING: "Teaching group",
    GroupKind.USER_DEFINED: "Other group",
}


@dataclass(frozen=True)
class GroupName:
    """A group beyond doubt: the same name may be a registration and a teaching group's."""

    kind: GroupKind
    name: str

    @property
    def key(self) -> str:
        """As campaigns and addresses keep it: `10A`, or `teaching:10A/Ma1`."""
        if GroupName.read(self.name) == self:
            return self.name
        return f"{self.kind.value}:{self.name}"

    @property
    def words(self) -> str:
        """10A, or 10A/Ma1 (teaching group)"""
        if self.kind is GroupKind.REGISTRATION:
            return self.name
        return f"{self.name} ({KIND_WORDS[self.kind].lower()})"

    @classmethod
    def read(cls, key: str) -> "GroupName":
        """A name without a kind is a registration group's."""
        kind, colon, name = key.partition(":")
        if colon and kind in {one.value for one in GroupKind}:
            return cls(GroupKind(kind), name)
        return cls(GroupKind.REGISTRATION, key)

    @classmethod
    def of(cls, group: RosterGroup) -> "GroupName":
        return cls(group.kind, group.name)


def is_member_on(day: Day) -> ColumnElement[bool]:
    """Joins GroupMember to RosterGroup. First and last days count; a date not given is open."""
    return and_(
        GroupMember.school_id == RosterGroup.school_id,
        GroupMember.group_id == RosterGroup.id,
        _holds(GroupMember.starts_on, GroupMember.ends_on, day),
        _holds(RosterGroup.starts_on, RosterGroup.ends_on, day),
    )


def _holds(
    starts_on: InstrumentedAttribute[Any], ends_on: InstrumentedAttribute[Any], day: Day
) -> ColumnElement[bool]:
    return and_(or_(starts_on.is_(None), starts_on <= day), or_(ends_on.is_(None), ends_on >= day))


def is_in_group(day: Day) -> ColumnElement[bool]:
    """Joins Pupil, GroupMember and RosterGroup; of any kind."""
    return and_(
        GroupMember.school_id == Pupil.school_id,
        GroupMember.pupil_id == Pupil.id,
        is_member_on(day),
    )


def is_in_registration_group(day: Day) -> ColumnElement[bool]:
    """Joins Pupil, GroupMember and RosterGroup."""
    return and_(is_in_group(day), RosterGroup.kind == GroupKind.REGISTRATION)


def registration_group(day: date) -> ColumnElement[str | None]:
    """Over Pupil; the first by name where the roster gives several."""
    return (
        select(func.min(RosterGroup.name))
        .where(is_in_registration_group(day))
        .correlate(Pupil)
        .scalar_subquery()
    )


def members_of_kind(session: Session, kind: GroupKind, day: date) -> Subquery:
    """`pupil_id, name` of everybody in a group of the kind; for queries over a whole roster."""
    return (
        select(GroupMember.pupil_id, RosterGroup.name)
        .join(RosterGroup, is_member_on(day))
        .where(GroupMember.school_id == school_of(session), RosterGroup.kind == kind)
        .subquery("of_kind")
    )


def registration_groups(session: Session, day: date) -> Subquery:
    """`pupil_id, name`: one group a pupil, as `registration_group` has it, for a whole roster."""
    of_kind = members_of_kind(session, GroupKind.REGISTRATION, day)
    return (
        select(of_kind.c.pupil_id, func.min(of_kind.c.name).label("name"))
        .group_by(of_kind.c.pupil_id)
        .subquery("registration")
    )


def is_one_of(names: Collection[GroupName]) -> ColumnElement[bool]:
    """Over RosterGroup."""
    of_kind = (
        and_(
            RosterGroup.kind == kind,
            RosterGroup.name.in_([one.name for one in names if one.kind is kind]),
        )
        for kind in {one.kind for one in names}
    )
    return or_(false(), *of_kind)


def is_in_any(names: Collection[GroupName], day: date) -> ColumnElement[bool]:
    """Over Pupil."""
    return exists().where(is_in_group(day), is_one_of(names)).correlate(Pupil)


def find_groups(session: Session, typed: Sequence[str]) -> list[RosterGroup]:
    """Groups as people write them: `10A`, or `teaching:10A/Ma1` where the name alone is not clear.

    A registration group goes before others of its name. Refusal says which are not known.
    """
    wanted = list(dict.fromkeys(" ".join(one.split()) for one in typed))
    rows = session.scalars(
        select(RosterGroup).where(
            RosterGroup.school_id == school_of(session),
            or_(RosterGroup.name.in_(wanted), is_one_of([GroupName.read(one) for one in wanted])),
        )
    ).all()
    known = {GroupName.of(row): row for row in rows}
    found = {one: _meant(one, known) for one in wanted}
    unknown = sorted(one for one, group in found.items() if group is None)
    if unknown:
        words = f"The roster has no group {', '.join(unknown)}."
        raise Refusal(f"{words} Write groups as the roster does, for example 10A.")
    return [group for group in found.values() if group is not None]


def _meant(typed: str, known: dict[GroupName, RosterGroup]) -> RosterGroup | None:
    exact = known.get(GroupName.read(typed))
    if exact is not None:
        return exact
    of_name = [name for name in known if name.name == typed]
    if len(of_name) > 1:
        keys = " or ".join(sorted(name.key for name in of_name))
        raise Refusal(f"{typed} is the name of several groups. Say which one: write {keys}.")
    return known[of_name[0]] if of_name else None


def natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """9A before 10A."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts)
