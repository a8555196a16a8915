"""The set of processes: ends together, starts again what dies, and clears up after a kill -9."""

import os
import signal
import smtplib
import socket
import subprocess
import time
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis

from outreach.running.forgetting import forget
from outreach.running.launcher import write_record
from outreach.running.records import RECORDS_FOLDER, read_records, wait_until
from tests.failures.running_set import RunningSet, query, running_parts

pytestmark = pytest.mark.failure
PARTS = ["mailbox", "postgres", "practice", "valkey"]


def answers(running: RunningSet, name: str) -> bool:
    settings = running.settings
    try:
        if name == "postgres":
            return query(settings.database_url, "SELECT 1") == [(1,)]
        if name == "valkey":
            with redis.Redis.from_url(settings.redis_url) as client:
                return bool(client.ping())
        if name == "practice":
            return b"Wonde" in urlopen(settings.wonde_url.removesuffix("wonde"), timeout=5).read()
        port = int(settings.smtp_url.partition("?")[0].rpartition(":")[2])
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=5):
            return True
    except Exception:
        return False


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_set_starts_and_ends_together(set_dir: Path, sign: signal.Signals) -> None:
    with running_parts(set_dir) as running:
        recorded = [record for record in running.records() if record.name != "supervisor"]
        assert [record.name for record in recorded] == PARTS
        assert all(answers(running, name) for name in PARTS)
        assert running.end(sign) == 0
        assert not any(record.is_alive() for record in recorded)
        assert running.records() == []


def test_a_part_that_is_killed_is_started_again(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        for name in PARTS:
            killed = running.record(name)
            os.kill(killed.pid, signal.SIGKILL)
            running.wait_until_replaced(killed)
            assert wait_until(partial(answers, running, name), 60), running.text
        assert "ended by signal 9; started again in" in running.text


def test_what_a_killed_supervisor_left_is_ended_and_nothing_saved_is_lost(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        query(running.settings.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        with redis.Redis.from_url(running.settings.redis_url) as client:
            client.set("kept", "7")
            client.execute_command("WAITAOF", 1, 0, 5000)
        left = [record for record in running.records() if record.name != "supervisor"]
        ports = running.settings.smtp_url
        running.end(signal.SIGKILL)
        assert all(record.is_alive() for record in left)
    with running_parts(set_dir) as running:
        assert not any(record.is_alive() for record in left)
        assert running.settings.smtp_url == ports
        assert query(running.settings.database_url, "SELECT number FROM kept") == [(7,)]
        with redis.Redis.from_url(running.settings.redis_url) as client:
            assert client.get("kept") == b"7"


def test_a_stranger_with_a_recycled_process_id_is_left_alone(set_dir: Path) -> None:
    with running_parts(set_dir):
        pass
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        record = set_dir / RECORDS_FOLDER / "valkey.json"
        write_record(record, stranger.pid)
        record.write_text(record.read_text().replace('"mark": "', '"mark": "before '))
        with running_parts(set_dir):
            assert stranger.poll() is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_set_on_the_same_folder_is_refused(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        second = RunningSet(set_dir, "--only", "parts")
        assert second.wait() == 1
        assert "already runs" in second.text
        assert "DATA_DIR" in second.text
        assert all(answers(running, name) for name in PARTS)


def test_two_folders_run_side_by_side(set_dir: Path) -> None:
    other = set_dir.with_name("other")
    with running_parts(set_dir) as one, running_parts(other) as two:
        assert one.settings.smtp_url != two.settings.smtp_url
        query(one.settings.database_url, "CREATE TABLE only_here ()")
        assert query(two.settings.database_url, "SELECT to_regclass('only_here')") == [(None,)]
    forget(other)


def test_a_part_that_will_not_end_is_killed_in_time(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        stuck = running.record("valkey")
        os.kill(stuck.pid, signal.SIGSTOP)
        started = time.monotonic()
        assert running.end() == 0
        assert not stuck.is_alive()
        assert time.monotonic() - started < 30


def test_a_port_in_use_is_named_before_anything_starts(set_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = RunningSet(set_dir, PORT=str(port))
        assert running.wait() == 1
    assert f"PORT {port} is in use by another program" in running.text
    assert read_records(set_dir) == []


def test_a_port_taken_meanwhile_is_chosen_again(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        before = running.settings.smtp_url
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(before.partition("?")[0].rpartition(":")[2])))
        taken.listen()
        with running_parts(set_dir) as running:
            assert running.settings.smtp_url != before
            assert answers(running, "mailbox")


def test_a_wrong_setting_stops_the_start_with_one_sentence(set_dir: Path) -> None:
    running = RunningSet(set_dir, PUBLIC_URL="https://questionnaires.school.example")
    assert running.wait() == 1
    assert running.text.startswith("PUBLIC_URL is not on this machine, so SECRET_KEYS")
    assert "Traceback" not in running.text


def test_the_mailbox_keeps_what_is_sent_to_it(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        port = int(running.settings.smtp_url.partition("?")[0].rpartition(":")[2])
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as smtp:
            smtp.sendmail("a@b.example", ["p@school.example"], "Subject: Kept\r\n\r\nHello\r\n")
        [path] = (set_dir / "mailbox").glob("*.eml")
        assert b"X-Envelope-To: p@school.example\r\nSubject: Kept" in path.read_bytes()
