"""One embedded PostgreSQL and one Redis for a whole test run, shared by its xdist workers.

A pytest plugin (`pytest_plugins = ["tests.parts"]`): the fixture `parts` starts both when a test
first asks, in a temporary folder, and they end with the run, on Ctrl-C too. What a killed run left
is cleared by the next. The database does not sync to disk: for tests only.

Its own asserts need no rewriting, and conftest imports it early: PYTEST_DONT_REWRITE.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import sql

from outreach.running import records
from outreach.running.embedded import start_database, stop_database
from outreach.running.launcher import write_record
from outreach.running.locks import hold
from outreach.running.places import places_of, remove_place, socket_folder
from outreach.running.postgres import OWNER, Postgres, postgres_of
from outreach.running.valkey import NAME as VALKEY
from outreach.running.valkey import Valkey, valkey_of

LOCK = "test-parts.lock"
FOLDER = pytest.StashKey[Path]()


@dataclass(frozen=True)
class Parts:
    """A running PostgreSQL and Redis. Each xdist worker has a Redis database number of its own."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    redis_url: str
    _numbers: Iterator[int] = field(default_factory=count)

    def database_url(self, name: str = OWNER) -> str:
        """As the service logs in: owns its database, may make roles, is no superuser."""
        return self.postgres.url(name)

    def superuser_url(self, name: str = OWNER) -> str:
        return self.postgres.url(name, role="postgres")

    def new_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of a template; returns its name."""
        name = f"test_{os.getpid()}_{next(self._numbers)}_{uuid4().hex[:6]}"
        self._create(name, template)
        return name

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """The name of a database that `fill(url)` filled, once in the whole run."""
        with hold(self.folder, LOCK, patience=120):
            if not self._has(name):
                draft = f"{name}_draft"
                self._drop(draft)
                self._create(draft, "template0")
                fill(self.database_url(draft))
                self._close_connections(draft)
                self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}"), draft, name)
        return name

    def drop_database(self, name: str) -> None:
        self._drop(name)

    def _create(self, name: str, template: str) -> None:
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}"), name, template, OWNER)

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)

    def _has(self, name: str) -> bool:
        with self.postgres.connect_as_superuser() as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            return found.rowcount == 1

    def _close_connections(self, name: str) -> None:
        with self.postgres.connect_as_superuser() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )

    def _run(self, statement: sql.SQL, *names: str) -> None:
        with self.postgres.connect_as_superuser() as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


def start_parts(folder: Path, *, redis_number: int = 0) -> Parts:
    """Start both in a folder, or use those that run there already."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold(folder, LOCK, patience=120):
        postgres = postgres_of(folder, is_throwaway=True)
        valkey = valkey_of(folder)
        if not postgres.is_ready():
            start_database(postgres, folder)
        if not valkey.is_ready():
            _start_valkey(valkey, folder)
    redis_url = valkey.url.replace("?db=0", f"?db={redis_number}")
    return Parts(folder, postgres, valkey, redis_url)


def stop_parts(folder: Path) -> None:
    """Stop what runs in a folder, and delete the folder and the database with it."""
    if record := records.read_record(folder, VALKEY):
        records.end(record, signal.SIGTERM, signal.SIGKILL, patience=5)
    if places_of(folder) or (folder / "postgres").exists():
        stop_database(postgres_of(folder, is_throwaway=True), folder)
    for place in places_of(folder):
        remove_place(place, folder)
    shutil.rmtree(socket_folder(folder), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def parts_of_their_own() -> Iterator[Parts]:
    """A PostgreSQL and a Redis that a test may kill."""
    folder = Path(tempfile.mkdtemp(prefix="outreach-own-parts-"))
    try:
        yield start_parts(folder)
    finally:
        stop_parts(folder)


@pytest.fixture(scope="session")
def parts(request: pytest.FixtureRequest) -> Parts:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return start_parts(request.config.stash[FOLDER], redis_number=int(worker) % 16)


def pytest_configure(config: pytest.Config) -> None:
    if workerinput := getattr(config, "workerinput", None):
        config.stash[FOLDER] = Path(workerinput["parts_folder"])
        return
    base = Path(tempfile.gettempdir()) / f"outreach-tests-{os.geteuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    with hold(base, LOCK, patience=120):
        for left in base.glob("run-*"):
            owner = records.read_record(left, "run")
            if owner is None or not owner.is_alive():
                stop_parts(left)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        (folder / records.RECORDS_FOLDER).mkdir()
        write_record(folder / records.RECORDS_FOLDER / "run.json", os.getpid())
    config.stash[FOLDER] = folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "object") -> None:
    """Called by xdist in the process that starts the workers."""
    config, workerinput = node.config, node.workerinput  # type: ignore[attr-defined]
    workerinput["parts_folder"] = str(config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if FOLDER in config.stash and not hasattr(config, "workerinput"):
        stop_parts(config.stash[FOLDER])


def _start_valkey(valkey: Valkey, folder: Path) -> None:
    with (folder / "valkey.log").open("wb") as output:
        process = records.start(valkey.program(), folder, output)
    assert records.wait_until(valkey.is_ready, 60), (folder / "valkey.log").read_text()
    process.returncode = 0  # it is ended by its record, perhaps by another process
