"""The whole set on one machine: ends what an earlier one left, starts all, says where to go."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from outreach.errors import OutreachError
from outreach.running import records
from outreach.running.embedded import hold_start, stop_database
from outreach.running.locks import USERS_LOCK, LockTaken, hold
from outreach.running.output import Output
from outreach.running.plan import Parts, is_free, parts_of
from outreach.running.postgres import NAME as POSTGRES
from outreach.running.postgres import Postgres
from outreach.running.programs import (
    command_of_service,
    embedded_members,
    environ_of_service,
    service_members,
)
from outreach.running.supervisor import Ended, Supervisor
from outreach.settings import SET_LOCK, Settings, keep_given

SUPERVISOR = "supervisor"
DEMO_LOG_INS = "demo-logins.txt"


class CannotRun(OutreachError):
    """The set cannot start; the words say what stands in the way and the mend."""


@dataclass(frozen=True)
class Run:
    """One run of the set: what every step of it needs."""

    settings: Settings
    environ: Mapping[str, str]
    only_parts: bool
    supervisor: Supervisor
    output: Output
    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def run_set(settings: Settings, environ: Mapping[str, str], *, only_parts: bool) -> int:
    """Run until asked to end. Raises CannotRun, and what the parts raise when they cannot start."""
    data_dir = settings.data_dir
    output = Output(width=len("worker.1"))
    supervisor = Supervisor(data_dir, output)
    supervisor.listen_for_the_end()
    run = Run(settings, environ, only_parts, supervisor, output, time.monotonic())
    try:
        with hold(data_dir, SET_LOCK, patience=1.0):
            end_left_over(data_dir)
            keep_given(data_dir, environ)
            parts = take_database_over(settings)
            if not only_parts:
                _require_free_port(settings)
            records.record_self(data_dir, SUPERVISOR)
            _run(run, parts)
    except LockTaken as taken:
        raise CannotRun(
            f"A set of processes already runs on {data_dir}. Use that one, or end it with Ctrl-C "
            "where it runs. A second copy needs a DATA_DIR and a PORT of its own."
        ) from taken
    return 0


def end_left_over(data_dir: Path) -> None:
    """End what a set that was killed left running, the database aside. Needs SET_LOCK."""
    left = [record for record in records.read_records(data_dir) if record.name != POSTGRES]
    parts = [record for record in left if record.name in ("valkey", "mailbox", "practice")]
    records.end_all([record for record in left if record not in parts], patience=7.0)
    records.end_all(parts, patience=5.0)
    for record in left:
        records.forget_record(data_dir, record.name)


def take_database_over(settings: Settings) -> Parts:
    """Plan the parts, with no server running on the database's files. Needs SET_LOCK.

    A command that uses the database by itself is waited for, and never cut off.
    """
    parts = parts_of(settings, may_move=True)
    if parts.postgres:
        free_database(parts.postgres, settings.data_dir)
    return parts


def free_database(postgres: Postgres, data_dir: Path) -> None:
    with hold_start(data_dir):
        try:
            with hold(data_dir, USERS_LOCK, patience=10.0):
                stop_database(postgres, data_dir)
        except LockTaken as taken:
            raise CannotRun(
                f"A command of outreach is using the database in {data_dir}. "
                "Wait until it ends, or end it, then try again."
            ) from taken


def _require_free_port(settings: Settings) -> None:
    host = urlsplit(settings.public_url).hostname
    address = "0.0.0.0" if settings.is_public else "::1" if host == "::1" else "127.0.0.1"  # noqa: S104
    if not is_free(settings.port, address):
        raise CannotRun(
            f"PORT {settings.port} is in use by another program. End that program, "
            f"or choose another port: PORT={settings.port + 1} make run"
        )


def _run(run: Run, parts: Parts) -> None:
    members = embedded_members(run.settings, parts, run.environ)
    try:
        run.supervisor.start(members)
        run.output.say(f"{len(members)} embedded parts ready after {run.seconds:.1f} s")
        if not run.only_parts:
            _prepare_database(run)
            run.supervisor.start(service_members(run.settings, run.environ))
        run.output.say_plainly(_notice(run, parts))
        run.supervisor.keep()
    except Ended:
        run.output.say("ending")
    finally:
        run.supervisor.end(parts=len(members))
        records.forget_record(run.settings.data_dir, SUPERVISOR)


def _prepare_database(run: Run) -> None:
    settings, supervisor = run.settings, run.supervisor
    environ = environ_of_service(settings, run.environ)
    if supervisor.run_once("upgrade", command_of_service("db", "upgrade"), environ):
        raise CannotRun("The database could not be brought up to date. The lines above say why.")
    may_show_demo = settings.is_embedded_database and not settings.is_public
    if may_show_demo and not (settings.data_dir / DEMO_LOG_INS).exists():
        supervisor.run_once("demo", command_of_service("demo"), environ)


def _notice(run: Run, parts: Parts) -> str:
    settings = run.settings
    lines = ["", f"Ready after {run.seconds:.1f} seconds."]
    if not run.only_parts:
        lines.append(f"  Service    {settings.public_url}/")
    if settings.is_embedded_mail:
        lines.append(f"  Mailbox    {parts.mailbox_url}  (nothing in it left this machine)")
    if settings.is_practice_sources:
        words = "(practice Wonde, Xporter and OneRoster, with made-up pupils)"
        lines.append(f"  Systems    {parts.practice_url}  {words}")
    lines.append(f"  Commands   DATA_DIR={settings.data_dir} .venv/bin/outreach --help")
    log_ins = settings.data_dir / DEMO_LOG_INS
    if log_ins.exists() and not run.only_parts:
        lines += ["", f"Log-ins of the demo school (kept in {log_ins}):"]
        lines += [f"  {line}" for line in log_ins.read_text(encoding="utf-8").splitlines()]
    return "\n".join([*lines, "", "Ctrl-C ends everything; what was saved stays.", ""])
