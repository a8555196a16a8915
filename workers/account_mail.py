"""Sends mail to staff, one at a time: password links, test sends, receipts, calls to read, digests."""

import logging
import time
from collections.abc import Callable, Mapping
from email.utils import parseaddr

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach.answering.safeguarding.telling import compose_call
from outreach.campaigns.composing import compose_test_send
from outreach.campaigns.digests import compose_digest
from outreach.campaigns.return_paths import return_path
from outreach.database import enter_school, transaction
from outreach.errors import OutreachError
from outreach.it_team.mailing import compose_it_test
from outreach.mail.accounts import Accounts
from outreach.mail.addresses import UnsendableAddress
from outreach.mail.composing import Mail, compose
from outreach.mail.headers import UnsafeHeader
from outreach.mail.outcomes import Outcome, Verdict
from outreach.parts import Parts
from outreach.privacy.sharing_receipt import compose_receipt
from outreach.queues import JOB_TIMEOUT_SECONDS, Bell, Work
from outreach.schools.account_mail import (
    Claim,
    LeaseLost,
    begin_handing_over,
    claim_account_mail,
    fail,
    hold,
    must_be_held,
    record_outcome,
)
from outreach.schools.composing import compose_reset
from outreach.schools.models import AccountMail, AccountMailKind, School
from workers.parts import account_mail_pool, parts

log = logging.getLogger(__name__)

Composer = Callable[[Session, Parts, AccountMail], Mail]

COMPOSERS: Mapping[AccountMailKind, Composer] = {
    AccountMailKind.RESET: compose_reset,
    AccountMailKind.TEST_SEND: compose_test_send,
    AccountMailKind.SHARING_RECEIPT: compose_receipt,
    AccountMailKind.SAFEGUARDING: compose_call,
    AccountMailKind.DIGEST: compose_digest,
    AccountMailKind.IT_TEST: compose_it_test,
}

BUSY_SECONDS = JOB_TIMEOUT_SECONDS / 2
"""After that the job ends and rings again, well before RQ would end it."""


def run() -> None:
    send_account_mail(parts(), account_mail_pool())


def send_account_mail(wired: Parts, pool: Accounts) -> None:
    """Send all that is due. What has to wait is found by the schedule when its time comes."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        with transaction(wired.sessions) as session:
            claim = claim_account_mail(session, wired.clock())
        if claim is None:
            return
        _send(wired, pool, claim)
        if time.monotonic() > until:
            wired.doorbell.ring(Bell(Work.ACCOUNT_MAIL, None))
            return


def _send(wired: Parts, pool: Accounts, claim: Claim) -> None:
    mail = _compose(wired, claim)
    if mail is None:
        return

    def write_intent() -> None:
        with transaction(wired.sessions) as session:
            begin_handing_over(session, claim, wired.clock())

    try:
        sender = envelope_from(wired, claim)
        with pool.connection() as connection:
            outcome = connection.hand_over(
                sender,
                mail.to[1],
                wired.dkim.sign(compose(mail)),
                before_body=write_intent,
            )
    except LeaseLost:
        log.info("account mail left to another worker id=%s", claim.mail_id)
        return
    except (UnsendableAddress, UnsafeHeader) as fault:
        _give_up(wired, claim, str(fault))
        return
    with transaction(wired.sessions) as session:
        record_outcome(session, claim, outcome, wired.clock())
    log.info("account mail %s id=%s", outcome.verdict.value, claim.mail_id)


def envelope_from(wired: Parts, claim: Claim) -> str:
    """A test of the IT team goes the way of an invite, so that filters judge it alike."""
    if claim.kind is not AccountMailKind.IT_TEST or claim.school_id is None:
        return parseaddr(wired.settings.mail_from)[1]
    with transaction(wired.sessions) as session:
        key = session.get_one(School, claim.school_id).key
    return return_path(wired, key, claim.mail_id)


def _compose(wired: Parts, claim: Claim) -> Mail | None:
    """The mail, its one-time link committed; None where it is not to be sent."""
    try:
        with transaction(wired.sessions) as session:
            if not wired.settings.is_embedded_mail and must_be_held(session, claim):
                hold(session, claim, wired.clock())
                return None
            if claim.school_id is not None:
                enter_school(session, claim.school_id)
            account_mail = session.get_one(AccountMail, claim.mail_id)
            return COMPOSERS[claim.kind](session, wired, account_mail)
    except OutreachError as refusal:
        _give_up(wired, claim, refusal.words)
    except DBAPIError:
        raise  # the database is in trouble, not this mail: its lease runs out, and it comes back
    except Exception as fault:
        log.error("account mail not made id=%s: %s", claim.mail_id, type(fault).__name__)
        _put_off(wired, claim, type(fault).__name__)
    return None


def _put_off(wired: Parts, claim: Claim, what: str) -> None:
    """A mistake of ours in one mail must not stand in the way of the others."""
    words = f"The mail could not be made ({what})."
    with transaction(wired.sessions) as session:
        record_outcome(session, claim, Outcome(Verdict.NOT_SENT, words=words), wired.clock())


def _give_up(wired: Parts, claim: Claim, words: str) -> None:
    with transaction(wired.sessions) as session:
        fail(session, claim, words, wired.clock())
    log.warning("account mail failed id=%s", claim.mail_id)
