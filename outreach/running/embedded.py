"""The embedded database for one command alone, where no set of processes runs.

Who may stop it is settled by locks, which the kernel releases when their holder dies: every user
of the database shares one lock; starting and stopping happen under another.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from outreach.running import records
from outreach.running.launcher import start_mark
from outreach.running.locks import START_LOCK, USERS_LOCK, LockTaken, hold, is_held
from outreach.running.plan import parts_of
from outreach.running.postgres import NAME, DatabaseFault, Postgres
from outreach.running.records import wait_until
from outreach.settings import SET_LOCK, Settings

PATIENCE = 60.0
"""Seconds a start may take, making the database included, on a machine that is busy."""


@contextmanager
def database_for_command(settings: Settings) -> Iterator[Settings]:
    """Give settings whose database answers, for as long as the block runs.

    With DATABASE_URL given, or while `make run` runs, nothing is started. Otherwise the database
    is started, and stopped again by the last of the commands that use it at the same time.
    Redis is not started: what rings it must bear that nobody answers (the sweep finds the work).
    Raises DatabaseFault, NoPlace or NoServiceUser.
    """
    if not settings.is_embedded_database:
        yield _with_planned_rest(settings)
        return
    data_dir = settings.data_dir
    with ExitStack() as using:
        with hold_start(data_dir):
            parts = parts_of(settings)
            if parts.postgres is None:
                raise DatabaseFault("This DATA_DIR has no embedded database.")
            using.callback(_stop_if_unused, parts.postgres, data_dir, os.getpid())
            using.enter_context(hold(data_dir, USERS_LOCK, is_shared=True, patience=PATIENCE))
        _answer(parts.postgres, data_dir)
        yield parts.complete(settings)


@contextmanager
def hold_start(data_dir: Path) -> Iterator[None]:
    """One start or stop of the database of a DATA_DIR at a time."""
    try:
        with hold(data_dir, START_LOCK, patience=PATIENCE):
            yield
    except LockTaken as taken:
        raise DatabaseFault(
            f"Another command has been starting the database of {data_dir} for {PATIENCE:.0f} "
            "seconds. Wait until it ends, or end it, then try again."
        ) from taken


def stop_database(postgres: Postgres, data_dir: Path) -> None:
    """Stop whatever server runs on these files, recorded or not."""
    program = postgres.program()
    if pid := postgres.running_pid():
        mark = start_mark(pid)
        if mark:
            record = records.Record(NAME, pid, mark)
            records.end(record, program.stop_signal, program.kill_signal, patience=10.0)
    records.forget_record(data_dir, NAME)


def _with_planned_rest(settings: Settings) -> Settings:
    if settings.is_embedded_redis or settings.is_embedded_mail:
        return parts_of(settings).complete(settings)
    return replace(settings)


def _answer(postgres: Postgres, data_dir: Path) -> None:
    """See to it that the database answers. A running set starts its own: then only wait."""
    if is_held(data_dir, SET_LOCK):
        if not wait_until(postgres.is_ready, PATIENCE):
            raise DatabaseFault(
                f"The set of processes of {data_dir} runs, but its database does not answer. "
                "Look at what it printed, or end it and try again."
            )
        return
    with hold_start(data_dir):
        if postgres.running_pid() is None:
            start_database(postgres, data_dir)
        elif not wait_until(postgres.is_ready, PATIENCE):
            raise DatabaseFault(f"The database of {data_dir} runs but does not answer.")


def start_database(postgres: Postgres, data_dir: Path) -> None:
    """Start the server detached from this process, and wait until it answers."""
    log = data_dir / "postgres.log"
    with log.open("wb") as output:
        process = records.start(postgres.program(), data_dir, output)
    is_up = wait_until(lambda: process.poll() is not None or postgres.is_ready(), PATIENCE)
    if not is_up or process.poll() is not None:
        if process.poll() is None:
            stop_database(postgres, data_dir)
        last_words = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise DatabaseFault(f"The embedded database of {data_dir} did not start:\n{last_words}")
    _leave_to_itself(process)


def _leave_to_itself(process: subprocess.Popen[bytes]) -> None:
    """It may outlive this process on purpose; Popen would warn about that when collected."""
    process.returncode = 0


def _stop_if_unused(postgres: Postgres, data_dir: Path, opener: int) -> None:
    if os.getpid() != opener:
        return  # a forked child leaves the block; the process that opened it still needs it
    with hold_start(data_dir):
        if is_held(data_dir, SET_LOCK):
            return
        try:
            with hold(data_dir, USERS_LOCK, patience=0):
                stop_database(postgres, data_dir)
        except LockTaken:
            return
