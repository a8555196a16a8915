"""Mail to staff: sent once, put off by trouble, and its fate always stated (Law 8)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from outreach import web
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.mail.accounts import Accounts, accounts_of
from outreach.mail.outcomes import Outcome, Verdict
from outreach.schools.account_mail import (
    LEASE,
    Claim,
    LeaseLost,
    begin_handing_over,
    claim_account_mail,
    is_account_mail_due,
    queue_account_mail,
    record_outcome,
)
from outreach.schools.models import (
    Account,
    AccountMail,
    AccountMailKind,
    AccountMailState,
    AccountToken,
)
from tests.contract.catching import Catcher, free_port
from tests.factories import MadeSchool, make_school
from workers.account_mail import send_account_mail

S = AccountMailState


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions)


@pytest.fixture
def pool(wired: web.Parts) -> Iterator[Accounts]:
    made = accounts_of(wired.settings.smtp_url, 1)
    yield made
    made.close()


@pytest.fixture
def mail_id(sessions: Sessions, school: MadeSchool) -> UUID:
    with transaction(sessions) as session:
        return queue_account_mail(session, first_account(sessions).id, AccountMailKind.RESET, now())


def first_account(sessions: Sessions) -> Account:
    with transaction(sessions) as session:
        return session.scalars(select(Account).order_by(Account.email)).first()


def fate(sessions: Sessions, mail_id: UUID) -> AccountMail:
    with transaction(sessions) as session:
        return session.get_one(AccountMail, mail_id)


def claim(sessions: Sessions, at: datetime | None = None) -> Claim | None:
    with transaction(sessions) as session:
        return claim_account_mail(session, at or now())


def make_due(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        session.execute(update(AccountMail).values(next_attempt_at=now()))


def test_a_mail_is_sent_once(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions, mail_id: UUID
) -> None:
    send_account_mail(wired, pool)
    send_account_mail(wired, pool)

    assert len(mailbox.sent_to(first_account(sessions).email)) == 1
    assert fate(sessions, mail_id).state is S.SENT


def test_a_deferral_puts_it_off_and_the_same_mail_comes_later(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions, mail_id: UUID
) -> None:
    email = first_account(sessions).email
    mailbox.answers[email] = "451 4.7.1 Not now"

    send_account_mail(wired, pool)

    row = fate(sessions, mail_id)
    assert row.state is S.QUEUED
    assert row.next_attempt_at > now()
    assert row.words == "4.7.1 Not now" or "Not now" in (row.words or "")
    del mailbox.answers[email]
    make_due(sessions)
    send_account_mail(wired, pool)
    assert fate(sessions, mail_id).state is S.SENT
    assert mailbox.sent_to(email)[0].message["Message-ID"].startswith(f"<account-{mail_id}@")


def test_a_refusal_is_final_and_says_why_without_the_address(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions, mail_id: UUID
) -> None:
    email = first_account(sessions).email
    mailbox.answers[email] = f"550 5.1.1 <{email}> has no mailbox here"

    send_account_mail(wired, pool)

    row = fate(sessions, mail_id)
    assert row.state is S.FAILED
    assert "no mailbox here" in (row.words or "")
    assert email not in (row.words or "")


def test_a_server_that_is_down_means_waiting(
    wired: web.Parts, sessions: Sessions, mail_id: UUID
) -> None:
    nobody = accounts_of(f"smtp://127.0.0.1:{free_port()}", 1)

    send_account_mail(wired, nobody)

    row = fate(sessions, mail_id)
    assert row.state is S.QUEUED
    assert row.handing_over_since is None


def test_a_server_that_is_down_for_a_day_is_given_up_on(sessions: Sessions, mail_id: UUID) -> None:
    a_day_on = now() + timedelta(hours=25)
    taken = claim(sessions, a_day_on)
    assert taken is not None

    with transaction(sessions) as session:
        record_outcome(session, taken, Outcome(Verdict.NOT_SENT, words="down"), a_day_on)

    assert fate(sessions, mail_id).state is S.FAILED


def test_a_worker_killed_before_the_body_leaves_the_mail_to_another(
    sessions: Sessions, mail_id: UUID
) -> None:
    first = claim(sessions)
    assert claim(sessions) is None

    second = claim(sessions, now() + LEASE + timedelta(seconds=1))

    assert first is not None
    assert second is not None
    assert (second.mail_id, second.attempt) == (mail_id, first.attempt + 1)


def test_a_worker_that_lost_its_lease_may_not_send(sessions: Sessions, mail_id: UUID) -> None:
    slow = claim(sessions)
    claim(sessions, now() + LEASE + timedelta(seconds=1))
    assert slow is not None

    with transaction(sessions) as session, pytest.raises(LeaseLost):
        begin_handing_over(session, slow, now())


def test_a_worker_killed_while_the_body_left_makes_it_unknown_for_good(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions, mail_id: UUID
) -> None:
    taken = claim(sessions)
    assert taken is not None
    with transaction(sessions) as session:
        begin_handing_over(session, taken, now())
        session.execute(update(AccountMail).values(lease_until=now() - timedelta(seconds=1)))

    send_account_mail(wired, pool)
    make_due(sessions)
    send_account_mail(wired, pool)

    assert fate(sessions, mail_id).state is S.UNKNOWN
    assert mailbox.sent_to(first_account(sessions).email) == []


def test_a_reply_that_comes_late_still_tells_what_became_of_it(
    sessions: Sessions, mail_id: UUID
) -> None:
    taken = claim(sessions)
    assert taken is not None
    with transaction(sessions) as session:
        begin_handing_over(session, taken, now())
    assert claim(sessions, now() + 2 * LEASE) is None
    assert fate(sessions, mail_id).state is S.UNKNOWN

    with transaction(sessions) as session:
        record_outcome(session, taken, Outcome(Verdict.ACCEPTED, 250), now())

    assert fate(sessions, mail_id).state is S.SENT


def test_the_link_is_made_for_the_mail_and_its_secret_kept_nowhere(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions, mail_id: UUID
) -> None:
    with transaction(sessions) as session:
        assert session.scalars(select(AccountToken)).all() == []

    send_account_mail(wired, pool)

    secret = mailbox.mails[0].link.rpartition("/")[2]
    row = fate(sessions, mail_id)
    assert secret not in str(vars(row))
    with transaction(sessions) as session:
        token = session.scalars(select(AccountToken)).one()
    assert token.reaches_owner is True
    assert secret not in str(vars(token))


def test_mail_of_a_demonstration_is_held_before_a_real_server(
    wired: web.Parts, pool: Accounts, mailbox: Catcher, sessions: Sessions
) -> None:
    make_school(sessions, is_demo=True)
    with transaction(sessions) as session:
        mail_id = queue_account_mail(
            session, first_account(sessions).id, AccountMailKind.RESET, now()
        )

    send_account_mail(wired, pool)

    assert fate(sessions, mail_id).state is S.HELD
    assert mailbox.mails == []


def test_the_schedule_can_see_what_a_lost_bell_left(
    wired: web.Parts, pool: Accounts, sessions: Sessions, mail_id: UUID
) -> None:
    with transaction(sessions) as session:
        assert is_account_mail_due(session, now())
    send_account_mail(wired, pool)
    with transaction(sessions) as session:
        assert not is_account_mail_due(session, now())
