"""What becomes of a campaign's mail under kills and outages, each with a line of the table.

LONG_MAILS and LONG_KILLS are the size of the great run, LONG_SMALL the mails of each other one.
"""

import os
import random
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns import recovering
from outreach.campaigns.launching import launch
from outreach.campaigns.models import Message
from outreach.campaigns.sending import CONNECTIONS
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.running.embedded import start_database, stop_database
from tests.long.counting_smtp import EVERY
from tests.long.processes import Processes
from tests.long.runs import Run, a_run
from tests.long.table import Row, judge, printed
from tests.outbox import draft, launched
from tests.parts import Parts as Embedded

MAILS = int(os.environ.get("LONG_MAILS", "20000"))
KILLS = int(os.environ.get("LONG_KILLS", "200"))
SMALL = int(os.environ.get("LONG_SMALL", "1000"))
WITHIN = 300.0
"""Seconds in which each of the small runs has to come to its end."""
HOUR = 3600.0


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n\n" + printed())


def test_kills(wired: web.Parts, tmp_path: Path) -> None:
    row, chance = Row("kill -9"), random.Random(20)
    outbox = launched(wired, pupils=MAILS)
    with a_run(outbox, tmp_path, seconds=0.1) as run:
        workers = run.start_set()
        for moment in sorted(chance.uniform(0.01, 0.85) * MAILS for _ in range(KILLS)):
            if not run.wait(int(moment)):
                break
            time.sleep(chance.uniform(0.0, 0.3))
            which = chance.randrange(2)
            workers[which] = run.processes.replace(workers[which], "worker")
            row.kills += 1
        run.settle()
        judge(run, row, most_unknown=CONNECTIONS * row.kills)
    assert row.kills == KILLS


