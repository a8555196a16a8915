"""Whoever runs it: root's folders keep their permissions, others' users reach nothing of ours."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.running import postgres_binaries
from outreach.running.embedded import database_for_command
from outreach.running.forgetting import forget
from outreach.running.places import NoPlace, places_of, remove_place
from outreach.running.postgres import postgres_of
from outreach.settings import PROJECT_ROOT, load
from tests.failures.running_set import RunningSet, environ_for, query

pytestmark = pytest.mark.failure
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")


def modes_above(*paths: Path) -> dict[Path, int]:
    folders = {folder for path in paths for folder in (path, *path.resolve().parents)}
    return {folder: stat.S_IMODE(folder.stat().st_mode) for folder in folders if folder.is_dir()}


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder like root's home: nobody else may enter."""
    folder = Path(tempfile.mkdtemp(prefix="outreach-closed-"))
    yield folder
    forget(folder / "data")
    shutil.rmtree(folder)


@only_root
def test_no_existing_folder_is_opened_for_the_service_user(
    closed_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where that user can reach neither DATA_DIR nor the wheel."""
    wheel = postgres_binaries.find_binaries()
    package = closed_folder / wheel.parent.parent.name
    install = package / wheel.parent.name
    shutil.copytree(wheel.parent, install, symlinks=True)
    libraries = wheel.parent.parent.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, closed_folder / libraries.name, symlinks=True)
    monkeypatch.setattr(postgres_binaries, "find_binaries", lambda: install / "bin")
    watched = (closed_folder, install, install / "bin", wheel, Path("/var/lib"), Path("/var/tmp"))
    before = modes_above(*watched)
    settings = load({"DATA_DIR": str(closed_folder / "data")})
    with database_for_command(settings) as used:
        server = postgres_of(settings.data_dir)
        assert not server.binaries.is_relative_to(closed_folder)
        assert query(used.database_url, "SELECT 1") == [(1,)]
    after = modes_above(*watched)
    assert after == before
    assert before[closed_folder] == 0o700


@only_root
def test_the_database_is_open_to_its_own_user_and_root_alone(closed_folder: Path) -> None:
    settings = load({"DATA_DIR": str(closed_folder / "data")})
    with database_for_command(settings) as used:
        server = postgres_of(settings.data_dir)
        assert server.user
        assert stat.S_IMODE(server.place.folder.stat().st_mode) == 0o700
        assert server.place.folder.stat().st_uid == server.user.uid
        as_nobody = subprocess.run(
            [server.binaries / "psql", "-h", server.sockets, "-U", "outreach", "-c", "SELECT 1"],
            user=pwd.getpwnam("nobody").pw_uid,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert as_nobody.returncode != 0
        assert "Permission denied" in as_nobody.stderr
        assert query(used.database_url, "SHOW listen_addresses") == [("",)]


@only_root
def test_a_copied_folder_does_not_open_the_database_of_the_original(closed_folder: Path) -> None:
    original, copy = closed_folder / "data", closed_folder / "copy"
    with database_for_command(load({"DATA_DIR": str(original)})) as used:
        query(used.database_url, "CREATE TABLE kept ()")
    shutil.copytree(original, copy)
    with database_for_command(load({"DATA_DIR": str(copy)})) as used:
        assert query(used.database_url, "SELECT to_regclass('kept')") == [(None,)]
    forget(copy)
    with database_for_command(load({"DATA_DIR": str(original)})) as used:
        assert query(used.database_url, "SELECT to_regclass('kept')") == [("kept",)]


@only_root
def test_a_moved_folder_keeps_its_database(closed_folder: Path) -> None:
    moved = closed_folder / "moved"
    with database_for_command(load({"DATA_DIR": str(closed_folder / "data")})) as used:
        query(used.database_url, "CREATE TABLE kept ()")
    (closed_folder / "data").rename(moved)
    with database_for_command(load({"DATA_DIR": str(moved)})) as used:
        assert query(used.database_url, "SELECT to_regclass('kept')") == [("kept",)]
    forget(moved)
    assert places_of(moved) == []


@only_root
def test_a_place_that_is_not_of_this_folder_is_not_deleted(closed_folder: Path) -> None:
    with database_for_command(load({"DATA_DIR": str(closed_folder / "data")})):
        [place] = places_of(closed_folder / "data")
    for folder, data_dir in ((place, closed_folder / "other"), (closed_folder, closed_folder)):
        with pytest.raises(NoPlace, match="left alone"):
            remove_place(folder, data_dir)
        assert folder.exists()


def test_a_data_dir_with_a_long_path_works(closed_folder: Path) -> None:
    long = closed_folder / ("long" * 30)
    settings = load({"DATA_DIR": str(long)})
    with database_for_command(settings) as used:
        assert query(used.database_url, "SELECT 1") == [(1,)]
        assert len(used.redis_url) < 100
    forget(long)


def reachable_python() -> str | None:
    """A Python that any user may run and that has what this one has installed."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        tried = subprocess.run(
            [
                "/usr/bin/env",
                "-i",
                f"PYTHONPATH={python_path()}",
                python,
                "-c",
                "import outreach.running.__main__",
            ],
            user=pwd.getpwnam("nobody").pw_uid,
            cwd="/",
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return python
    return None


def python_path() -> str:
    return os.pathsep.join([str(PROJECT_ROOT), sysconfig.get_path("purelib")])


@only_root
def test_an_ordinary_user_runs_it_too(closed_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the whole suite, which runs as whoever started it."""
    python = reachable_python()
    if python is None:
        pytest.skip("no Python here that an ordinary user can reach")
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="outreach-nobody-"))
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setattr(sys, "executable", python)
    try:
        running = RunningSet(home / "data", "--only", "parts", user=nobody.pw_uid)
        running.wait_until_ready()
        server = running.record("postgres")
        assert (home / "data/postgres").stat().st_uid == nobody.pw_uid
        assert not places_of(home / "data")
        assert running.end() == 0
        assert not server.is_alive()
        done = subprocess.run(
            [python, "-m", "outreach.running", "--forget"],
            env=environ_for(home / "data"),
            user=nobody.pw_uid,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(home)
