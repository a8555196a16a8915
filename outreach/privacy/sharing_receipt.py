"""The receipt of a change of sharing: from what to what, who, when, why, and what follows from it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from outreach.clock import in_london
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.privacy.deleting import Held, what_is_held
from outreach.privacy.sharing_page import what_is_mailed
from outreach.pupils.sync.permission import connection_in_force
from outreach.schools.composing import mail_to_staff
from outreach.schools.contacts import contacts_of
from outreach.schools.models import Account, AccountMail, Connection, School
from outreach.schools.past_changes import PastChange, change_by_id
from outreach.schools.sharing import SharingChanges, agreement, in_force
from outreach.schools.sharing_words import setting_words


@dataclass(frozen=True)
class ReceiptLine:
    """One setting that moved. `does` is empty where there is nothing more to say."""

    name: str
    before: str
    after: str
    does: str


@dataclass(frozen=True)
class PlannedDeletion:
    """`undo` is a sentence on who can call it off, and where."""

    when: str
    held: Held
    undo: str


def compose_receipt(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Of the school that the session has entered. It holds counts and no pupil's data."""
    changes = (
        [] if account_mail.change_id is None else change_by_id(session, account_mail.change_id)
    )
    if not changes:
        raise NotFound("The change that this receipt is about is not to be found.")
    first = changes[0]
    current = agreement(session)
    stricter = SharingChanges(connection=connection_in_force(session))
    words = {
        "school": session.get_one(School, school_of(session)).name,
        "when": in_london(first.at),
        "who": first.who,
        "why": first.why,
        "lines": [_line(change) for change in changes],
        "summary": what_is_mailed(in_force(current, stricter)),
        "deletion": _deletion(session),
        "link": f"{parts.settings.public_url}/staff/sharing",
    }
    address = _address(session, account_mail)
    return mail_to_staff(parts, account_mail, "sharing_receipt", address, words, parts.clock())


def _line(change: PastChange) -> ReceiptLine:
    words = setting_words(change.setting)
    return ReceiptLine(
        words.name,
        words.value_name(change.before),
        words.value_name(change.after),
        words.what_it_does(change.after),
    )


def _deletion(session: Session) -> PlannedDeletion | None:
    """As it is planned when the mail is written, whatever was planned when it was queued."""
    current = agreement(session)
    if current.deletes_at is None:
        return None
    undo = (
        "To undo it, an administrator or the data protection lead authorises the connection again "
        "on the Data sharing page before then."
    )
    if current.connection is not Connection.REVOKED:
        undo = "To undo it, authorise the connection again with the integrator before then."
    return PlannedDeletion(in_london(current.deletes_at), what_is_held(session), undo)


def _address(session: Session, account_mail: AccountMail) -> str:
    if account_mail.account_id is not None:
        return session.get_one(Account, account_mail.account_id).email
    contact = contacts_of(session).protection
    if contact is None:
        raise Refusal("The school has no data protection contact any more.")
    return contact.email
