"""Lists of pupils that leave the school: for its local authority, and for post-16 providers.

They obey the objections register and the 28 days to object. The local authority always gets name
and date of birth (Education and Skills Act 2008 s72; it asks for the address too, and we hold no
postal address), the rest only where nothing stands against it. For post-16 providers a pupil who is
not free to be shared is left out whole.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy.orm import Session

from outreach import audit
from outreach.campaigns.own.library import of_school
from outreach.clock import london_date, long_date
from outreach.errors import Refusal
from outreach.profiles.models import ProfileEntry
from outreach.profiles.wording import definition_of, value_words
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import ObjectionScope
from outreach.pupils.objections.telling import (
    Standing,
    Telling,
    Told,
    came_on,
    roster_since,
    tellings_of,
    where_told,
)
from outreach.pupils.sync.permission import connection_in_force
from outreach.reports.listed_pupils import listed_pupils
from outreach.schools.models import Connection
from outreach.schools.purposes import DataItem, Purpose
from outreach.schools.sharing import agreement
from outreach.schools.switches import switches_of
from questionnaires.loading import Library


class Recipient(Enum):
    LOCAL_AUTHORITY = "local_authority"
    POST_16 = "post_16"


SCOPES = {
    Recipient.LOCAL_AUTHORITY: ObjectionScope.LOCAL_AUTHORITY,
    Recipient.POST_16: ObjectionScope.POST_16_SHARING,
}
YEARS = {Recipient.LOCAL_AUTHORITY: range(9, 15), Recipient.POST_16: range(11, 15)}
"""The authority's services are for young people from 13 (s68), which all of Year 9 are."""

USUAL_YEARS = {Recipient.LOCAL_AUTHORITY: (11,), Recipient.POST_16: (11, 12, 13, 14)}


class Barrier(Enum):
    """What stands against sharing more than the basics."""

    OBJECTED = "objected"
    NOT_TOLD = "not_told"
    DAYS_RUN = "days_run"


@dataclass(frozen=True)
class ListedPupil:
    """One row. With a barrier, email and destination are empty, whatever is known.

    `said_on` is the day on which the pupil said where they mean to go.
    """

    year: int
    surname: str
    forename: str
    date_of_birth: date | None
    school_email: str | None
    destination: str | None
    said_on: date | None
    barrier: Barrier | None
    withheld_because: str


@dataclass(frozen=True)
class ListForOthers:
    """`rows` are what the recipient gets; `left_out` are those it gets nothing of."""

    recipient: Recipient
    years: tuple[int, ...]
    rows: tuple[ListedPupil, ...]
    left_out: tuple[ListedPupil, ...]

    @property
    def withheld(self) -> int:
        """Rows that hold the basics only."""
        return sum(row.barrier is not None for row in self.rows)


def list_for(
    session: Session, library: Library, recipient: Recipient, years: tuple[int, ...], now: datetime
) -> ListForOthers:
    """Pupils on the roster today, by surname.

    Raises Refusal for years the list is not for, and where the connection is not authorised.
    """
    _refuse_years(recipient, years)
    refuse_unless_authorised(session)
    today = london_date(now)
    scope = SCOPES[recipient]
    tellings = tellings_of(session, scope)
    rows = session.execute(
        listed_pupils(session, scope, years, today, with_email=_shares_email(session, recipient))
    )
    since = roster_since(session)
    here = of_school(session, library)
    pupils = [_listed(row, here, tellings, since, today) for row in rows]
    if recipient is Recipient.LOCAL_AUTHORITY:
        return ListForOthers(recipient, years, tuple(pupils), ())
    free = tuple(one for one in pupils if one.barrier is None)
    return ListForOthers(
        recipient, years, free, tuple(one for one in pupils if one.barrier is not None)
    )


def record_export(
    session: Session, listed: ListForOthers, actor: audit.Actor, now: datetime
) -> None:
    """On record before a byte leaves: for whom, of which years, and how many."""
    audit.record(
        session,
        now,
        actor,
        "list.exported",
        "list",
        None,
        to=listed.recipient.value,
        years=", ".join(str(year) for year in listed.years),
        pupils=len(listed.rows),
        withheld=listed.withheld,
        left_out=len(listed.left_out),
    )


def refuse_unless_authorised(session: Session) -> None:
    """What a school has paused or revoked is used for nothing, whatever others ask for."""
    if connection_in_force(session) is not Connection.AUTHORISED:
        raise Refusal(
            "The connection is not authorised, so this service makes no lists of pupils. Your "
            "school’s duties to others go on: make the list from your MIS, or authorise the "
            "connection on the Data sharing page."
        )


def _refuse_years(recipient: Recipient, years: tuple[int, ...]) -> None:
    permitted = YEARS[recipient]
    if not years or not set(years) <= set(permitted):
        raise Refusal(f"This list is for Years {permitted[0]} to {permitted[-1]}: choose of those.")


def _shares_email(session: Session, recipient: Recipient) -> bool:
    """Only for the authority, and only while the school shares student email."""
    if recipient is not Recipient.LOCAL_AUTHORITY:
        return False
    ours = agreement(session)
    return (
        ours.student_email
        and ours.work_email
        and switches_of(session).may_use(DataItem.WORK_EMAIL, Purpose.LOCAL_AUTHORITY)
    )


def _listed(
    row: Any, library: Library, tellings: list[Telling], since: date | None, today: date
) -> ListedPupil:
    pupil: Pupil = row.Pupil
    entry: ProfileEntry | None = row.ProfileEntry
    standing = where_told(tellings, pupil.year, pupil.start_date or came_on(pupil, since), today)
    barrier = _barrier(standing, has_objected=row.objection is not None)
    is_free = barrier is None
    return ListedPupil(
        year=pupil.year,
        surname=pupil.surname,
        forename=pupil.forename,
        date_of_birth=pupil.date_of_birth,
        school_email=row.school_email if is_free else None,
        destination=_destination(entry, library) if entry is not None and is_free else None,
        said_on=london_date(entry.recorded_at) if entry is not None and is_free else None,
        barrier=barrier,
        withheld_because=_words(barrier, standing),
    )


def _barrier(standing: Standing, *, has_objected: bool) -> Barrier | None:
    if has_objected:
        return Barrier.OBJECTED
    waits = {Told.NEVER: Barrier.NOT_TOLD, Told.DAYS_RUN: Barrier.DAYS_RUN}
    return waits.get(standing.told)


def _words(barrier: Barrier | None, standing: Standing) -> str:
    if barrier is Barrier.OBJECTED:
        return "The pupil or a parent objected"
    if barrier is Barrier.NOT_TOLD:
        return "Parents and pupils have not been told yet"
    if standing.ends_on is not None:
        return f"Parents and pupils may object until {long_date(standing.ends_on)}"
    return ""


def _destination(entry: ProfileEntry, library: Library) -> str:
    definition = definition_of(library, entry.questionnaire, entry.version)
    return "; ".join(value_words(entry.field, entry.value, definition))
