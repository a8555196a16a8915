"""`make run` as a whole: the service answers, its processes come back, the demo is loaded once."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from outreach.running.records import wait_until
from outreach.running.whole_set import DEMO_LOG_INS
from tests.failures.running_set import RunningSet

pytestmark = pytest.mark.failure
SERVICE = ["schedule", "web", "worker.1", "worker.2"]


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def test_the_service_runs_comes_back_after_kills_and_ends(set_dir: Path) -> None:
    port = free_port()
    running = RunningSet(set_dir, PORT=str(port))
    try:
        running.wait_until_ready()
        assert serves(port)
        assert f"http://127.0.0.1:{port}/" in running.text
        log_ins = (set_dir / DEMO_LOG_INS).read_text()
        assert log_ins.splitlines()[0].strip() in running.text
        for name in SERVICE:
            killed = running.record(name)
            os.kill(killed.pid, signal.SIGKILL)
            running.wait_until_replaced(killed)
        assert wait_until(lambda: serves(port), 60), running.text
        recorded = running.records()
        assert running.end() == 0
        assert not any(record.is_alive() for record in recorded)
    finally:
        running.end()
    again = RunningSet(set_dir, PORT=str(port))
    try:
        again.wait_until_ready()
        assert (set_dir / DEMO_LOG_INS).read_text() == log_ins
    finally:
        again.end()
