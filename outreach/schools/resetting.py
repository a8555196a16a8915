"""A forgotten password: a one-time link by mail, and the same answer whoever asks."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.queues import Bell, Work, ring_after_commit
from outreach.schools import attempts
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.attempts import Attempt
from outreach.schools.models import Account, AccountMailKind


def ask_for_reset(session: Session, email: str, now: datetime) -> None:
    """Queue a mail with a link, if the address has an account and has not asked too often.

    Says nothing of either, and so answers alike. The worker makes the link, not this page.
    """
    attempts.take_turn(session, Attempt.RESET, email)
    if attempts.is_closed(session, Attempt.RESET, email, now):
        return
    attempts.note_attempt(session, Attempt.RESET, email, now)
    account_id = session.scalar(select(Account.id).where(Account.email == email.strip().lower()))
    ring_after_commit(session, Bell(Work.ACCOUNT_MAIL, None))  # for nobody too: it takes time
    if account_id is not None:
        queue_account_mail(session, account_id, AccountMailKind.RESET, now)
