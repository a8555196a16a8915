"""One stream out of many processes: each line begins with the name of the process it came from."""

import sys
import threading
from contextlib import suppress
from typing import IO


class Output:
    """Lines of the set, whole and in the order they came. A closed terminal ends no process."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lock = threading.Lock()

    def say(self, words: str, name: str = "set") -> None:
        with self._lock, suppress(OSError, ValueError):
            for line in words.splitlines() or [""]:
                sys.stdout.write(f"{name:<{self._width}} | {line}\n")
            sys.stdout.flush()

    def say_plainly(self, words: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            sys.stdout.write(f"{words}\n")
            sys.stdout.flush()

    def follow(self, name: str, stream: IO[bytes]) -> None:
        """Pass on what a process writes, until it (and whatever it left behind) closes its end."""
        threading.Thread(target=self._pass_on, args=(name, stream), daemon=True).start()

    def _pass_on(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.say(line.decode(errors="replace").rstrip(), name)
