"""Pace: limits that all workers share, waits without a busy loop, and what “too many” does."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from outreach import web
from outreach.campaigns import pacing
from outreach.campaigns.claiming import due_at_earliest
from outreach.campaigns.delivery import deliver, pacer_for
from outreach.campaigns.models import DeliveryEvent, Message
from outreach.campaigns.paced_mail import slowed
from outreach.campaigns.pacing import FIRST_SLOW, Limits, Pacer
from outreach.clock import now
from outreach.database import transaction
from outreach.doctor import examine
from outreach.mail.outcomes import Outcome, Verdict
from outreach.profiles.copy_mailing import MAKERS
from outreach.queues import connect_redis
from outreach.schools.models import Role
from tests.contract.catching import Catcher, free_port
from tests.factories import signed_in
from tests.outbox import launched
from tests.pacing import some_due

DOMAIN, ACCOUNT = "pupils.example", "mail.example:25"
TOO_MANY = "450 4.7.28 receiving mail at a rate that is too high, too many messages"


def with_pace(wired: web.Parts, **limits: int) -> web.Parts:
    return replace(wired, settings=replace(wired.settings, **limits))


def pacer(wired: web.Parts, **limits: int) -> Pacer:
    return Pacer(wired.redis, ACCOUNT, Limits(**limits))


def admitted(pacer: Pacer, count: int, domain: str = DOMAIN) -> int:
    return len(pacer.admit(some_due(count, domain), now()).now)


def test_at_most_so_many_go_in_any_minute_and_the_rest_wait_for_their_place(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=25)
    parts = with_pace(wired, pace_domain_per_minute=10)
    for _ in range(3):
        deliver(parts, outbox.school.id, MAKERS)
    assert len(mailbox.mails) == 10
    assert outbox.mails == {"accepted": 10, "queued": 15}
    waiting = sorted(one.next_attempt_at for one in outbox.messages if one.reason == "paced")
    assert len(waiting) == 15
    assert now() + timedelta(seconds=50) < waiting[0] < now() + timedelta(seconds=62)
    assert waiting[-1] > waiting[0] + timedelta(seconds=80)
    with transaction(wired.sessions, outbox.school.id) as session:
        (told,) = slowed(session, outbox.campaign_id, pacer_for(parts), now())
    assert (told.domain, told.waiting) == (DOMAIN, 15)
    assert told.until >= waiting[-1]


def test_other_domains_do_not_wait_behind_a_slow_one(wired: web.Parts, mailbox: Catcher) -> None:
    paced = pacer(wired, domain_per_minute=5)
    mixed = [*some_due(20), *some_due(3, "other.example"), *some_due(4, "third.example")]
    found = paced.admit(mixed, now())
    assert [one.address.partition("@")[2] for one in found.now] == [
        *[DOMAIN] * 5,
        *["other.example"] * 3,
        *["third.example"] * 4,
    ]
    assert len(found.later) == 15


def test_limits_are_shared_by_all_workers_and_the_tightest_counts(wired: web.Parts) -> None:
    one = pacer(wired, domain_per_hour=30, domain_per_minute=20, account_per_hour=40)
    other = pacer(wired, domain_per_hour=30, domain_per_minute=20, account_per_hour=40)
    assert (admitted(one, 15), admitted(other, 15)) == (15, 5)
    assert admitted(other, 15, "other.example") == 15
    assert admitted(one, 15, "third.example") == 5  # the account's hour is full


def test_places_of_mails_that_did_not_go_are_given_back(wired: web.Parts) -> None:
    paced = pacer(wired, domain_per_hour=10)
    assert admitted(paced, 10) == 10
    paced.give_back(some_due(4))
    assert admitted(paced, 10) == 4


def test_in_no_window_can_more_go_than_the_limit_says(
    wired: web.Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a minute that lasts 1.2 seconds, so that many of them can be looked at."""
    monkeypatch.setattr(pacing, "MINUTE", 1.2)
    paced = pacer(wired, domain_per_minute=6)
    went: list[float] = []
    began = time.monotonic()
    while time.monotonic() - began < 4.5:
        before = time.monotonic() - began
        went += [before] * admitted(paced, 2)
        time.sleep(0.02)
    for first in went:
        assert sum(first <= each < first + 1.1 for each in went) <= 6
    assert len(went) >= 18


