"""Locks between processes of one DATA_DIR. The kernel lets go of them when a process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_LOCK = "database-start.lock"
"""Held while the embedded database is started or stopped."""
USERS_LOCK = "database-users.lock"
"""Shared by everything that uses the embedded database; whoever gets it alone may stop it."""


class LockTaken(Exception):
    """Somebody else holds the lock and did not let go in time."""


@contextmanager
def hold(data_dir: Path, name: str, *, is_shared: bool = False, patience: float) -> Iterator[None]:
    """Hold a lock of this DATA_DIR. Raises LockTaken after `patience` seconds of waiting.

    The handle is not passed on to other programs, but is shared with forked children.
    """
    handle = os.open(data_dir / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX, patience)
        yield
    finally:
        os.close(handle)


def is_held(data_dir: Path, name: str) -> bool:
    try:
        with hold(data_dir, name, is_shared=True, patience=0):
            return False
    except LockTaken:
        return True


def _take(handle: int, mode: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            if time.monotonic() >= deadline:
                raise LockTaken from taken
            time.sleep(0.05)
        else:
            return
