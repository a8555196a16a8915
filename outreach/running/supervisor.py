"""Keeps a set of processes running: starts them, starts again what dies, ends them together."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from outreach.errors import OutreachError
from outreach.running import records
from outreach.running.output import Output
from outreach.running.programs import Member

READY_WITHIN = 60.0
"""Seconds. Ten times what a busy machine takes; only a fault takes longer."""
END_WITHIN = 10.0
"""Seconds for the whole set, after which what still runs is killed."""
PARTS_NEED = 3.0
"""Seconds of END_WITHIN kept for the embedded parts, which end after those that use them."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 10.0
"""Seconds before a process that died is started again: doubled each time, up to the longest."""
SETTLED_AFTER = 30.0
"""Seconds of life after which a process counts as sound again, and its wait as new."""


class StartFault(OutreachError):
    """A member did not become ready."""


class Ended(BaseException):
    """Somebody asked the set to end (Ctrl-C, SIGTERM, a closed terminal) while it started."""


class Kept:
    """One member while it is kept running."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.next_wait = FIRST_WAIT
        self.start_at = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Of one DATA_DIR. All processes are started and ended by the thread that calls `keep`."""

    def __init__(self, data_dir: Path, output: Output) -> None:
        self._data_dir = data_dir
        self._output = output
        self._kept: list[Kept] = []
        self._is_ending = threading.Event()

    def listen_for_the_end(self) -> None:
        """Several signals mean the same as one: the terminal and `make` may both send one."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, lambda *_: self._is_ending.set())

    def start(self, members: Iterable[Member]) -> None:
        """Start members side by side and wait until all are ready."""
        newcomers = [Kept(member) for member in members]
        for kept in newcomers:
            self._kept.append(kept)
            self._start(kept)
        deadline = time.monotonic() + READY_WITHIN
        for kept in newcomers:
            while kept.member.is_ready and not (kept.is_running and kept.member.is_ready()):
                if time.monotonic() > deadline:
                    raise StartFault(
                        f"{kept.member.program.name} was not ready within {READY_WITHIN:.0f} "
                        "seconds. Its lines above say why."
                    )
                self._look_after()
                self.pause(0.05)

    def run_once(self, name: str, command: tuple[str, ...], environ: dict[str, str]) -> int:
        """Run a command to its end beside the set, and return its exit code."""
        process = subprocess.Popen(  # noqa: S603 (commands of ours, no shell)
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if process.stdout:
            self._output.follow(name, process.stdout)
        try:
            while process.poll() is None:
                self._look_after()
                self.pause(0.05)
        except Ended:
            process.terminate()
            process.wait()
            raise
        return process.returncode

    def keep(self) -> None:
        """Look after the set until it is asked to end."""
        try:
            while True:
                self._look_after()
                self.pause(0.1)
        except Ended:
            self._output.say("ending")

    def pause(self, seconds: float) -> None:
        """Raises Ended if the set was asked to end."""
        if self._is_ending.wait(seconds):
            raise Ended

    def end(self, parts: int) -> None:
        """End all in reverse order. The first `parts` members serve the others, and end last."""
        deadline = time.monotonic() + END_WITHIN
        self._end_together(self._kept[parts:][::-1], deadline - PARTS_NEED)
        for kept in self._kept[:parts][::-1]:
            self._end_together([kept], deadline)
        self._kept.clear()

    def _end_together(self, group: list[Kept], deadline: float) -> None:
        for kept in group:
            if kept.process and kept.is_running:
                kept.process.send_signal(kept.member.program.stop_signal)
        for kept in group:
            self._see_it_end(kept, deadline)
            records.forget_record(self._data_dir, kept.member.program.name)

    def _see_it_end(self, kept: Kept, deadline: float) -> None:
        if kept.process is None:
            return
        for sign, wait in (
            (kept.member.program.kill_signal, max(0.2, deadline - time.monotonic())),
            (signal.SIGKILL, 2.0),
        ):
            try:
                kept.process.wait(wait)
            except subprocess.TimeoutExpired:
                self._output.say("did not end in time: killed", kept.member.program.name)
                kept.process.send_signal(sign)
        kept.process.wait()

    def _look_after(self) -> None:
        now = time.monotonic()
        for kept in self._kept:
            if kept.is_running:
                continue
            if kept.process is not None:
                self._note_death(kept, kept.process.returncode, now)
            if now >= kept.start_at:
                self._start(kept)

    def _note_death(self, kept: Kept, code: int, now: float) -> None:
        if now - kept.started_at > SETTLED_AFTER:
            kept.next_wait = FIRST_WAIT
        kept.process = None
        kept.start_at = now + kept.next_wait
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        words = f"ended by {how}; started again in {kept.next_wait:g} s"
        self._output.say(words, kept.member.program.name)
        kept.next_wait = min(kept.next_wait * 2, LONGEST_WAIT)

    def _start(self, kept: Kept) -> None:
        program = kept.member.program
        kept.process = records.start(program, self._data_dir, subprocess.PIPE)
        kept.started_at = time.monotonic()
        if kept.process.stdout:
            self._output.follow(program.name, kept.process.stdout)