def test_too_many_lowers_the_pace_of_that_domain_alone_and_it_grows_back(
    wired: web.Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced = pacer(wired)
    assert admitted(paced, 500) == 500  # off until a server throttles
    (message,) = some_due(1)
    said = Outcome(Verdict.DEFERRED, 450, "4.7.28", "too many messages")
    told = {message.message_id: said}
    for _ in range(5):  # many say so at once: it counts once
        paced.learn(told, {message.message_id: DOMAIN})
    assert admitted(paced, 500) == FIRST_SLOW
    assert admitted(paced, 500, "other.example") == 500
    monkeypatch.setattr(pacing, "ONCE_SECONDS", 0)
    paced.learn(told, {message.message_id: DOMAIN})
    assert admitted(paced, 500) == 0  # the half of it is used up
    monkeypatch.setattr(pacing, "REGAIN_SECONDS", 0.05)
    time.sleep(0.3)
    assert admitted(paced, 500) == 500
    assert paced.is_unlimited(DOMAIN)


def test_too_many_from_our_own_mail_server_slows_the_account(wired: web.Parts) -> None:
    paced = pacer(wired)
    (message,) = some_due(1)
    said = Outcome(Verdict.NOT_SENT, 421, "4.7.0", "too many connections", is_server_trouble=True)
    paced.learn({message.message_id: said}, {message.message_id: DOMAIN})
    assert admitted(paced, 500, "other.example") == FIRST_SLOW
    assert admitted(paced, 500) == 0


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Verdict.DEFERRED, 450, "4.2.2", "mailbox full"),
        Outcome(Verdict.DEFERRED, 451, "4.7.1", "greylisted, try again later"),
        Outcome(Verdict.REFUSED, 550, "5.1.1", "no such user"),
        Outcome(Verdict.NOT_SENT, None, None, "The mail server could not be reached."),
        Outcome(Verdict.ACCEPTED, 250, "2.0.0", "taken"),
    ],
    ids=lambda outcome: str(outcome.code),
)
def test_nothing_else_lowers_the_pace(wired: web.Parts, outcome: Outcome) -> None:
    paced = pacer(wired)
    (message,) = some_due(1)
    paced.learn({message.message_id: outcome}, {message.message_id: DOMAIN})
    assert paced.is_unlimited(DOMAIN)
    assert admitted(paced, 100) == 100


def test_without_redis_mail_goes_on_without_limits(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=30)
    nowhere = connect_redis(f"redis://127.0.0.1:{free_port()}/0")
    parts = replace(with_pace(wired, pace_domain_per_minute=10), redis=nowhere)
    deliver(parts, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 30}


def test_a_server_that_throttles_is_slowed_down_and_the_campaign_page_says_so(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=60)
    mailbox.answers |= dict.fromkeys(outbox.addresses, TOO_MANY)
    with transaction(wired.sessions, outbox.school.id) as session:
        for late in session.scalars(select(Message).offset(2)):
            late.next_attempt_at = now() + timedelta(hours=1)
    deliver(wired, outbox.school.id, MAKERS)
    mailbox.answers.clear()
    outbox.make_due()
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails["accepted"] == FIRST_SLOW
    page = signed_in(app, outbox.school, Role.CAREERS_LEADER)
    said = page.get(f"/staff/campaigns/{outbox.campaign_id}").text
    assert f"Slowed down for {DOMAIN}" in said
    assert "30 mails wait for their turn, until about" in said
    wired.redis.flushdb()  # the pace is forgotten, and nothing else
    with transaction(wired.sessions, outbox.school.id) as session:
        due = due_at_earliest(session, now())
    assert due is not None
    assert due < now() + timedelta(seconds=62)
    with transaction(wired.sessions, outbox.school.id) as session:
        one = session.scalars(select(Message).where(Message.reason == "paced").limit(1)).one()
        one.next_attempt_at = now()
    deliver(wired, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 60}


def test_the_event_says_which_account_took_the_mail(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=6)
    real = wired.settings.smtp_url
    both = f"smtp://127.0.0.1:{free_port()},{real}"
    parts = replace(wired, settings=replace(wired.settings, smtp_url=both))
    deliver(parts, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 6}
    with transaction(wired.sessions, outbox.school.id) as session:
        accounts = set(session.scalars(select(DeliveryEvent.account)))
    assert accounts == {real.removeprefix("smtp://")}
    mail_servers = [one for one in examine(parts) if one.part == "mail server"]
    assert [one.verdict.value for one in mail_servers] == ["wrong", "good"]
    assert "Mail goes by the other accounts that answer." in mail_servers[0].words
