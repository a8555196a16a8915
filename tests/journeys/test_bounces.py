"""Mail that comes back, over real sockets: what is believed, what follows, and what a forger gets."""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select, update

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.delivery import deliver
from outreach.campaigns.held_models import HeldDomain, HeldState
from outreach.campaigns.models import Message
from outreach.campaigns.resending import resend
from outreach.campaigns.return_paths import read_return_path
from outreach.campaigns.returned_mail import strangers
from outreach.campaigns.states import MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from outreach.pupils.models import Suppression
from tests.bouncing import Returner, bounce, complaint, give, receiver, returner
from tests.contract.catching import Catcher, free_port
from tests.outbox import Outbox, launched


@dataclass
class Post:
    """A service whose mail can come back, a mail server that gives it back, and what we know then."""

    wired: web.Parts
    server: Returner
    port: int
    outbox: Outbox

    def send(self) -> None:
        deliver(self.wired, self.outbox.school.id, MAKERS)
        self.server.wait()

    def give(self, recipient: str, raw: bytes) -> int:
        return give(self.port, self.server.senders[recipient], raw)

    @property
    def suppressions(self) -> list[Suppression]:
        with transaction(self.wired.sessions, self.outbox.school.id) as session:
            return list(session.scalars(select(Suppression)))

    def message_to(self, recipient: str) -> Message:
        where, signer = self.server.senders[recipient], self.wired.signer
        message_id = read_return_path(self.wired.settings, signer, where).row_id
        return next(one for one in self.outbox.messages if one.id == message_id)


@pytest.fixture
def post(wired: web.Parts) -> Iterator[Post]:
    port = free_port()
    with returner(port) as server:
        settings = replace(
            wired.settings,
            bounce_domain="bounces.example",
            smtp_url=f"smtp://127.0.0.1:{server.port}?starttls=off",
        )
        returning = replace(wired, settings=settings)
        with receiver(returning, port):
            yield Post(returning, server, port, launched(returning, pupils=6))


def test_each_mail_that_comes_back_is_accounted_for_and_has_its_own_consequence(post: Post) -> None:
    unknown, full, policy, fine, *_ = post.outbox.addresses
    post.server.returns = {
        unknown: ("5.1.1", "550 5.1.1 User unknown"),
        full: ("5.2.2", "552 5.2.2 Mailbox full"),
        policy: ("5.7.1", "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected"),
    }
    post.send()

    assert post.outbox.mails == {"accepted": 3, "bounced": 3}
    assert set(post.server.replies) == {250}
    assert post.message_to(unknown).reason == "unknown_user"
    assert post.message_to(full).reason == "mailbox_full"
    assert post.message_to(policy).status_code == "5.7.1"
    only = post.suppressions
    assert [(one.reason.value, one.source, one.expires_at) for one in only] == [
        ("bounced", "smtp_in/unknown_user", None)
    ]
    assert sorted(post.outbox.events).count(("smtp_in", "bounced")) == 3

    # What is no bounce is a fact and moves nothing; a complaint stops mail to the address.
    delayed = bounce(fine, "451 4.4.1 No answer", action="delayed", status="4.4.1")
    assert post.give(fine, delayed) == 250
    assert post.message_to(fine).state is MessageState.ACCEPTED
    assert post.give(fine, complaint(fine)) == 250
    assert post.message_to(fine).state is MessageState.ACCEPTED
    assert {one.reason.value for one in post.suppressions} == {"bounced", "complaint"}
    assert {("smtp_in", "delayed"), ("smtp_in", "complaint")} <= set(post.outbox.events)


def test_what_is_forged_does_nothing_and_what_comes_twice_has_one_effect(post: Post) -> None:
    post.send()
    victim, other, *_ = post.outbox.addresses
    real = post.server.senders[victim]
    raw = bounce(victim, "550 5.1.1 User unknown")
    place = 20
    altered = real[:place] + ("a" if real[place] != "a" else "b") + real[place + 1 :]
    for forged in (altered, "b+@bounces.example", "careers@bounces.example", victim):
        assert give(post.port, forged, raw) == 550
    assert post.outbox.mails == {"accepted": 6}
    assert strangers(post.wired) == 4

    # Signed, for another message: what it says of the victim is about a mailbox passed on to.
    assert post.give(other, bounce("stranger@elsewhere.example", "550 5.1.1 User unknown")) == 250
    assert post.outbox.mails == {"accepted": 5, "bounced": 1}
    assert post.suppressions == []

    for _ in range(2):
        assert give(post.port, real.upper(), raw) == 250
    assert post.outbox.mails == {"accepted": 4, "bounced": 2}
    assert post.outbox.events.count(("smtp_in", "bounced")) == 2
    assert len(post.suppressions) == 1


