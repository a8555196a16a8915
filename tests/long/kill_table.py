"""The table of `make test-long`: what becomes of a campaign's mail under kills and outages.

LONG_MAILS and LONG_KILLS make the great run smaller; LONG_SMALL is the size of each other run.
"""

import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.launching import launch
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.sending import CONNECTIONS
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.pupils.models import PupilAddress
from outreach.settings import PROJECT_ROOT
from tests.contract.catching import free_port
from tests.outbox import Outbox, draft, launched

MAILS = int(os.environ.get("LONG_MAILS", "20000"))
KILLS = int(os.environ.get("LONG_KILLS", "200"))
SMALL = int(os.environ.get("LONG_SMALL", "1000"))
HOURS = 3600.0
MOVING = {"queued", "sending", "deferred"}


@dataclass
class Row:
    scenario: str
    mails: int = 0
    kills: int = 0
    accepted: int = 0
    unknown: int = 0
    doubled: int = 0
    lost: int = 0
    seconds: float = 0.0


ROWS: list[Row] = []


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    reporter: Any = request.config.pluginmanager.get_plugin("capturemanager")
    with reporter.global_and_fixture_disabled():
        names = list(Row.__dataclass_fields__)
        print("\n" + f"{names[0]:<24}" + "".join(f"{name:>10}" for name in names[1:]))
        for row in ROWS:
            cells = [getattr(row, name) for name in names[1:]]
            print(f"{row.scenario:<24}" + "".join(f"{cell:>10.0f}" for cell in cells))


@dataclass
class Run:
    """Processes on the parts of the test, and a mail server that counts."""

    outbox: Outbox
    log: Path
    port: int
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, word: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "outreach", word],
            cwd=PROJECT_ROOT,
            env=os.environ | {"SMTP_URL": f"smtp://127.0.0.1:{self.port}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.others.append(process)
        return process

    def taken(self) -> list[list[str]]:
        return [line.split() for line in self.log.read_text().splitlines()]

    def wait(self, count: int) -> bool:
        """Until the server took so many. False where nothing is left to wait for."""
        looks = 0
        while self.log.read_bytes().count(b"\n") < count:
            time.sleep(0.02)
            looks += 1
            if looks % 50 == 0 and not MOVING & self.outbox.mails.keys():
                return False
        return True

    def settle(self) -> None:
        deadline = time.monotonic() + HOURS
        while MOVING & self.outbox.mails.keys():
            assert time.monotonic() < deadline, f"mail still moves: {self.outbox.mails}"
            time.sleep(0.5)


@contextmanager
def a_run(
    outbox: Outbox, folder: Path, *, seconds: float = 0.0, trouble: str = "none"
) -> Iterator[Run]:
    run = Run(outbox, folder / "taken", free_port())
    run.log.touch()
    words = [str(run.port), str(run.log), str(seconds), trouble]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.long.counting_smtp", *words], cwd=PROJECT_ROOT
    )
    try:
        yield run
    finally:
        for process in [*run.others, server]:
            process.kill()
            process.wait()


def judge(run: Run, row: Row, *, most_unknown: int) -> None:
    """Puts the row on the table first, so that a bad one is seen there too."""
    taken = run.taken()
    ids = Counter(message_id for message_id, _ in taken)
    received = {recipient for _, recipient in taken}
    with transaction(run.outbox.wired.sessions, run.outbox.school.id) as session:
        found = session.execute(
            select(PupilAddress.address, Message.state)
            .join(Invitation, Invitation.pupil_id == PupilAddress.pupil_id)
            .join(Message, Message.invitation_id == Invitation.id)
        ).all()
    states = {address: state.value for address, state in found}
    counts = Counter(states.values())
    row.mails, row.accepted, row.unknown = len(found), counts["accepted"], counts["unknown"]
    row.doubled = sum(count - 1 for count in ids.values())
    told = {address for address, state in states.items() if state == "accepted"}
    row.lost = len(told - received) + row.mails - row.accepted - row.unknown
    ROWS.append(row)
    assert row.mails == len(states) == len(run.outbox.addresses), "a message too many, or too few"
    assert row.doubled == 0
    assert row.lost == 0
    assert {address for address, state in states.items() if state == "unknown"} | told >= received
    assert len(received) == len(taken), "somebody was written to twice"
    assert row.unknown <= most_unknown


