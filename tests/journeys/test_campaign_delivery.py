"""The outbox: what leaves, in which words, and what becomes of it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from outreach import web
from outreach.campaigns import muting, tracking
from outreach.campaigns.delivery import deliver
from outreach.campaigns.models import CampaignQuestionnaire, Invitation, Link, Message
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from outreach.pupils.objections import objecting
from outreach.queues import Work, failures_of
from outreach.schools.models import Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.signing import Purpose
from tests.contract.catching import Catcher, free_port
from tests.factories import run_workers
from tests.outbox import Outbox, draft, launched


def change(outbox: Outbox, **changes: object) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        by = session.get_one(StaffMember, (outbox.school.id, outbox.school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(**changes), by, now())  # type: ignore[arg-type]


def test_every_mailable_pupil_gets_one_mail_with_their_own_link(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=30)
    run_workers(wired)
    assert outbox.mails == {"accepted": 30}
    assert Counter(mail.recipient for mail in mailbox.mails) == Counter(outbox.addresses)
    assert len({mail.link for mail in mailbox.mails}) == 30
    assert all(urlsplit(mail.link).path.startswith("/q/") for mail in mailbox.mails)
    assert outbox.events == [("smtp", "accepted")] * 30


def test_the_mail_says_who_asks_and_how_to_stop_it(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired)
    run_workers(wired)
    (mail,) = mailbox.mails
    html = mail.message.get_body(("html",))
    assert html is not None
    for words in (mail.text, html.get_content()):
        assert "Hello Robin" in words
        assert "Hill Test School asks you" in words
        assert "/stop/" in words
    headers = mail.message
    stop_url = headers["List-Unsubscribe"].strip("<>")
    stopped = wired.signer.verify(Purpose.STOP_MAIL, stop_url.rpartition("/")[2])
    assert stopped.row_id == outbox.message.link_id
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Message-ID"] == f"<{outbox.message.id}@outreach.example>"
    assert headers["From"] == "Hill Test School via Future Skills <questionnaires@outreach.example>"


def test_a_job_delivered_twice_sends_nothing_twice(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=3)
    deliver(wired, outbox.school.id, MAKERS)
    deliver(wired, outbox.school.id, MAKERS)
    assert len(mailbox.mails) == 3


def test_not_now_is_tried_again_later_with_growing_waits(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired)
    mailbox.answers[outbox.addresses[0]] = "450 4.7.1 Please try again later"
    deliver(wired, outbox.school.id, MAKERS)
    first = outbox.message
    assert (first.state.value, first.status_code, first.tries) == ("deferred", "4.7.1", 1)
    assert now() < first.next_attempt_at < now() + timedelta(seconds=20)
    outbox.make_due()
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.message.next_attempt_at > now() + timedelta(seconds=40)
    mailbox.answers.clear()
    outbox.make_due()
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 1}
    assert len(mailbox.mails) == 1


def test_after_three_days_of_not_now_a_mail_is_given_up_with_the_servers_words(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired)
    with transaction(wired.sessions, outbox.school.id) as session:
        session.execute(update(Message).values(queued_at=now() - timedelta(days=3)))
    mailbox.answers[outbox.addresses[0]] = "450 4.2.2 Mailbox is full"
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.message.state.value == "refused"
    assert "Mailbox is full" in (outbox.message.words or "")


def test_a_refused_mail_keeps_its_reason_and_no_address(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired)
    address = outbox.addresses[0]
    mailbox.answers[address] = f"550 5.1.1 <{address}> no such user here"
    deliver(wired, outbox.school.id, MAKERS)
    refused = outbox.message
    assert (refused.state.value, refused.status_code) == ("refused", "5.1.1")
    assert "no such user here" in (refused.words or "")
    assert address not in (refused.words or "")
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.events == [("smtp", "refused")]


def test_a_mail_server_that_is_down_costs_nobody_a_try(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=3)
    nowhere = f"smtp://127.0.0.1:{free_port()}"
    broken = replace(wired, settings=replace(wired.settings, smtp_url=nowhere))
    for _ in range(2):
        deliver(broken, outbox.school.id, MAKERS)
    assert outbox.mails == {"queued": 3}
    assert {message.tries for message in outbox.messages} == {0}
    with transaction(wired.sessions, outbox.school.id) as session:
        assert failures_of(session, outbox.school.id, Work.DELIVER) == 2
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 3}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connection": Connection.PAUSED}, "paused"),
        ({"student_email": False}, "student_email_off"),
        ({"work_email": False}, "address_switched_off"),
    ],
)
def test_switching_sharing_off_stops_mail_that_is_already_queued(
    wired: web.Parts, mailbox: Catcher, changes: dict[str, object], reason: str
) -> None:
    outbox = launched(wired, pupils=2)
    change(outbox, **changes)
    run_workers(wired)
    assert outbox.mails == {"stopped": 2}
    assert {message.reason for message in outbox.messages} == {reason}
    staff = outbox.school.emails.values()  # who get a receipt of the change
    assert not [mail for mail in mailbox.mails if mail.recipient not in staff]


@pytest.mark.parametrize("what", ["objected", "unsubscribed", "declined", "submitted", "revoked"])
def test_a_queued_mail_is_not_sent_to_a_student_who_does_not_need_it(
    wired: web.Parts, mailbox: Catcher, what: str
) -> None:
    outbox = launched(wired)
    with transaction(wired.sessions, outbox.school.id) as session:
        invitation = session.get_one(Invitation, (outbox.school.id, outbox.invitation.id))
        if what == "objected":
            objecting.object_to_mail(session, invitation.pupil_id, "student", None, now())
        elif what == "unsubscribed":
            muting.stop_mail(session, invitation, now())
        elif what == "declined":
            tracking.decline(session, invitation, now())
        elif what == "submitted":
            tracking.mark_submitted(session, invitation, now())
        else:
            session.execute(update(Link).values(revoked_at=now()))
    run_workers(wired)
    assert outbox.mails == {"stopped": 1}
    assert not mailbox.mails


def test_demo_mail_is_held_where_the_mail_server_is_not_the_embedded_one(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, is_demo=True)
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"held": 1}
    assert not mailbox.mails
    embedded = replace(wired, settings=replace(wired.settings, is_embedded_mail=True))
    other = launched(embedded, is_demo=True)
    deliver(embedded, other.school.id, MAKERS)
    assert other.mails == {"accepted": 1}


def test_nothing_is_handed_over_after_the_closing_date(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired)
    with transaction(wired.sessions, outbox.school.id) as session:
        outbox_campaign = session.merge(outbox.campaign)
        outbox_campaign.closes_at = now() - timedelta(seconds=1)
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"queued": 1}
    assert not mailbox.mails


def test_a_draft_sends_nothing(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = draft(wired)
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {}
    assert not mailbox.mails


def test_mail_whose_questionnaire_is_not_installed_is_held_and_says_why(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=3)
    with transaction(wired.sessions, outbox.school.id) as session:
        session.execute(update(CampaignQuestionnaire).values(version=99))

    run_workers(wired)

    assert outbox.mails == {"held": 3}
    assert all("not installed" in (message.words or "") for message in outbox.messages)
    assert mailbox.mails == []
