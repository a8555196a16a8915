"""A running set as a test sees it: started as `make run` starts it, read, killed, ended."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from outreach.running.records import Record, read_record, read_records, wait_until
from outreach.settings import PROJECT_ROOT, SETTINGS, Settings, load

PATIENCE = 120.0


class RunningSet:
    """One `python -m outreach.running`, with the embedded parts and no more unless told."""

    def __init__(
        self, data_dir: Path, *arguments: str, user: int | None = None, **given: str
    ) -> None:
        self.data_dir = data_dir
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "outreach.running", *arguments],
            env=environ_for(data_dir, **given),
            user=user,
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            self.lines.extend(iter(stream.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def settings(self) -> Settings:
        return load({"DATA_DIR": str(self.data_dir)})

    def wait_until_ready(self) -> None:
        wait_until(lambda: "Ready after" in self.text or self.process.poll() is not None, PATIENCE)
        assert "Ready after" in self.text, self.text

    def record(self, name: str) -> Record:
        record = read_record(self.data_dir, name)
        assert record, f"{name} is not on record"
        return record

    def records(self) -> list[Record]:
        return read_records(self.data_dir)

    def wait_until_replaced(self, killed: Record) -> None:
        assert wait_until(lambda: self.record(killed.name) != killed, PATIENCE), self.text

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def end(self, sign: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.wait()


def environ_for(data_dir: Path, **given: str) -> dict[str, str]:
    names = {row.name for row in SETTINGS}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return inherited | {"DATA_DIR": str(data_dir)} | given


@contextmanager
def running_parts(data_dir: Path) -> Iterator[RunningSet]:
    running = RunningSet(data_dir, "--only", "parts")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.end()


def query(database_url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
