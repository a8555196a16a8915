"""A rule at a school's mail server: one alert, the rest held, and how it goes on."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from outreach import web
from outreach.audit import AuditEvent
from outreach.campaigns.claiming import due_at_earliest
from outreach.campaigns.delivery import deliver
from outreach.campaigns.diagnosing import rules
from outreach.campaigns.held_domains import note_policy
from outreach.campaigns.held_models import HeldDomain
from outreach.campaigns.models import DeliveryEvent, Message
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from outreach.pupils.models import Suppression
from outreach.schools.models import Role
from tests.contract.catching import Catcher
from tests.factories import make_pupil, make_school, signed_in
from tests.journeys.staff_pages import submit
from tests.outbox import Outbox, add_up, launched

DOMAIN = "pupils.example"
RUN = rules().run.refused
RESTRICTED = "550 5.7.1 The domain that you are sending to has a policy that prohibited the mail"


def refuse_all(mailbox: Catcher, outbox: Outbox, words: str = RESTRICTED) -> None:
    mailbox.answers |= dict.fromkeys(outbox.addresses, words)


def send(outbox: Outbox) -> None:
    deliver(outbox.wired, outbox.school.id, MAKERS)


def held(outbox: Outbox) -> HeldDomain:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return session.scalars(select(HeldDomain)).one()


def probe_is_due(outbox: Outbox) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        session.execute(update(HeldDomain).values(next_probe_at=now()))


def press_send_again(client: FlaskClient, page: str, outbox: Outbox) -> TestResponse:
    form = re.search(r'action="(/staff/held-domains/[^"]+)"', client.get(page).text)
    assert form is not None
    answer = submit(client, page, form[1], campaign=str(outbox.campaign_id))
    return client.get(answer.location)


def actions(outbox: Outbox) -> list[str]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        about = AuditEvent.action.like("domain.%")
        return list(session.scalars(select(AuditEvent.action).where(about).order_by(AuditEvent.at)))


def test_a_run_opens_one_alert_holds_the_rest_and_suppresses_nobody(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=150)
    refuse_all(mailbox, outbox)
    for _ in range(2):
        send(outbox)
    row = held(outbox)
    assert (row.domain, row.state.value, row.diagnosis) == (
        DOMAIN,
        "open",
        "google_restrict_delivery",
    )
    assert actions(outbox) == ["domain.held"]
    assert set(outbox.mails) <= {"held", "refused"}
    assert outbox.mails.get("refused", 0) < RUN
    assert sum(outbox.mails.values()) == 150
    assert add_up(outbox.status())
    with transaction(wired.sessions, outbox.school.id) as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0
        asked = session.scalar(select(func.count()).select_from(DeliveryEvent)) or 0
        due = due_at_earliest(session, now())
    assert RUN <= asked < 75  # the batch was stopped when the run was complete
    assert due == row.next_probe_at
    assert row.next_probe_at is not None
    assert now() < row.next_probe_at < now() + timedelta(minutes=6)


def test_fewer_than_a_run_or_one_taken_between_holds_nothing(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=RUN + 1)
    mailbox.answers |= dict.fromkeys(outbox.addresses[: RUN - 1], RESTRICTED)
    send(outbox)
    assert outbox.mails == {"accepted": 2, "refused": RUN - 1}
    assert {one.reason for one in outbox.messages} == {None, "restricted_delivery"}
    more = launched(wired, pupils=2)
    refuse_all(mailbox, more)
    send(more)
    assert more.mails == {"refused": 2}
    assert held(more).state.value == "watching"


def test_a_probe_that_is_taken_lets_the_rest_go_by_itself(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=40)
    refuse_all(mailbox, outbox)
    send(outbox)
    before = outbox.mails
    probe_is_due(outbox)
    send(outbox)  # the probe is refused as well, and the wait grows
    row = held(outbox)
    assert (row.state.value, row.probes, outbox.mails) == ("open", 1, before)
    assert row.next_probe_at is not None
    assert row.next_probe_at > now() + timedelta(minutes=14)
    mailbox.answers.clear()
    send(outbox)
    assert outbox.mails == before  # not before its time
    probe_is_due(outbox)
    send(outbox)
    assert outbox.mails == {"accepted": before["held"]} | (
        {"refused": before["refused"]} if "refused" in before else {}
    )
    assert held(outbox).state.value == "resumed"
    assert actions(outbox) == ["domain.held", "domain.resumed"]
    assert len({mail.recipient for mail in mailbox.mails}) == len(mailbox.mails)


def test_other_domains_of_the_campaign_go_on(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=10)
    with transaction(wired.sessions, outbox.school.id) as session:
        for _ in range(RUN):
            note_policy(session, outbox.campaign_id, "other.example", "blocked", None, now())
    send(outbox)
    assert outbox.mails == {"accepted": 10}


def test_bounces_hold_too_and_their_probe_is_waited_for(wired: web.Parts, mailbox: Catcher) -> None:
    """A relay takes everything: that it takes the probe tells nothing yet."""
    outbox = launched(wired, pupils=10)
    with transaction(wired.sessions, outbox.school.id) as session:
        for _ in range(RUN):
            note_policy(session, outbox.campaign_id, DOMAIN, "mail_flow_rule", "x", now())
    send(outbox)
    assert outbox.mails == {"held": 10}
    assert held(outbox).diagnosis == "exchange_mail_flow_rule"
    probe_is_due(outbox)
    send(outbox)
    assert outbox.mails == {"accepted": 1, "held": 9}
    row = held(outbox)
    assert (row.state.value, row.probe_id) == ("probing", None)
    with transaction(wired.sessions, outbox.school.id) as session:
        note_policy(session, outbox.campaign_id, DOMAIN, "mail_flow_rule", "x", now())
    assert held(outbox).state.value == "open"  # it came back
    for _ in range(2):  # the next probe, and the quiet time after it
        probe_is_due(outbox)
        send(outbox)
    send(outbox)
    assert outbox.mails == {"accepted": 10}


def test_a_run_told_by_several_at_once_is_as_old_as_its_oldest(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=RUN)
    last = now()
    with transaction(wired.sessions, outbox.school.id) as session:
        for ago in range(RUN):
            moment = last - timedelta(milliseconds=ago)
            note_policy(session, outbox.campaign_id, DOMAIN, "mail_flow_rule", "x", moment)

    assert held(outbox).holds
    assert held(outbox).run_began_at == last - timedelta(milliseconds=RUN - 1)


def test_not_now_from_a_domain_is_told_and_each_mail_is_tried_again_by_itself(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=rules().run.not_now)
    refuse_all(mailbox, outbox, "451 4.7.1 Greylisted, please try again in 300 seconds")
    send(outbox)
    row = held(outbox)
    assert (row.state.value, row.holds, row.diagnosis) == ("open", False, "greylisting")
    assert outbox.mails == {"deferred": rules().run.not_now}
    mailbox.answers.clear()
    outbox.make_due()
    send(outbox)
    assert outbox.mails == {"accepted": rules().run.not_now}
    assert held(outbox).state.value == "resumed"


def test_one_button_sends_the_held_and_once_more_what_was_turned_away(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=12)
    refuse_all(mailbox, outbox, f"{RESTRICTED} for {outbox.addresses[0]}")
    with transaction(wired.sessions, outbox.school.id) as session:
        for late in session.scalars(select(Message).offset(2)):
            late.next_attempt_at = now() + timedelta(hours=1)
    send(outbox)
    outbox.make_due()
    send(outbox)
    assert outbox.mails == {"held": 10, "refused": 2}
    client = signed_in(app, outbox.school, Role.CAREERS_LEADER)
    campaign_page = f"/staff/campaigns/{outbox.campaign_id}"
    page = client.get(campaign_page).text
    for said in (
        "Google restrict delivery: mail to pupils.example is held",
        "10 mails wait",
        "2 were turned away",
        "a policy that prohibited the mail for [address]",
    ):
        assert said in page
    assert (
        "Google restrict delivery"
        in signed_in(app, outbox.school, Role.ADMIN).get("/staff/it-team").text
    )
    mailbox.forget()
    mailbox.answers.clear()
    answer = press_send_again(client, campaign_page, outbox)
    assert "10 held mails go out now, and 2 that had been turned away are sent again" in answer.text
    send(outbox)
    assert outbox.mails == {"accepted": 12, "refused": 2}
    assert {mail.recipient for mail in mailbox.mails} == set(outbox.addresses)
    assert held(outbox).resumed_by == outbox.school.staff[Role.CAREERS_LEADER]
    assert "is held" not in client.get(campaign_page).text


def test_a_reason_that_is_about_the_address_holds_nothing(wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    with transaction(wired.sessions, school.id) as session:
        campaign_id = make_pupil(session).id
        for reason in ("unknown_user", "mailbox_full", "no such reason"):
            for _ in range(RUN):
                assert not note_policy(session, campaign_id, DOMAIN, reason, None, now())
        assert session.scalar(select(func.count()).select_from(HeldDomain)) == 0


@pytest.mark.parametrize(
    ("said", "diagnosis"),
    [
        (RESTRICTED, "google_restrict_delivery"),
        ("550 5.7.1 TRANSPORT.RULES.RejectMessage; rejected by policy", "exchange_mail_flow_rule"),
        ("550 5.7.26 Unauthenticated email is not accepted due to DMARC policy", "dmarc"),
        ("550 5.7.1 Message rejected, greylisted for now", "greylisting"),
        ("554 5.7.1 Rejected by our spam filter", "blocked"),
        ("550 5.7.1 Not here", "other_rule"),
        ("550 rejected: rate limit exceeded, too many messages", "throttled"),
    ],
)
def test_the_diagnosis_is_read_from_what_the_server_says(
    wired: web.Parts, mailbox: Catcher, said: str, diagnosis: str
) -> None:
    outbox = launched(wired, pupils=RUN)
    refuse_all(mailbox, outbox, said)
    send(outbox)
    assert held(outbox).diagnosis == diagnosis
