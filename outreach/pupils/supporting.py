"""Who gets the supported version of questionnaires: staff choose it, pupil by pupil.

Special educational needs only suggest it, to staff who may know of them. Nothing chooses it by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils import characteristics
from outreach.pupils.finding import is_here
from outreach.pupils.groups import registration_groups
from outreach.pupils.models import Item, Pupil, SupportedVersion
from outreach.schools.purposes import Purpose

SUGGESTING = ("E", "K")
"""An education, health and care plan, or SEN support."""


@dataclass(frozen=True)
class Supportable:
    """A pupil of the year. `is_suggested`: by what the school shares for guiding pupils."""

    id: UUID
    name: str
    group: str | None
    is_chosen: bool
    is_suggested: bool


def supportable(session: Session, year: int, now: datetime) -> list[Supportable]:
    """Pupils of the year who are here today, by surname; those chosen or suggested first."""
    today = london_date(now)
    need = characteristics.values(session, Item.SEN, Purpose.GUIDING_PUPIL)
    group = registration_groups(session, today)
    rows = session.execute(
        select(Pupil, group.c.name, SupportedVersion.pupil_id, need.c.value.in_(SUGGESTING))
        .outerjoin(group, group.c.pupil_id == Pupil.id)
        .outerjoin(need, need.c.pupil_id == Pupil.id)
        .outerjoin(
            SupportedVersion,
            (SupportedVersion.school_id == Pupil.school_id)
            & (SupportedVersion.pupil_id == Pupil.id),
        )
        .where(Pupil.school_id == school_of(session), Pupil.year == year, *is_here(today))
        .order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
    )
    found = [
        Supportable(pupil.id, pupil.full_name, group_name, chosen is not None, bool(suggested))
        for pupil, group_name, chosen, suggested in rows
    ]
    return sorted(found, key=lambda one: not (one.is_chosen or one.is_suggested))


def has_supported(session: Session, pupil_id: UUID) -> bool:
    return session.get(SupportedVersion, (school_of(session), pupil_id)) is not None


def choose_supported(
    session: Session,
    chosen: Collection[UUID],
    *,
    among: Collection[UUID],
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> tuple[int, int]:
    """Of `among`, those `chosen` get the supported version from the next launch on; the rest do not.

    Ids of other schools, and of pupils who are no more, change nothing. Gives how many were added
    and how many taken out.
    """
    school_id = school_of(session)
    theirs = set(
        session.scalars(
            select(Pupil.id).where(
                Pupil.school_id == school_id, Pupil.id.in_(among), Pupil.erased_at.is_(None)
            )
        )
    )
    wanted = theirs & set(chosen)
    taken = session.scalars(
        delete(SupportedVersion)
        .where(
            SupportedVersion.school_id == school_id,
            SupportedVersion.pupil_id.in_(theirs - wanted),
        )
        .returning(SupportedVersion.pupil_id)
    ).all()
    added = (
        []
        if not wanted
        else session.scalars(
            insert(SupportedVersion)
            .values(
                [
                    {
                        "school_id": school_id,
                        "pupil_id": pupil_id,
                        "chosen_by": staff_id,
                        "chosen_at": now,
                    }
                    for pupil_id in sorted(wanted)
                ]
            )
            .on_conflict_do_nothing()
            .returning(SupportedVersion.pupil_id)
        ).all()
    )
    for pupil_id, is_on in [(one, True) for one in added] + [(one, False) for one in taken]:
        audit.record(session, now, actor, "pupil.supported_version", "pupil", pupil_id, is_on=is_on)
    return len(added), len(taken)
