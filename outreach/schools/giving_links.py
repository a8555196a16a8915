"""How a staff member gets their one-time link: shown to an administrator, or mailed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import school_of
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.models import Account, AccountMailKind, StaffMember, TokenKind
from outreach.schools.tokens import make_set_up_link


class Given(Enum):
    """`signs_in`: the person has a password already and needs no link."""

    SHOWN = "shown"
    MAILED = "mailed"
    SIGNS_IN = "signs_in"


@dataclass(frozen=True)
class GivenLink:
    """`link` is set only where it may be shown, and then this once."""

    given: Given
    kind: TokenKind
    link: str | None = field(default=None, repr=False)


def give_link(
    session: Session, public_url: str, member: StaffMember, now: datetime, *, actor: Actor
) -> GivenLink:
    """A link for a member of the school entered.

    An account that another school made is not this school's to set a password for, or its
    administrators could enter the other school: the link is then mailed to the address itself.
    """
    account = session.get_one(Account, member.account_id)
    kind = TokenKind.RESET if account.password_hash else TokenKind.SET_UP
    if account.made_by_school_id != school_of(session):
        queue_account_mail(session, account.id, AccountMailKind.RESET, now)
        record(session, now, actor, "staff.link_mailed", "staff_member", member.id)
        return GivenLink(Given.MAILED, TokenKind.RESET)
    link = make_set_up_link(session, public_url, account.id, kind, now)
    record(session, now, actor, "staff.link_made", "staff_member", member.id, kind=kind.value)
    return GivenLink(Given.SHOWN, kind, link)


def welcome(
    session: Session, public_url: str, member: StaffMember, now: datetime, *, actor: Actor
) -> GivenLink:
    """For somebody just added: nothing is needed where their own password lets them in."""
    account = session.get_one(Account, member.account_id)
    from_here = account.made_by_school_id == school_of(session)
    if account.password_hash and (account.password_is_proven or from_here):
        return GivenLink(Given.SIGNS_IN, TokenKind.SET_UP)
    return give_link(session, public_url, member, now, actor=actor)
