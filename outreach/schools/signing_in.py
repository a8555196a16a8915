"""Signing in: is this the person, and which schools may they enter?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import record, staff_actor
from outreach.database import enter_school
from outreach.errors import Refusal
from outreach.schools import attempts, passwords
from outreach.schools.attempts import Attempt
from outreach.schools.models import Account, AccountSchool, Role, School, StaffMember
from outreach.schools.sessions import last_school_of, open_session


class WrongPassword(Refusal):
    """Address and password do not go together; which of them is wrong is not said."""


class TooManyTries(Refusal):
    """Sign-in is closed for this address for a while, known or not."""


class NoSchool(Refusal):
    """The password was right, but no school lists this account as a member it lets in."""


@dataclass(frozen=True)
class Membership:
    """One school that an account may enter, and as what."""

    school_id: UUID
    school_name: str
    staff_id: UUID
    name: str
    role: Role


def prove(session: Session, email: str, password: str, now: datetime) -> Account:
    """The account that this address and password belong to.

    Raises WrongPassword or TooManyTries; the caller commits all the same, so that the try counts.
    """
    attempts.take_turn(session, Attempt.SIGN_IN, email)
    if attempts.is_closed(session, Attempt.SIGN_IN, email, now):
        raise TooManyTries(
            "There were too many wrong tries for this address. Wait 15 minutes and try again, "
            "or set a new password with “I have forgotten my password”."
        )
    account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
    kept = account.password_hash if account else None
    if not passwords.is_right(password, kept) or account is None or kept is None:
        attempts.note_attempt(session, Attempt.SIGN_IN, email, now)
        raise WrongPassword(
            "The email address or the password is not right. Check both and try again."
        )
    attempts.forget_attempts(session, Attempt.SIGN_IN, email)
    if passwords.needs_new_hash(kept):
        account.password_hash = passwords.hash_password(password)
    return account


def may_enter(account: Account, school_id: UUID) -> bool:
    """See `Account`: a password that a colleague could have chosen opens one school only."""
    return account.password_is_proven or account.made_by_school_id == school_id


def membership_in(session: Session, account: Account, school_id: UUID) -> Membership | None:
    """Enter the school, and the account's present membership of it, if it may enter."""
    enter_school(session, school_id)
    row = session.execute(
        select(StaffMember.id, StaffMember.name, StaffMember.role, School.name.label("school"))
        .join(School, School.id == StaffMember.school_id)
        .where(
            StaffMember.school_id == school_id,
            StaffMember.account_id == account.id,
            StaffMember.ended_at.is_(None),
        )
    ).one_or_none()
    if row is None or not may_enter(account, school_id):
        return None
    return Membership(school_id, row.school, row.id, row.name, row.role)


def memberships(session: Session, account: Account) -> Sequence[Membership]:
    """Every school the account may enter, by name. Leaves the session in one of them."""
    school_ids = session.scalars(
        select(AccountSchool.school_id).where(AccountSchool.account_id == account.id)
    ).all()
    found = [membership_in(session, account, school_id) for school_id in school_ids]
    present = [membership for membership in found if membership is not None]
    return sorted(present, key=lambda membership: (membership.school_name, membership.school_id))


@dataclass(frozen=True)
class SignIn:
    """`secret` is for the cookie."""

    secret: str = field(repr=False)
    membership: Membership
    has_choice: bool


def begin(session: Session, account: Account, now: datetime) -> SignIn:
    """Open a session in the school used last, or the first by name. Raises NoSchool."""
    present = memberships(session, account)
    if not present:
        raise NoSchool(
            "No school lists you as a member of its staff at present, or your password still has "
            "to be set by a link that is mailed to you. Use “I have forgotten my password”, or "
            "ask an administrator at your school."
        )
    last = last_school_of(session, account.id)
    chosen = next((m for m in present if m.school_id == last), present[0])
    secret = open_session(session, account.id, chosen.school_id, now)
    note_entry(session, chosen, now)
    return SignIn(secret, chosen, has_choice=len(present) > 1)


def note_entry(session: Session, membership: Membership, now: datetime) -> None:
    """Write in the entered school's audit that this member came in."""
    enter_school(session, membership.school_id)
    actor = staff_actor(membership.staff_id)
    record(session, now, actor, "staff.signed_in", "staff_member", membership.staff_id)
