"""A test send: the campaign's mail to the staff member who asks, through the outbox of accounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns.models import Campaign
from outreach.campaigns.states import MessageStep
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.models import Account, AccountMail, AccountMailKind, AccountMailState

MOST, WINDOW = 5, timedelta(minutes=10)


class TooManyTests(Refusal):
    """This person has asked for as many test mails as the window allows."""


@dataclass(frozen=True)
class LastTest:
    """The latest test of one person for one campaign."""

    state: AccountMailState
    words: str | None
    queued_at: datetime
    ended_at: datetime | None


def send_test(
    session: Session,
    campaign: Campaign,
    account_id: UUID,
    actor: Actor,
    now: datetime,
    step: MessageStep = MessageStep.INVITE,
) -> str:
    """Queue it, and return the address that it goes to."""
    account = session.scalars(
        select(Account).where(Account.id == account_id).with_for_update()
    ).one()
    if _sent_lately(session, account_id, now) >= MOST:
        minutes = int(WINDOW.total_seconds() // 60)
        words = f"You have asked for {MOST} test mails in {minutes} minutes. Wait a little."
        raise TooManyTests(f"{words} No further test was queued.")
    queue_account_mail(
        session,
        account_id,
        AccountMailKind.TEST_SEND,
        now,
        school_id=school_of(session),
        campaign_id=campaign.id,
        step=step.value,
    )
    detail = {"step": step.value}
    audit.record(session, now, actor, "campaign.test_sent", "campaign", campaign.id, **detail)
    return account.email


def _sent_lately(session: Session, account_id: UUID, now: datetime) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(AccountMail)
            .where(
                AccountMail.account_id == account_id,
                AccountMail.kind == AccountMailKind.TEST_SEND,
                AccountMail.queued_at > now - WINDOW,
            )
        )
        or 0
    )


def latest_test(session: Session, campaign: Campaign, account_id: UUID) -> LastTest | None:
    row = session.scalar(
        select(AccountMail)
        .where(
            AccountMail.account_id == account_id,
            AccountMail.kind == AccountMailKind.TEST_SEND,
            AccountMail.school_id == school_of(session),
            AccountMail.campaign_id == campaign.id,
        )
        .order_by(AccountMail.queued_at.desc())
        .limit(1)
    )
    return LastTest(row.state, row.words, row.queued_at, row.ended_at) if row else None
