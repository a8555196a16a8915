"""One run of a campaign's mail: the service's processes, and a mail server that counts."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from outreach.settings import PROJECT_ROOT
from tests.contract.catching import free_port
from tests.long.processes import Processes
from tests.outbox import Outbox

PATIENCE = 3600.0
"""Seconds for the whole of a run; the one with the kills is long."""
MOVING = {"queued", "sending", "deferred"}
SET = ("schedule", "worker", "worker")


@dataclass
class Run:
    outbox: Outbox
    log: Path
    processes: Processes
    began: float = field(default_factory=time.monotonic)

    def start_set(self) -> list[subprocess.Popen[bytes]]:
        """The schedule and two workers; the workers are given back."""
        return [self.processes.start(word) for word in SET][1:]

    def taken(self) -> list[list[str]]:
        """Message-ID and recipient of each mail that the server has."""
        return [line.split() for line in self.log.read_text().splitlines()]

    @property
    def count(self) -> int:
        return self.log.read_bytes().count(b"\n")

    def wait(self, count: int) -> bool:
        """Until the server took so many. False where nothing is left to wait for."""
        looks = 0
        while self.count < count:
            time.sleep(0.02)
            looks += 1
            if looks % 50 == 0 and not self._moves():
                return False
        return True

    def settle(self, patience: float = PATIENCE) -> None:
        """Until every pupil has a mail, and no mail waits or is under way."""
        deadline = time.monotonic() + patience
        while self._moves():
            assert time.monotonic() < deadline, f"mail still moves: {self.outbox.mails}"
            time.sleep(0.3)

    def _moves(self) -> bool:
        mails = self.outbox.mails
        is_written = sum(mails.values()) >= len(self.outbox.addresses)
        return not is_written or bool(MOVING & mails.keys())


@contextmanager
def a_run(
    outbox: Outbox,
    folder: Path,
    *,
    seconds: float = 0.0,
    trouble: str = "none",
    clock: Path | None = None,
    **settings: str,
) -> Iterator[Run]:
    """`seconds` before the server says that it took a mail, `trouble` as counting_smtp has it."""
    log, port = folder / "taken", free_port()
    log.touch()
    words = [str(port), str(log), str(seconds), trouble]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.long.counting_smtp", *words], cwd=PROJECT_ROOT
    )
    given = settings | {"SMTP_URL": f"smtp://127.0.0.1:{port}"}
    try:
        with Processes.running(clock=str(clock) if clock else None, **given) as processes:
            yield Run(outbox, log, processes)
    finally:
        server.kill()
        server.wait()
