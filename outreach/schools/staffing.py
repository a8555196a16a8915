"""Who works here: adding a staff member, changing a role, ending a membership.

An account is one per address and may be a member of several schools. A school keeps at least one
administrator, or nobody of it could add the next.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from outreach.audit import OPERATOR, Actor, record
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.mail.addresses import AddressFault, check
from outreach.schools.models import Account, AccountSchool, Role, StaffMember
from outreach.schools.safeguarding import note_change
from outreach.schools.sessions import end_sessions_of


class BadAddress(Refusal):
    """What was given as an email address is none."""


class NameMissing(Refusal):
    """A staff member was given without a name."""


class AlreadyMember(Refusal):
    """The address belongs to a member of this school."""


class LastAdmin(Refusal):
    """The school would be left without an administrator."""


def clean_email(typed: str) -> str:
    """The address as accounts keep it, in lower case. Raises BadAddress with words for people."""
    checked = check(typed)
    if isinstance(checked, AddressFault):
        raise BadAddress(checked.reason)
    return checked.lower()


def add_staff(
    session: Session,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    *,
    actor: Actor = OPERATOR,
) -> StaffMember:
    """Add a member to the school entered. Whoever was a member before becomes one again."""
    address = clean_email(email)
    name = " ".join(name.split())
    if not name:
        raise NameMissing("Enter the name of the staff member.")
    account = _account_for(session, address, now)
    session.execute(
        insert(AccountSchool)
        .values(school_id=school_of(session), account_id=account.id)
        .on_conflict_do_nothing()
    )
    member = _membership_for(session, account.id)
    if member is not None and member.ended_at is None:
        raise AlreadyMember(f"{address} is a staff member of this school already.")
    if member is None:
        member = StaffMember(school_id=school_of(session), account_id=account.id, created_at=now)
        session.add(member)
    member.name, member.role, member.ended_at = name, role, None
    session.flush()
    record(session, now, actor, "staff.added", "staff_member", member.id, role=role.value)
    if role is Role.SAFEGUARDING:
        note_change(session, now, role)
    return member


def _account_for(session: Session, address: str, now: datetime) -> Account:
    session.execute(
        insert(Account)
        .values(id=uuid4(), email=address, made_by_school_id=school_of(session), created_at=now)
        .on_conflict_do_nothing(index_elements=[Account.email])
    )
    return session.scalars(select(Account).where(Account.email == address)).one()


def _membership_for(session: Session, account_id: UUID) -> StaffMember | None:
    here = select(StaffMember).where(
        StaffMember.school_id == school_of(session), StaffMember.account_id == account_id
    )
    return session.scalar(here.with_for_update())


def find_staff(session: Session, email: str) -> StaffMember:
    """The present member with this address. Refusal if this school has none."""
    address = clean_email(email)
    member = session.scalar(
        select(StaffMember)
        .join(Account, Account.id == StaffMember.account_id)
        .where(
            StaffMember.school_id == school_of(session),
            StaffMember.ended_at.is_(None),
            Account.email == address,
        )
    )
    if member is None:
        raise Refusal(f"{address} is not a staff member of this school. Add them first.")
    return member


def staff_member(session: Session, staff_id: UUID) -> StaffMember:
    """A present member by id. NotFound for another school's, and for one who has left."""
    member = session.scalar(
        select(StaffMember).where(
            StaffMember.school_id == school_of(session),
            StaffMember.id == staff_id,
            StaffMember.ended_at.is_(None),
        )
    )
    if member is None:
        raise NotFound("There is no such staff member at this school.")
    return member


def list_staff(session: Session) -> Sequence[StaffMember]:
    return session.scalars(
        select(StaffMember)
        .options(joinedload(StaffMember.account))
        .where(StaffMember.school_id == school_of(session), StaffMember.ended_at.is_(None))
        .order_by(StaffMember.name, StaffMember.id)
    ).all()


def change_role(
    session: Session, member: StaffMember, role: Role, now: datetime, *, actor: Actor
) -> bool:
    """Give a member another role. Says whether anything changed. Raises LastAdmin."""
    before = member.role
    if before is role:
        return False
    if before is Role.ADMIN:
        _keep_an_admin(session, member)
    member.role = role
    record(
        session,
        now,
        actor,
        "staff.role_changed",
        "staff_member",
        member.id,
        before=before.value,
        after=role.value,
    )
    note_change(session, now, before, role)
    return True


def end_membership(session: Session, member: StaffMember, now: datetime, *, actor: Actor) -> None:
    """The member can no longer enter this school; their account and their traces stay."""
    if member.role is Role.ADMIN:
        _keep_an_admin(session, member)
    member.ended_at = now
    end_sessions_of(session, member.account_id, now, school_id=school_of(session))
    record(session, now, actor, "staff.ended", "staff_member", member.id, role=member.role.value)
    note_change(session, now, member.role)


def _keep_an_admin(session: Session, leaving: StaffMember) -> None:
    """Two administrators who remove each other at once: the locks let one of them through."""
    admins = session.scalars(
        select(StaffMember.id)
        .where(
            StaffMember.school_id == school_of(session),
            StaffMember.role == Role.ADMIN,
            StaffMember.ended_at.is_(None),
        )
        .order_by(StaffMember.id)
        .with_for_update()
    ).all()
    if not set(admins) - {leaving.id}:
        words = (
            "This is the school's only administrator. Make somebody else an administrator "
            "first, then try again."
        )
        raise LastAdmin(words)
