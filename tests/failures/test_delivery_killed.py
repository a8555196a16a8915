"""Workers killed, stopped and doubled: every mail in one true state, none handed over twice."""

import signal

import pytest

from outreach import web
from outreach.campaigns.sending import CONNECTIONS
from tests.failures.delivering import (
    Taking,
    listening,
    running,
    wait_for,
    wait_until_settled,
)
from tests.failures.forked import forked_workers
from tests.outbox import Outbox, launched

pytestmark = pytest.mark.failure

KILLS = 10


def told_truly(outbox: Outbox, server: Taking) -> bool:
    """Accepted means that the server has it; what it does not have is at most unknown."""
    counts = outbox.mails
    accepted, unknown = counts.get("accepted", 0), counts.get("unknown", 0)
    return accepted + unknown == len(outbox.addresses) and (
        accepted <= len(server.seen) <= accepted + unknown
    )


def test_ten_kills_lose_no_mail_and_send_none_twice(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=300)
    with (
        listening(Taking(seconds=0.1)) as server,
        running(server, "schedule"),
        forked_workers(server.url, 2) as workers,
    ):
        for number in range(KILLS):
            goal = len(server.seen) + 10
            wait_for(lambda goal=goal: len(server.seen) >= goal, "nothing was sent")
            workers[number % 2].kill_and_replace()
        wait_until_settled(outbox)
    assert server.saw_nobody_twice
    assert told_truly(outbox, server)
    assert 1 <= outbox.mails["unknown"] <= CONNECTIONS * KILLS


def test_two_workers_on_one_school_send_nothing_twice(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=300)
    with listening(Taking(seconds=0.02)) as server, running(server, "worker", "worker", "schedule"):
        wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 300}
    assert server.saw_nobody_twice


def test_a_worker_that_was_stopped_and_comes_back_sends_nothing_twice(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=40)
    with (
        listening(Taking(seconds=0.3)) as server,
        running(server, "worker", "schedule") as (stopped, _),
    ):
        wait_for(lambda: len(server.seen) >= 8, "nothing was sent")
        stopped.send(signal.SIGSTOP)
        with running(server, "worker"):
            server.seconds = 0.0
            stopped.send(signal.SIGCONT)
            wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 40}
    assert server.saw_nobody_twice


def test_a_worker_asked_to_end_does_so_soon_and_gives_back_what_it_holds(
    wired: web.Parts,
) -> None:
    outbox = launched(wired, pupils=60)
    with listening(Taking(seconds=1.0)) as server, running(server, "schedule"):
        with running(server, "worker") as (worker,):
            wait_for(lambda: len(server.seen) >= 8, "nothing was sent")
            assert worker.end() < 10.0
        assert outbox.mails.keys() == {"accepted", "queued"}
        server.seconds = 0.0
        with running(server, "worker"):
            wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 60}
    assert server.saw_nobody_twice


def test_a_worker_that_must_end_while_the_mail_server_hangs_leaves_those_mails_unknown(
    wired: web.Parts,
) -> None:
    outbox = launched(wired, pupils=30)
    with listening(Taking(seconds=30.0)) as server, running(server, "schedule"):
        with running(server, "worker") as (worker,):
            wait_for(lambda: len(server.seen) >= CONNECTIONS, "nothing was sent")
            assert worker.end() < 10.0
        server.seconds = 0.0
        with running(server, "worker"):
            wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 30 - CONNECTIONS, "unknown": CONNECTIONS}
    assert server.saw_nobody_twice
