"""What the failure tests of delivery work with: a mail server to slow down, workers to kill."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiosmtpd.controller import Controller

from outreach import web
from outreach.settings import PROJECT_ROOT
from tests.contract.catching import free_port
from tests.outbox import Outbox

PATIENCE = 60.0


@dataclass
class Taking:
    """Counts each body the moment it is whole, then waits before it answers."""

    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    port: int = field(default_factory=free_port)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.seen.update(envelope.rcpt_tos)
        await asyncio.sleep(self.seconds)
        return "250 taken"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def saw_nobody_twice(self) -> bool:
        return all(count == 1 for count in self.seen.values())

    def wired(self, wired: web.Parts) -> web.Parts:
        """The parts, with this as their mail server."""
        return replace(wired, settings=replace(wired.settings, smtp_url=self.url))


@contextmanager
def listening(server: Taking) -> Iterator[Taking]:
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


class Process:
    """`outreach worker` or `outreach schedule`, on the parts of the test."""

    def __init__(self, word: str, server: Taking) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "outreach", word],
            cwd=PROJECT_ROOT,
            env=os.environ | {"SMTP_URL": server.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def send(self, sign: signal.Signals) -> None:
        self._process.send_signal(sign)

    def kill(self) -> None:
        """It may be dead already; nothing of it is left for the next test."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def end(self) -> float:
        """Asked to end; how many seconds that took."""
        began = time.monotonic()
        self._process.terminate()
        self._process.wait(PATIENCE)
        return time.monotonic() - began


@contextmanager
def running(server: Taking, *words: str) -> Iterator[list[Process]]:
    processes = [Process(word, server) for word in words]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()


def wait_for(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def wait_until_settled(outbox: Outbox) -> None:
    """No mail waits or is under way."""
    moving = {"queued", "sending", "deferred"}
    wait_for(lambda: not moving & outbox.mails.keys(), f"mail still moves: {outbox.mails}")
