"""Processes of the service on the parts of a test, ended by it whatever happens."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from outreach.settings import PROJECT_ROOT


@dataclass
class Processes:
    """`settings` stand beside those of the environment. With `clock`, the file that says how many
    seconds the service's clock is off."""

    settings: dict[str, str]
    clock: str | None = None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        module = ["outreach"] if self.clock is None else ["tests.long.other_clock", self.clock]
        process = subprocess.Popen(
            [sys.executable, "-m", *module, *words],
            cwd=PROJECT_ROOT,
            env=os.environ | self.settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def replace(self, killed: subprocess.Popen[bytes], *words: str) -> subprocess.Popen[bytes]:
        """Kill -9, and another in its place."""
        killed.kill()
        killed.wait()
        self.started.remove(killed)
        return self.start(*words)

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()

    @classmethod
    @contextmanager
    def running(cls, *, clock: str | None = None, **settings: str) -> Iterator[Self]:
        processes = cls(settings, clock)
        try:
            yield processes
        finally:
            processes.end()
