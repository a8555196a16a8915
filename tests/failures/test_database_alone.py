"""The database that a command starts for itself: shared, stopped by the last, never pulled away."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from outreach.running.embedded import database_for_command
from outreach.running.postgres import postgres_of
from outreach.running.records import read_record, wait_until
from outreach.settings import load
from tests.failures.running_set import RunningSet, environ_for, query, running_parts

pytestmark = pytest.mark.failure

HOLD_IT = """
import os, sys
from outreach.running.embedded import database_for_command
from outreach.settings import load
with database_for_command(load(os.environ)) as settings:
    print("up", flush=True)
    sys.stdin.read()
"""


def hold_database(data_dir: Path) -> subprocess.Popen[str]:
    """A command that uses the database until its stdin is closed."""
    command = subprocess.Popen(
        [sys.executable, "-c", HOLD_IT],
        env=environ_for(data_dir),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout
    assert command.stdout.readline() == "up\n"
    return command


def let_go(command: subprocess.Popen[str]) -> None:
    command.communicate(timeout=60)
    assert command.returncode == 0


def test_a_command_alone_has_a_database_and_leaves_none_running(set_dir: Path) -> None:
    settings = load({"DATA_DIR": str(set_dir)})
    with database_for_command(settings) as used:
        assert query(used.database_url, "SELECT current_user") == [("outreach",)]
        assert used.redis_url.startswith("unix://")
        assert used.smtp_url.startswith("smtp://127.0.0.1:")
    assert postgres_of(set_dir).running_pid() is None


def test_commands_at_the_same_time_share_one_database_until_the_last_ends(set_dir: Path) -> None:
    first, second = hold_database(set_dir), hold_database(set_dir)
    server = postgres_of(set_dir)
    shared = server.running_pid()
    let_go(first)
    assert server.running_pid() == shared is not None
    let_go(second)
    assert server.running_pid() is None


def test_many_commands_that_start_at_once_agree(set_dir: Path) -> None:
    settings = load({"DATA_DIR": str(set_dir)})
    counted: list[object] = []

    def count() -> None:
        with database_for_command(settings) as used:
            counted.extend(query(used.database_url, "SELECT 1"))

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert counted == [(1,)] * 6
    assert postgres_of(set_dir).running_pid() is None


def test_a_killed_command_leaves_a_database_that_the_next_one_uses_and_stops(
    set_dir: Path,
) -> None:
    command = hold_database(set_dir)
    server = postgres_of(set_dir)
    left = server.running_pid()
    command.kill()
    command.communicate()
    assert server.running_pid() == left is not None
    let_go(hold_database(set_dir))
    assert server.running_pid() is None


def test_a_database_killed_in_its_first_moments_starts_again_whole(set_dir: Path) -> None:
    settings = load({"DATA_DIR": str(set_dir)})
    with database_for_command(settings) as used:
        query(used.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        pid = postgres_of(set_dir).running_pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
    with database_for_command(settings) as used:
        assert query(used.database_url, "SELECT number FROM kept") == [(7,)]


def test_a_command_uses_the_running_set_and_leaves_it_running(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        before = running.record("postgres")
        let_go(hold_database(set_dir))
        assert running.record("postgres") == before
        assert before.is_alive()


def test_a_command_waits_for_a_database_that_the_set_is_starting_again(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        killed = running.record("postgres")
        os.kill(killed.pid, signal.SIGKILL)
        let_go(hold_database(set_dir))
        assert wait_until(lambda: read_record(set_dir, "postgres") != killed, 60)


def test_a_set_waits_for_a_command_and_does_not_cut_it_off(set_dir: Path) -> None:
    command = hold_database(set_dir)
    running = RunningSet(set_dir, "--only", "parts")
    try:
        assert not wait_until(lambda: running.process.poll() is not None, 2)
        assert postgres_of(set_dir).running_pid()
        let_go(command)
        running.wait_until_ready()
    finally:
        command.kill()
        running.end()
