"""`make run` as a whole: the service answers, its processes come back, the demo is loaded once."""

import os
import signal
import urllib.request
from pathlib import Path

import psutil
import pytest

from outreach.running.records import wait_until
from outreach.running.whole_set import DEMO_LOG_INS
from tests.contract.catching import catch_mail, free_port
from tests.failures.running_set import RunningSet
from tests.parts import Parts

pytestmark = pytest.mark.failure
SERVICE = ["schedule", "web", "worker.1", "worker.2"]


def serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def listened_on(running: RunningSet) -> set[str]:
    """The network addresses at which any process of the set can be reached."""
    recorded = [psutil.Process(record.pid) for record in running.records()]
    processes = {*recorded, *(child for one in recorded for child in one.children(recursive=True))}
    return {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_the_service_runs_comes_back_after_kills_and_ends(set_dir: Path) -> None:
    port = free_port()
    running = RunningSet(set_dir, PORT=str(port))
    try:
        running.wait_until_ready()
        assert serves(port)
        assert f"http://127.0.0.1:{port}/" in running.text
        assert listened_on(running) == {"127.0.0.1"}
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


def test_with_every_part_given_none_is_started_and_no_demo_is_loaded(
    set_dir: Path, parts: Parts
) -> None:
    port, database = free_port(), parts.new_database()
    given = {"DATABASE_URL": parts.database_url(database), "REDIS_URL": parts.redis_url}
    with catch_mail() as catcher:
        running = RunningSet(set_dir, PORT=str(port), SMTP_URL=catcher.url, **given)
        try:
            running.wait_until_ready()
            assert serves(port)
            assert sorted(record.name for record in running.records()) == sorted(
                ["supervisor", *SERVICE]
            )
            assert not (set_dir / DEMO_LOG_INS).exists()
        finally:
            running.end()
    parts.drop_database(database)
