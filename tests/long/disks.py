"""A disk of one megabyte, full for as long as a test says. Needs root."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILLER = "filler"
"""No journal: the names of those are ids."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "small", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full_for(folder: Path) -> Iterator[None]:
    """For the block. What others give back meanwhile is taken at once."""
    filler, is_over = folder / FILLER, threading.Event()

    def fill() -> None:
        with filler.open("wb", buffering=0) as file:
            while not is_over.is_set():
                with suppress(OSError):
                    while file.write(bytes(4096)):
                        pass
                is_over.wait(0.002)

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        yield
    finally:
        is_over.set()
        filling.join()
        filler.unlink()
