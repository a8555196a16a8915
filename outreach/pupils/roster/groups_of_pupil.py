"""The groups of one pupil with their dates: those of today, those to come and those that ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.clock import london_date, long_date
from outreach.database import school_of
from outreach.pupils.groups import KIND_WORDS, natural_order
from outreach.pupils.models import GroupKind, GroupMember, RosterGroup


@dataclass(frozen=True)
class Membership:
    """First and last day, as far as the source gives them: of the pupil's, within the group's."""

    kind: GroupKind
    name: str
    starts_on: date | None
    ends_on: date | None

    def has_ended(self, today: date) -> bool:
        return self.ends_on is not None and self.ends_on < today

    @property
    def words(self) -> str:
        """10A (registration group, from 1 September 2026)"""
        dates = [
            f"{word} {long_date(day)}"
            for word, day in (("from", self.starts_on), ("until", self.ends_on))
            if day is not None
        ]
        kind = KIND_WORDS[self.kind].lower()
        return f"{self.name} ({kind}, {' '.join(dates)})" if dates else f"{self.name} ({kind})"


def memberships_of(session: Session, pupil_id: UUID) -> list[Membership]:
    """Registration groups first, then the others by name."""
    rows = session.execute(
        select(
            RosterGroup.kind,
            RosterGroup.name,
            func.greatest(GroupMember.starts_on, RosterGroup.starts_on),
            func.least(GroupMember.ends_on, RosterGroup.ends_on),
        )
        .join(
            GroupMember,
            (GroupMember.school_id == RosterGroup.school_id)
            & (GroupMember.group_id == RosterGroup.id),
        )
        .where(GroupMember.school_id == school_of(session), GroupMember.pupil_id == pupil_id)
    )
    return sorted(
        (Membership(*row) for row in rows),
        key=lambda one: (one.kind is not GroupKind.REGISTRATION, natural_order(one.name)),
    )


def split_by_end(
    memberships: Sequence[Membership], now: datetime
) -> tuple[tuple[Membership, ...], tuple[Membership, ...]]:
    """Those of today and to come, and those that have ended."""
    today = london_date(now)
    ended = tuple(one for one in memberships if one.has_ended(today))
    return tuple(one for one in memberships if not one.has_ended(today)), ended