@pytest.mark.parametrize(
    ("name", "seconds", "trouble", "most_unknown"),
    [
        ("SMTP cut in mid-DATA", 0.0, "cut", SMALL // EVERY),
        ("slow SMTP", 0.5, "none", 0),
        ("421 in mid-session", 0.0, "421", 0),
    ],
)
def test_mail_servers(
    wired: web.Parts, tmp_path: Path, name: str, seconds: float, trouble: str, most_unknown: int
) -> None:
    """Unknown is what was cut off, and nothing else: each other mail had a reply."""
    row, outbox = Row(name), launched(wired, pupils=SMALL)
    with a_run(outbox, tmp_path, seconds=seconds, trouble=trouble) as run:
        run.start_set()
        run.settle(WITHIN)
        judge(run, row, most_unknown=most_unknown)
    assert row.unknown > 0 or not most_unknown


def empty_redis(run: Run, _parts: Embedded) -> None:
    run.outbox.wired.redis.flushdb()


def restart_database(run: Run, parts: Embedded) -> None:
    """Every connection ends, and for two seconds there is nobody to connect to."""
    stop_database(parts.postgres, parts.folder)
    time.sleep(2)
    start_database(parts.postgres, parts.folder)
    run.outbox.wired.sessions.kw["bind"].dispose()


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("Redis emptied", empty_redis), ("database restarted", restart_database)],
)
def test_outages(
    wired: web.Parts,
    parts: Embedded,
    tmp_path: Path,
    name: str,
    trouble: Callable[[Run, Embedded], None],
) -> None:
    row, outbox = Row(name), launched(wired, pupils=SMALL)
    with a_run(outbox, tmp_path, seconds=0.2) as run:
        workers = run.start_set()
        assert run.wait(SMALL // 5)
        trouble(run, parts)
        start_again(run, workers)
        run.settle(WITHIN)
        judge(run, row, most_unknown=0)


def start_again(run: Run, workers: list[subprocess.Popen[bytes]]) -> None:
    """As a supervisor would: another worker for one that gave up."""
    for worker in workers:
        try:
            worker.wait(2.0)
        except subprocess.TimeoutExpired:
            continue
        run.processes.replace(worker, "worker")


def test_full_disk(wired: web.Parts, tmp_path: Path) -> None:
    """For five seconds no file of the workers may grow by a byte."""
    row, outbox = Row("disk full under the log"), launched(wired, pupils=SMALL)
    with a_run(outbox, tmp_path, seconds=0.2) as run:
        workers = run.start_set()
        assert run.wait(SMALL // 5)
        limit_files(workers, 0)
        time.sleep(2)  # what was intended before goes its way
        then = run.count
        time.sleep(3)
        assert run.count == then < SMALL, "mail left while no intent could be written"
        limit_files(workers, resource.RLIM_INFINITY)
        run.settle(WITHIN)
        judge(run, row, most_unknown=0)


def limit_files(workers: list[subprocess.Popen[bytes]], size: int) -> None:
    for worker in workers:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_two_sweeps(wired: web.Parts, tmp_path: Path) -> None:
    """A worker is killed; two schedules, and two sweeps that begin together, find what it left."""
    row, outbox = Row("two sweeps at once"), launched(wired, pupils=SMALL)
    with a_run(outbox, tmp_path, seconds=0.2) as run:
        workers = run.start_set()
        run.processes.start("schedule")
        assert run.wait(SMALL // 5)
        for worker in workers:
            worker.kill()
            worker.wait()
            row.kills += 1
        at_once([lambda: recovering.recover(wired)] * 2)
        for worker in workers:
            run.processes.replace(worker, "worker")
        run.settle(WITHIN)
        judge(run, row, most_unknown=CONNECTIONS * row.kills)


def test_two_launches(wired: web.Parts, tmp_path: Path) -> None:
    row, outbox = Row("two launches at once"), draft(wired, pupils=SMALL)
    refused: list[Refusal] = []

    def press() -> None:
        try:
            with transaction(wired.sessions, outbox.school.id) as session:
                launch(session, outbox.campaign_id, OPERATOR, now())
        except Refusal as refusal:
            refused.append(refusal)

    at_once([press] * 2)
    assert len(refused) == 1
    with a_run(outbox, tmp_path) as run:
        run.start_set()
        run.settle(WITHIN)
        judge(run, row, most_unknown=0)


def at_once(doing: list[Callable[[], object]]) -> None:
    together = threading.Barrier(len(doing))

    def begin(what: Callable[[], object]) -> None:
        together.wait()
        what()

    threads = [threading.Thread(target=begin, args=(what,)) for what in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_clock_back(wired: web.Parts, tmp_path: Path) -> None:
    """Both workers' clock is set an hour back in mid-run, and one of them is killed under it; the
    schedule's is right. The mail has waited for two hours, so that the wrong clock finds it due."""
    row, outbox = Row("our clock an hour back"), launched(wired, pupils=SMALL)
    with transaction(wired.sessions, outbox.school.id) as session:
        two_hours_ago = datetime.fromtimestamp(time.time() - 2 * HOUR, UTC)
        session.execute(update(Message).values(next_attempt_at=two_hours_ago))
    clock = tmp_path / "clock"
    clock.write_text("0")
    with (
        a_run(outbox, tmp_path, seconds=0.2, clock=clock) as run,
        Processes.running(**run.processes.settings) as right,
    ):
        right.start("schedule")
        workers = [run.processes.start("worker") for _ in range(2)]
        assert run.wait(SMALL // 5)
        set_clock(clock, -HOUR)
        assert run.wait(SMALL // 2)
        run.processes.replace(workers[0], "worker")
        row.kills = 1
        run.settle(WITHIN)
        judge(run, row, most_unknown=CONNECTIONS)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("night BST begins", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("night BST ends", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_nights(wired: web.Parts, tmp_path: Path, name: str, change: datetime) -> None:
    """The London clock jumps in mid-run, between "not now" and the next try of some mails."""
    row, clock = Row(name), tmp_path / "clock"
    draft_made = draft(wired, pupils=SMALL)
    set_clock(clock, (change - now()).total_seconds() - SMALL / 200)
    with transaction(wired.sessions, draft_made.school.id) as session:
        launch(session, draft_made.campaign_id, OPERATOR, at(clock))
    with a_run(
        draft_made, tmp_path, seconds=0.2, trouble="later", clock=clock, TZ="Europe/London"
    ) as run:
        run.start_set()
        assert at(clock) < change, "begun too late"
        run.settle(WITHIN)
        assert at(clock) > change, "over too early"
        judge(run, row, most_unknown=0)
    assert max(message.tries for message in draft_made.messages) == 2, "nothing was put off"


def set_clock(file: Path, seconds: float) -> None:
    """At once, so that nobody reads half of it."""
    draft_of_it = file.with_suffix(".new")
    draft_of_it.write_text(str(seconds))
    draft_of_it.rename(file)


def at(clock: Path) -> datetime:
    return datetime.fromtimestamp(time.time() + float(clock.read_text()), UTC)