def test_kills(wired: web.Parts, tmp_path: Path) -> None:
    row, chance = Row("kill -9"), random.Random(20)
    outbox = launched(wired, pupils=MAILS)
    began = time.monotonic()
    with a_run(outbox, tmp_path, seconds=0.1) as run:
        run.start("schedule")
        workers = [run.start("worker"), run.start("worker")]
        for moment in sorted(chance.uniform(0.01, 0.85) * MAILS for _ in range(KILLS)):
            if not run.wait(int(moment)):
                break
            time.sleep(chance.uniform(0.0, 0.3))
            which = chance.randrange(2)
            workers[which].kill()
            workers[which].wait()
            row.kills += 1
            workers[which] = run.start("worker")
        run.settle()
        row.seconds = time.monotonic() - began
        judge(run, row, most_unknown=CONNECTIONS * row.kills)
    assert row.kills == KILLS


@pytest.mark.parametrize(
    ("name", "seconds", "trouble", "is_told"),
    [
        ("SMTP cut in mid-DATA", 0.0, "cut", False),
        ("slow SMTP", 0.5, "none", True),
        ("421 in mid-session", 0.0, "421", True),
    ],
)
def test_mail_servers(
    wired: web.Parts, tmp_path: Path, name: str, seconds: float, trouble: str, is_told: bool
) -> None:
    """`is_told`: the server's replies leave nothing unknown."""
    row, outbox = Row(name), launched(wired, pupils=SMALL)
    began = time.monotonic()
    with a_run(outbox, tmp_path, seconds=seconds, trouble=trouble) as run:
        for word in ("schedule", "worker", "worker"):
            run.start(word)
        run.settle()
        row.seconds = time.monotonic() - began
        judge(run, row, most_unknown=0 if is_told else SMALL // 20)


def empty_redis(run: Run, _owner: Engine) -> None:
    run.outbox.wired.redis.flushdb()


def close_database(_run: Run, owner: Engine) -> None:
    """Every connection is cut, and for two seconds none is let in."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT 0"))
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        time.sleep(2)
        connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT -1"))


def fill_disk(run: Run, _owner: Engine) -> None:
    """No file of the workers may grow beyond 2 KB, for three seconds."""
    workers = [process for process in run.others if process.poll() is None]
    for size in (2048, resource.RLIM_INFINITY):
        for process in workers:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        time.sleep(3)


def second_sweep(run: Run, _owner: Engine) -> None:
    run.start("schedule")


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("Redis emptied", empty_redis),
        ("database away", close_database),
        ("disk full", fill_disk),
        ("two sweeps at once", second_sweep),
    ],
)
def test_outages(
    wired: web.Parts,
    owner_engine: Engine,
    tmp_path: Path,
    name: str,
    trouble: Callable[[Run, Engine], None],
) -> None:
    row, outbox = Row(name), launched(wired, pupils=SMALL)
    began = time.monotonic()
    with a_run(outbox, tmp_path, seconds=0.2) as run:
        for word in ("schedule", "worker", "worker"):
            run.start(word)
        assert run.wait(SMALL // 10)
        trouble(run, owner_engine)
        wired.sessions.kw["bind"].dispose()
        for _ in range(2):
            run.start("worker")  # as the supervisor would, should the first two have given up
        run.settle()
        row.seconds = time.monotonic() - began
        judge(run, row, most_unknown=2 * CONNECTIONS)


def test_two_launches(wired: web.Parts, tmp_path: Path) -> None:
    row, outbox = Row("two launches at once"), draft(wired, pupils=SMALL)
    began, both = time.monotonic(), threading.Barrier(2)

    def press() -> None:
        both.wait()
        try:
            with transaction(wired.sessions, outbox.school.id) as session:
                launch(session, outbox.campaign_id, OPERATOR, now())
        except Refusal:
            pass  # the other was first

    pressing = [threading.Thread(target=press) for _ in range(2)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()
    with a_run(outbox, tmp_path) as run:
        for word in ("schedule", "worker", "worker"):
            run.start(word)
        assert run.wait(SMALL)
        run.settle()
        row.seconds = time.monotonic() - began
        judge(run, row, most_unknown=0)
