"""The intent journal: what a worker was about to hand over, on its own disk (Law 8).

One append-only file per claim, in DATA_DIR/journal. Its owner holds a lock on it (flock) from
before the claim is committed until everything is recorded, so a free lock means a dead owner.

Lines are written by one write(2) each and not synced: what kill -9 leaves, the kernel keeps. A
machine that goes down may lose lines, so a journal of an earlier boot is not trusted to be whole.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Self
from uuid import UUID

import psutil

from outreach.mail.outcomes import Outcome, Verdict

FOLDER = "journal"
_DRAFT = ".draft"
_CLAIM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Other files of the folder (a network disk leaves some) are nobody's journal."""


class Journal:
    """Held by the worker whose claim it is. Appending is safe from several threads."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def begin(cls, data_dir: Path, claim_id: UUID, school_id: UUID) -> Self:
        """Locked before it has its name: nobody ever finds it without its owner."""
        folder = data_dir / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / str(claim_id)
        draft = path.with_suffix(_DRAFT)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        handle = os.open(draft, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            journal = cls(path, handle)
            journal._append("claim", str(school_id), boot_mark())
            draft.rename(path)
        except OSError:  # a full disk: it is tried again and again, so nothing may be left of it
            os.close(handle)
            draft.unlink(missing_ok=True)
            raise
        return journal

    def intend(self, message_id: UUID) -> None:
        """Before the first byte of a body leaves."""
        self._append("intent", str(message_id))

    def record(self, message_id: UUID, outcome: Outcome) -> None:
        self._append("outcome", str(message_id), json.dumps(asdict(outcome)))

    def let_go(self) -> None:
        """Leave it to whoever recovers: the database could not be told."""
        os.close(self._handle)

    def finish(self) -> None:
        """Everything in it is recorded in the database."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)

    def _append(self, *words: str) -> None:
        line = (" ".join(words) + "\n").encode()
        if os.write(self._handle, line) != len(line):
            raise OSError("the intent journal was written only in part")


@dataclass(frozen=True)
class Left:
    """What a dead owner left. `is_whole`: no line of it can be missing."""

    claim_id: UUID
    school_id: UUID
    is_whole: bool
    intents: frozenset[UUID] = frozenset()
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)


@contextlib.contextmanager
def take_over(data_dir: Path, claim_id: UUID) -> Iterator[Left | None]:
    """A journal whose owner is dead, held for the block; None where it lives or there is none."""
    path = data_dir / FOLDER / str(claim_id)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        with os.fdopen(handle, "rb", closefd=False) as file:
            left = _read(claim_id, file.read())
        if left is None:
            # Lost with its machine's memory: the claim's lease and grace decide now.
            path.unlink(missing_ok=True)
        yield left
    finally:
        os.close(handle)


def journals(data_dir: Path) -> list[UUID]:
    """Of claims whose owner lives, and of those whose owner died."""
    try:
        names = [entry.name for entry in os.scandir(data_dir / FOLDER)]
    except FileNotFoundError:
        return []
    return [UUID(name) for name in names if _CLAIM.fullmatch(name)]


def discard(data_dir: Path, claim_id: UUID) -> None:
    """Everything in it is in the database. Only inside `take_over`."""
    (data_dir / FOLDER / str(claim_id)).unlink(missing_ok=True)


def clear_drafts(data_dir: Path, older_than: float) -> None:
    """Of processes that died between making a journal and naming it. `older_than`: Unix time."""
    for draft in (data_dir / FOLDER).glob(f"*{_DRAFT}"):
        with contextlib.suppress(FileNotFoundError):
            if draft.stat().st_mtime < older_than:
                draft.unlink()


def has_journal(data_dir: Path, claim_id: UUID) -> bool:
    return (data_dir / FOLDER / str(claim_id)).exists()


def _read(claim_id: UUID, content: bytes) -> Left | None:
    """A line that cannot be read was cut off (disk full): what stood there is not known."""
    lines = [line.split(" ", 2) for line in content.decode("utf-8", "replace").split("\n")]
    try:
        _, school_id, boot = lines[0]
        owner, is_whole = UUID(school_id), boot == boot_mark() and lines[-1] == [""]
    except ValueError:
        return None
    intents: set[UUID] = set()
    outcomes: dict[UUID, Outcome] = {}
    for line in lines[1:-1]:
        try:
            word, message_id, *more = line
            if word == "outcome":
                outcomes[UUID(message_id)] = _outcome(more[0])
            else:
                intents.add(UUID(message_id))
        except (ValueError, LookupError, TypeError):
            is_whole = False
    return Left(claim_id, owner, is_whole, frozenset(intents), outcomes)


def _outcome(text: str) -> Outcome:
    found = json.loads(text)
    return Outcome(**(found | {"verdict": Verdict(found["verdict"])}))


@cache
def boot_mark() -> str:
    """The same from the machine's start to its end."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"
