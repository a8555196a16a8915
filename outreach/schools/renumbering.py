"""A school's URN changes, as when it becomes an academy. It stays the same school, with all it has.

The URN is an attribute: tokens, mail and every row hang on the school's own id. The old one is kept
as a former URN, under which the command line still finds the school until another takes it.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.audit import OPERATOR, record
from outreach.errors import Refusal
from outreach.schools.models import FormerUrn, School
from outreach.schools.registering import require_urn


def change_urn(session: Session, school: School, urn: str, now: datetime) -> None:
    """Raises Refusal where the new URN is none, or another school's."""
    require_urn(urn)
    if urn == school.urn:
        raise Refusal(f"{urn} is this school's URN already. Nothing was changed.")
    if session.scalar(select(School.id).where(School.urn == urn)) is not None:
        raise Refusal(f"There is another school with URN {urn}. Nothing was changed.")
    former = insert(FormerUrn).values(urn=school.urn, school_id=school.id, until=now)
    session.execute(
        former.on_conflict_do_update(
            index_elements=[FormerUrn.urn, FormerUrn.school_id], set_={"until": now}
        )
    )
    before, school.urn = school.urn, urn
    record(
        session, now, OPERATOR, "school.urn_changed", "school", school.id, before=before, after=urn
    )


def find_school(session: Session, urn: str) -> School | None:
    """By its URN, else by one that it had last. A present URN always comes before a former one."""
    present = session.scalar(select(School).where(School.urn == urn))
    if present is not None:
        return present
    return session.scalar(
        select(School)
        .join(FormerUrn, FormerUrn.school_id == School.id)
        .where(FormerUrn.urn == urn)
        .order_by(FormerUrn.until.desc())
        .limit(1)
    )
