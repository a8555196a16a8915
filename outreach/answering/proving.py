"""Resuming on another device: day and month of birth, before any earlier answer is shown."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from outreach.answering import sessions
from outreach.answering.models import BirthCheckTry, Response
from outreach.answering.sessions import SeenInvitation, SeenResponse, Visit
from outreach.campaigns.models import Invitation, Link
from outreach.database import school_of
from outreach.pupils.models import Pupil

MOST_TRIES = 5
LEAP_YEAR = 2000
"""Any day that exists in some year may be a birthday, 29 February included."""


class WayIn(Enum):
    """What a browser that may not see the answers yet can do about it."""

    BIRTHDAY = "birthday"
    LOCKED = "locked"
    CARRY_ON = "carry_on"
    ASK_STAFF = "ask_staff"


class Outcome(Enum):
    PASSED = "passed"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True)
class DayAndMonth:
    """A day that exists; the year is not asked for."""

    day: int
    month: int

    def is_birthday_in(self, born: date) -> bool:
        return (self.day, self.month) == (born.day, born.month)


def read_day_and_month(day: str, month: str) -> DayAndMonth | None:
    """None where it is no day of the calendar, which counts as no try."""
    typed = [part.strip() for part in (day, month)]
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in typed):
        return None
    try:
        date(LEAP_YEAR, int(typed[1]), int(typed[0]))
    except ValueError:
        return None
    return DayAndMonth(int(typed[0]), int(typed[1]))


def way_in(session: Session, visit: Visit, now: datetime) -> WayIn:
    """A pupil without a birth date gets in by staff's word, or by a link mailed since the first
    answer: it went to the address on file, so it is as good as the pupil's own mailbox."""
    if _birth_date(session, visit.invitation) is not None:
        is_locked = tries_left(session, visit.invitation) == 0
        return WayIn.LOCKED if is_locked else WayIn.BIRTHDAY
    return WayIn.CARRY_ON if _may_carry_on(visit, now) else WayIn.ASK_STAFF


def try_birthday(session: Session, visit: Visit, given: DayAndMonth, now: datetime) -> Outcome:
    """One try. Tries of one invitation take turns, so that no burst gets more than five."""
    _lock(session, visit.invitation)
    born = _birth_date(session, visit.invitation)
    if born is None or visit.response is None or tries_left(session, visit.invitation) == 0:
        return Outcome.LOCKED
    if given.is_birthday_in(born):
        sessions.let_see(session, visit, visit.response.id)
        return Outcome.PASSED
    session.add(BirthCheckTry(school_id=school_of(session), link_id=visit.link.id, at=now))
    session.flush()
    return Outcome.LOCKED if tries_left(session, visit.invitation) == 0 else Outcome.WRONG


def carry_on(session: Session, visit: Visit, now: datetime) -> bool:
    """Let in a pupil without a birth date. Staff's word serves one browser, once."""
    if visit.response is None or way_in(session, visit, now) is not WayIn.CARRY_ON:
        return False
    if not _is_mailed_since(visit, visit.response):
        used = session.execute(
            update(Response)
            .where(
                Response.school_id == school_of(session),
                Response.id == visit.response.id,
                Response.resume_allowed_until > now,
            )
            .values(resume_allowed_until=None)
            .returning(Response.id)
        )
        if used.first() is None:
            return False
    sessions.let_see(session, visit, visit.response.id)
    return True


def tries_left(session: Session, invitation: SeenInvitation) -> int:
    """Over all links of the invitation that still work: two good links are not ten tries."""
    wrong = session.scalar(
        select(func.count())
        .select_from(BirthCheckTry)
        .join(
            Link,
            and_(Link.school_id == BirthCheckTry.school_id, Link.id == BirthCheckTry.link_id),
        )
        .where(
            BirthCheckTry.school_id == school_of(session),
            BirthCheckTry.forgiven_at.is_(None),
            Link.invitation_id == invitation.id,
            Link.revoked_at.is_(None),
        )
    )
    return max(0, MOST_TRIES - (wrong or 0))


def _may_carry_on(visit: Visit, now: datetime) -> bool:
    response = visit.response
    if response is None:
        return False
    until = response.resume_allowed_until
    return _is_mailed_since(visit, response) or (until is not None and until > now)


def _is_mailed_since(visit: Visit, response: SeenResponse) -> bool:
    """Never by a code or beside staff, however new: that went to no mailbox of the pupil's."""
    return visit.is_by_mail and visit.link.created_at > response.started_at


def _birth_date(session: Session, invitation: SeenInvitation) -> date | None:
    return session.scalar(
        select(Pupil.date_of_birth).where(
            Pupil.school_id == school_of(session), Pupil.id == invitation.pupil_id
        )
    )


def _lock(session: Session, invitation: SeenInvitation) -> None:
    session.execute(
        select(Invitation.id)
        .where(Invitation.school_id == school_of(session), Invitation.id == invitation.id)
        .with_for_update()
    )