def test_a_late_bounce_settles_what_was_unknown(post: Post) -> None:
    post.send()
    address = post.outbox.addresses[0]
    message = post.message_to(address)
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        session.execute(
            update(Message).where(Message.id == message.id).values(state=MessageState.UNKNOWN)
        )
    assert post.give(address, bounce(address, "550 5.1.1 User unknown")) == 250
    assert post.message_to(address).state is MessageState.BOUNCED


def test_a_bounce_that_is_faster_than_our_record_is_waited_for_or_asked_to_come_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.campaigns.returned_mail.WAITS_FOR_RECORD", (0.01,))
    post.send()
    address = post.outbox.addresses[0]
    message = post.message_to(address)
    here = update(Message).where(Message.id == message.id)
    raw = bounce(address, "550 5.1.1 User unknown")
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        session.execute(here.values(state=MessageState.SENDING))
    assert post.give(address, raw) == 451
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        session.execute(here.values(state=MessageState.ACCEPTED))
    assert post.give(address, raw) == 250
    assert post.message_to(address).state is MessageState.BOUNCED


def test_soft_bounces_stop_mail_only_where_they_repeat_and_for_a_while(post: Post) -> None:
    post.send()
    address, *others = post.outbox.addresses
    first = post.message_to(address)
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        for other in others[:2]:  # three mails to one address, as after two reminders
            session.execute(
                update(Message)
                .where(Message.id == post.message_to(other).id)
                .values(
                    invitation_id=first.invitation_id,
                    attempt=2 + others.index(other),
                    address_hash=first.address_hash,
                )
            )
    for count, to in enumerate((address, *others[:2]), start=1):
        raw = bounce(address, "552 5.2.2 Mailbox full", status="5.2.2")
        assert give(post.port, post.server.senders[to], raw) == 250
        assert len(post.suppressions) == (1 if count == 3 else 0)
    (only,) = post.suppressions
    assert only.expires_at is not None
    assert only.expires_at > now()


def test_a_mailer_that_speaks_lmtp_has_a_reply_for_each_recipient(post: Post) -> None:
    post.send()
    one, other, *_ = post.outbox.addresses
    port = free_port()
    with receiver(post.wired, port, is_lmtp=True), smtplib.LMTP("127.0.0.1", port) as line:
        line.ehlo("mx.example")
        line.mail("")
        for address in (one, other):
            assert line.rcpt(post.server.senders[address])[0] == 250
        line.putcmd("data")
        assert line.getreply()[0] == 354
        line.send(bounce(one, "550 5.1.1 User unknown").replace(b"\n", b"\r\n") + b"\r\n.\r\n")
        assert [line.getreply()[0] for _ in range(2)] == [250, 250]
    assert post.message_to(one).state is MessageState.BOUNCED


def test_an_address_that_is_refused_again_at_hand_over_is_left_alone(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=3)
    unknown, vague, _ = outbox.addresses
    mailbox.answers = {unknown: "550 5.1.1 No such user", vague: "554 No"}
    expected: list[tuple[str, str]] = []
    for _ in range(2):
        deliver(wired, outbox.school.id, MAKERS)
        with transaction(wired.sessions, outbox.school.id) as session:
            told = [(one.reason.value, one.source) for one in session.scalars(select(Suppression))]
            assert told == expected
            if not expected:
                assert resend(session, outbox.campaign_id, [MessageState.REFUSED], OPERATOR, now())
        expected = [("bounced", "smtp/unknown_user")]
    assert outbox.mails == {"accepted": 1, "refused": 4}


def test_one_message_tells_of_a_rule_once_however_often_it_comes_back(post: Post) -> None:
    post.send()
    one, late, *_ = post.outbox.addresses
    for number in range(4):
        said = f"blocked by policy rule {number}"
        assert post.give(one, bounce(one, f"550 5.7.1 {said}", status="5.7.1")) == 250
        waits = bounce(late, f"450 4.7.1 {said}", status="4.7.1", action="delayed")
        assert post.give(late, waits) == 250
    assert post.outbox.events.count(("smtp_in", "bounced")) == 4
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        (watched,) = session.scalars(select(HeldDomain))
        assert (watched.state, watched.run) == (HeldState.WATCHING, 1)


def test_a_run_of_bounces_by_a_rule_holds_the_domain_and_suppresses_nobody(post: Post) -> None:
    for address in post.outbox.addresses[:4]:
        said = f"550 5.7.1 <{address}>: access denied by our SPF rules"
        post.server.returns[address] = ("5.7.1", said)
    post.send()
    assert post.outbox.mails == {"accepted": 2, "bounced": 4}
    assert post.suppressions == []
    with transaction(post.wired.sessions, post.outbox.school.id) as session:
        (held,) = session.scalars(select(HeldDomain))
        assert (held.domain, held.state, held.came_back) == ("pupils.example", HeldState.OPEN, True)
        # What their server said chooses the diagnosis, and names nobody.
        assert (held.reason, held.diagnosis) == ("policy", "dmarc")
        assert held.words == "550 5.7.1 <[address]>: access denied by our SPF rules"
