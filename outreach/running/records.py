"""Which processes of a DATA_DIR live, and how to end them without ever hitting a stranger."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from outreach.running import launcher
from outreach.running.launcher import start_mark

RECORDS_FOLDER = "running"


@dataclass(frozen=True)
class ServiceUser:
    """The system user an embedded PostgreSQL runs as where we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """One process of the set: what to run, as whom, and how it is asked to end."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    user: ServiceUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True)
class Record:
    """A process this DATA_DIR started. `mark` tells it from a later process with the same id."""

    name: str
    pid: int
    mark: str

    def is_alive(self) -> bool:
        return start_mark(self.pid) == self.mark


def start(program: Program, data_dir: Path, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own: a Ctrl-C in the terminal reaches us alone."""
    if program.prepare:
        program.prepare()
    user = f"{program.user.uid}:{program.user.gid}" if program.user else "-"
    record = str(_record_path(data_dir, program.name))
    return subprocess.Popen(  # noqa: S603 (commands of ours, no shell)
        [sys.executable, "-I", launcher.__file__, record, user, *program.command],
        env=dict(program.environ),
        cwd=program.folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def record_self(data_dir: Path, name: str) -> None:
    """Put this very process on record."""
    launcher.write_record(_record_path(data_dir, name), os.getpid())


def read_record(data_dir: Path, name: str) -> Record | None:
    try:
        record = json.loads(_record_path(data_dir, name).read_text())
        return Record(name, int(record["pid"]), str(record["mark"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None


def read_records(data_dir: Path) -> list[Record]:
    """Every process on record, in the order of their names."""
    names = sorted(path.stem for path in (data_dir / RECORDS_FOLDER).glob("*.json"))
    return [record for name in names if (record := read_record(data_dir, name))]


def end(record: Record, stop: signal.Signals, kill: signal.Signals, patience: float) -> None:
    """Ask a recorded process to end, wait up to `patience` seconds, then kill it."""
    for sign, seconds in ((stop, patience), (kill, 5.0), (signal.SIGKILL, 5.0)):
        if not record.is_alive():
            return
        with suppress(ProcessLookupError):
            os.kill(record.pid, sign)
        if wait_until(lambda: not record.is_alive(), seconds):
            return


def end_all(records: list[Record], patience: float) -> None:
    """Ask several at once to end, then kill those that still live after `patience` seconds."""
    for record in records:
        if record.is_alive():
            with suppress(ProcessLookupError):
                os.kill(record.pid, signal.SIGTERM)
    wait_until(lambda: not any(record.is_alive() for record in records), patience)
    for record in records:
        end(record, signal.SIGKILL, signal.SIGKILL, 5.0)


def forget_record(data_dir: Path, name: str) -> None:
    _record_path(data_dir, name).unlink(missing_ok=True)


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def _record_path(data_dir: Path, name: str) -> Path:
    folder = data_dir / RECORDS_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.json"
