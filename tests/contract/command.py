"""The command line, as an operator types it: words in, exit code and output out."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds, on a machine that has other things to do."""


@dataclass
class Outreach:
    program: Path
    environ: Mapping[str, str]

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.program, *words],
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def run(self, *words: str, code: int = 0) -> str:
        done = self.call(*words)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def refuse(self, *words: str, code: int = 1) -> str:
        """It must refuse; the reason it gives on stderr."""
        done = self.call(*words)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr
        return done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words))

    def status(self, campaign: str) -> dict[str, Any]:
        """The counts of a campaign, which must add up at every moment."""
        now: dict[str, Any] = self.json("campaign", "status", campaign, "--json")
        check_counts(now)
        return now


def check_counts(status: dict[str, Any]) -> None:
    audience = status["audience"]
    asked = audience["asked"]
    assert asked == audience["mailable"] + sum(audience["excluded"].values()), status
    assert asked == sum(status["invitations"].values()), status


def wait_for(
    happened: Callable[[], Any], what: str, seconds: float = PATIENCE, every: float = 1.0
) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s for {what}")
