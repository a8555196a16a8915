"""The embedded PostgreSQL: made once, started as one process, reachable by its own user alone.

It listens on a socket in a folder of mode 0700 and nowhere else, and lets in (by the kernel's word
on who is calling, `peer`) only the user it runs as and, where that is a service user, root.
"""

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from outreach.errors import OutreachError
from outreach.running.places import Place, place_for, socket_folder
from outreach.running.postgres_binaries import binaries_for
from outreach.running.records import Program, ServiceUser
from outreach.running.service_user import service_user

NAME = "postgres"
SOCKET_LOCK = ".s.PGSQL.5432.lock"
OWNER = "outreach"
"""The log-in of DATABASE_URL: as in production it owns its database and may make roles,
and is no superuser, so that row-level security holds for it."""

INITDB = (
    "--username=postgres",
    "--auth=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
}
THROWAWAY_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For databases of tests only: a crash of the machine would ruin them."""


class DatabaseFault(OutreachError):
    """The embedded database cannot be made or started."""


@dataclass(frozen=True)
class Postgres:
    """One embedded server: its files, its programs, its user and its socket."""

    place: Place
    binaries: Path
    user: ServiceUser | None
    sockets: Path
    is_throwaway: bool = False

    def url(self, database: str = OWNER, role: str = OWNER) -> str:
        """A SQLAlchemy URL. Role `postgres` is the superuser, for tests and repairs."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql+psycopg://{role}@/{database}?host={host}"

    def program(self) -> Program:
        options = OPTIONS | (THROWAWAY_OPTIONS if self.is_throwaway else {})
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        command = (
            str(self.binaries / "postgres"),
            *("-D", str(self.place.database), "-k", str(self.sockets)),
            *settings,
        )
        return Program(
            name=NAME,
            command=command,
            environ=_environ(),
            folder=self.place.folder,
            user=self.user,
            stop_signal=signal.SIGINT,  # "fast shutdown": it does not wait for clients to leave
            kill_signal=signal.SIGQUIT,
            prepare=self.prepare,
        )

    def prepare(self) -> None:
        """Make the cluster at the first start; before each, clear locks that name a stranger."""
        if not self.place.database.exists():
            self._make_cluster()
        if self.running_pid() is None:
            for lock in (self.place.database / "postmaster.pid", self.sockets / SOCKET_LOCK):
                _clear_lock_of_a_stranger(lock)

    def running_pid(self) -> int | None:
        """The process id of the server that runs on these files, whoever started it."""
        try:
            lines = (self.place.database / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            is_ours = Path(process.cwd()) == self.place.database.resolve()
        except (FileNotFoundError, ValueError, IndexError, psutil.Error):
            return None
        return process.pid if is_ours else None

    def is_ready(self) -> bool:
        """Whether the server takes connections. Makes role and database if they are missing."""
        try:
            lines = (self.place.database / "postmaster.pid").read_text().splitlines()
            if len(lines) < 8 or lines[7].strip() != "ready":
                return False
            with self.connect_as_superuser() as connection:
                make_role_and_database(connection, OWNER)
        except (OSError, psycopg.OperationalError):
            return False
        return True

    def connect_as_superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets),
            user="postgres",
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _make_cluster(self) -> None:
        """Built beside and renamed, so that a killed first start leaves no half database."""
        draft = self.place.database.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        made = subprocess.run(  # noqa: S603 (the wheel's own program)
            [self.binaries / "initdb", *INITDB, *(["--no-sync"] * self.is_throwaway), "-D", draft],
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
            cwd=self.place.folder,
            env=_environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise DatabaseFault(
                f"The embedded database could not be made in {self.place.database}: "
                f"{made.stderr.strip() or made.stdout.strip()}"
            )
        callers = {pwd.getpwuid(os.geteuid()).pw_name} | ({self.user.name} if self.user else set())
        (draft / "pg_hba.conf").write_text("local all all peer map=outreach\n")
        (draft / "pg_ident.conf").write_text(
            "".join(f'outreach "{caller}" all\n' for caller in sorted(callers))
        )
        draft.rename(self.place.database)


def postgres_of(data_dir: Path, *, is_throwaway: bool = False) -> Postgres:
    """The embedded server of a DATA_DIR; makes its folders (and, as root, its user)."""
    user = service_user()
    place = place_for(data_dir, user)
    sockets = place.folder if user else socket_folder(data_dir)
    return Postgres(place, binaries_for(user, place.base), user, sockets, is_throwaway)


def make_role_and_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    role = sql.Identifier(OWNER)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]).rowcount:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB").format(role))
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(create.format(sql.Identifier(name), role))


def _clear_lock_of_a_stranger(lock: Path) -> None:
    """PostgreSQL clears a lock whose process is gone, but not one whose id was given anew.

    What a killed server left running is safe from this: it holds the shared memory, and PostgreSQL
    does not start before that is free.
    """
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if psutil.pid_exists(pid):
        lock.unlink(missing_ok=True)


def _environ() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
