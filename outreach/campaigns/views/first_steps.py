"""What still has to be done before a school's first campaign, and who can do it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil
from outreach.schools.contacts import contacts_of
from outreach.schools.models import Connection, Role
from outreach.schools.sharing import agreement


@dataclass(frozen=True)
class FirstStep:
    """`href` is None for a reader whose role does not include the page; `who` then matters most.

    Without a step that `is_needed`, nothing can be launched.
    """

    title: str
    words: str
    is_done: bool
    who: str
    href: str | None
    action: str
    is_needed: bool = True


def first_steps(session: Session, role: Role, now: datetime) -> tuple[FirstStep, ...]:
    here = Pupil.school_id == school_of(session)
    pupils = session.scalar(select(func.count()).select_from(Pupil).where(here)) or 0
    mailable = _count_mailable(session, now) if pupils else 0
    return (
        _roster_step(pupils, role),
        _sharing_step(session, role),
        _reach_step(pupils, mailable),
        _contact_step(session, role),
    )


def _roster_step(pupils: int, role: Role) -> FirstStep:
    words = "Import a CSV file from your MIS: names, years, groups and email addresses."
    return FirstStep(
        title="The roster is here",
        words=f"{pupils} pupils are on the roster." if pupils else words,
        is_done=pupils > 0,
        who="an administrator or a careers leader",
        href="/staff/roster" if role in (Role.ADMIN, Role.CAREERS_LEADER) else None,
        action="Import the roster",
    )


def _sharing_step(session: Session, role: Role) -> FirstStep:
    now_shared = agreement(session)
    missing = []
    if now_shared.connection is not Connection.AUTHORISED:
        missing.append("the roster connection")
    if not now_shared.student_email:
        missing.append("student email")
    if not (now_shared.work_email or now_shared.home_email):
        missing.append("work or home addresses")
    off = f"Not switched on yet: {', '.join(missing)}. Until then nothing is mailed."
    return FirstStep(
        title="Student email is shared",
        words=off if missing else "Your school has agreed to share student email.",
        is_done=not missing,
        who="an administrator or the data protection lead",
        href="/staff/sharing" if role in (Role.ADMIN, Role.CAREERS_LEADER) else None,
        action="Change sharing" if role is Role.ADMIN else "See sharing",
    )


def _reach_step(pupils: int, mailable: int) -> FirstStep:
    some = f"{mailable} of {pupils} pupils have an address that may be mailed."
    none = "No pupil can be mailed yet. This follows from the two steps above."
    return FirstStep(
        title="Students can be mailed",
        words=some if mailable else none,
        is_done=mailable > 0,
        who="whoever keeps the MIS, for addresses that are missing or wrong",
        href="/staff/pupils",
        action="See the pupils",
    )


def _contact_step(session: Session, role: Role) -> FirstStep:
    is_done = contacts_of(session).are_complete
    missing = (
        "Say whom to ask about the questionnaire and about data protection. A campaign can be "
        "launched without, but students are then told only to ask at school."
    )
    return FirstStep(
        title="Students know whom to ask",
        words="Both contacts are set." if is_done else missing,
        is_done=is_done,
        who="an administrator or the data protection lead",
        href="/staff/sharing/contacts" if role is Role.ADMIN else None,
        action="Set whom students can ask",
        is_needed=False,
    )


def _count_mailable(session: Session, now: datetime) -> int:
    asked = gate(at=now).subquery()
    counted = select(func.count()).select_from(asked).where(asked.c.reason.is_(None))
    return session.scalar(counted) or 0
