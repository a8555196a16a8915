"""Leases, lost machines and journals: what is given back, and what is never sent again."""

import itertools
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from outreach import web
from outreach.campaigns import recovering, tracking
from outreach.campaigns.claiming import GRACE, LEASE, Batch, claim_batch
from outreach.campaigns.composing import InviteLetter
from outreach.campaigns.delivery import deliver
from outreach.campaigns.journal import FOLDER, Journal, boot_mark
from outreach.campaigns.models import DeliveryClaim, Invitation
from outreach.campaigns.recording import give_back, record_outcomes
from outreach.campaigns.sending import Sending, pool_for
from outreach.clock import now
from outreach.database import transaction
from outreach.mail.outcomes import Outcome, Verdict
from outreach.profiles.copy_mailing import MAKERS
from outreach.switching_off import FRESH_SECONDS
from tests.contract.catching import Catcher
from tests.outbox import Outbox, launched

pytestmark = pytest.mark.failure


def claim(outbox: Outbox, claim_id: UUID, *, ago: timedelta = timedelta()) -> Batch:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        batch = claim_batch(session, claim_id, now(), may_mail_demo=True)
        assert batch is not None
        return replace(batch, lease_until=batch.lease_until - ago)


def let_lease_end(outbox: Outbox, *, ago: timedelta) -> None:
    """As if the lease had ended so long ago. No journal: a lost machine took it along."""
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        session.execute(update(DeliveryClaim).values(lease_until=now() - ago))


def journal_of(outbox: Outbox, claim_id: UUID) -> Journal:
    return Journal.begin(outbox.wired.settings.data_dir, claim_id, outbox.school.id)


def test_after_its_lease_a_worker_hands_nothing_over_any_more(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=5)
    claim_id = uuid4()
    journal = journal_of(outbox, claim_id)
    batch = claim(outbox, claim_id, ago=LEASE)
    progress = Sending(
        batch=batch,
        letter=InviteLetter.of(wired, batch.school, batch.campaign),
        journal=journal,
        pool=pool_for(wired.settings.smtp_url),
        clock=wired.clock,
        tell=lambda _: True,
        may_go_on=lambda: True,
    ).run(5)
    journal.finish()
    assert (progress.told, progress.has_only_trouble) == (0, False)
    assert not mailbox.mails


def test_nothing_leaves_while_nobody_can_say_whether_it_may(
    wired: web.Parts, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.campaigns.sending.PATIENCE_FOR_LOOK", 0.3)
    outbox = launched(wired, pupils=40)
    claim_id = uuid4()
    journal = journal_of(outbox, claim_id)
    batch = claim(outbox, claim_id)
    hangs, looks = threading.Event(), itertools.count()

    def look() -> bool:
        if next(looks) > 0:
            hangs.wait(20)
        return True

    sending = Sending(
        batch=batch,
        letter=InviteLetter.of(wired, batch.school, batch.campaign),
        journal=journal,
        pool=pool_for(wired.settings.smtp_url),
        clock=wired.clock,
        tell=lambda _: True,
        may_go_on=look,
    )
    mailbox.seconds_a_mail = FRESH_SECONDS
    threading.Timer(1.5, hangs.set).start()
    progress = sending.run(1)
    journal.finish()

    assert 0 < progress.told < 40, "the first look said yes, and is soon too old"
    assert len(mailbox.mails) == progress.told
    assert "whether mail may still go" in (progress.trouble or "")


def test_a_journal_settles_outcomes_intents_and_the_rest_each_in_its_way(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=3)
    claim_id = uuid4()
    journal = journal_of(outbox, claim_id)
    handed_over, cut_off, waiting = claim(outbox, claim_id).messages
    journal.intend(handed_over.message_id)
    journal.record(handed_over.message_id, Outcome(Verdict.ACCEPTED, 250))
    journal.intend(cut_off.message_id)
    assert recovering.recover(wired) == 0  # its owner lives
    journal.let_go()
    assert recovering.recover(wired) == 1
    states = {message.id: message.state.value for message in outbox.messages}
    assert states == {
        handed_over.message_id: "accepted",
        cut_off.message_id: "unknown",
        waiting.message_id: "queued",
    }
    assert recovering.recover(wired) == 0
    deliver(wired, outbox.school.id, MAKERS)
    assert [mail.recipient for mail in mailbox.mails] == [waiting.address]


def test_a_journal_of_an_earlier_boot_is_not_trusted_to_be_whole(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=2)
    claim_id = uuid4()
    journal = journal_of(outbox, claim_id)
    claim(outbox, claim_id)
    journal.let_go()
    path = wired.settings.data_dir / FOLDER / str(claim_id)
    path.write_text(path.read_text().replace(boot_mark(), "an-earlier-boot"))
    recovering.recover(wired)
    assert outbox.mails == {"unknown": 2}


def test_a_claim_whose_commit_never_came_leaves_its_messages_alone(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=2)
    journal_of(outbox, uuid4()).let_go()
    assert recovering.recover(wired) == 1
    assert outbox.mails == {"queued": 2}


def test_a_lost_machines_batch_is_unknown_after_lease_and_grace_and_not_before(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=2)
    claim(outbox, uuid4())
    let_lease_end(outbox, ago=GRACE - timedelta(seconds=30))
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"sending": 2}
    let_lease_end(outbox, ago=GRACE)
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"unknown": 2}
    assert not mailbox.mails


def test_what_the_true_owner_says_late_settles_an_unknown_mail_and_gives_nothing_back(
    wired: web.Parts,
) -> None:
    outbox = launched(wired, pupils=2)
    claim_id = uuid4()
    first, second = claim(outbox, claim_id).messages
    let_lease_end(outbox, ago=GRACE)
    deliver(wired, outbox.school.id, MAKERS)
    with transaction(wired.sessions, outbox.school.id) as session:
        accepted = {first.message_id: Outcome(Verdict.ACCEPTED, 250)}
        for _ in range(2):
            record_outcomes(session, claim_id, accepted, now())
        give_back(session, claim_id, [second.message_id], now())
    assert outbox.mails == {"accepted": 1, "unknown": 1}
    assert sorted(outbox.events) == [
        ("smtp", "accepted"),
        ("smtp", "unknown"),
        ("smtp", "unknown"),
    ]


def test_an_answer_settles_an_unknown_mail(wired: web.Parts) -> None:
    outbox = launched(wired)
    claim(outbox, uuid4())
    let_lease_end(outbox, ago=GRACE)
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"unknown": 1}
    with transaction(wired.sessions, outbox.school.id) as session:
        invitation = session.get_one(Invitation, (outbox.school.id, outbox.invitation.id))
        tracking.mark_started(session, invitation, now())
    assert outbox.mails == {"accepted": 1}
