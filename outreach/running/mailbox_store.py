"""The demo mailbox's mails: one .eml file each under DATA_DIR/mailbox, the newest kept."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from itertools import islice
from pathlib import Path

KEPT = 5_000
TO_HEADER = "X-Envelope-To"
FROM_HEADER = "X-Envelope-From"


@dataclass(frozen=True)
class Mail:
    """One row of the list. `to` is where the mail was really sent (the SMTP envelope)."""

    id: str
    to: str
    subject: str
    received_at: datetime


class MailStore:
    """Mails on disk, their rows in memory; safe for the threads of one process."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept = kept
        self._lock = threading.Lock()
        self._count = 0
        self._rows: deque[Mail] = deque()
        for path in sorted(folder.glob("*.eml")):
            self._append(_read_row(path.stem, path.read_bytes()))

    def add(self, sender: str, recipients: list[str], content: bytes) -> Mail:
        envelope = f"{FROM_HEADER}: {sender}\r\n{TO_HEADER}: {', '.join(recipients)}\r\n"
        content = envelope.encode() + content
        with self._lock:
            self._count += 1
            name = f"{time.time_ns():020d}-{self._count:06d}"
            draft = self._folder / f"{name}.draft"
            draft.write_bytes(content)
            draft.rename(self._folder / f"{name}.eml")
            row = _read_row(name, content)
            self._append(row)
        return row

    def find(self, to: str = "", skip: int = 0, limit: int = 50) -> tuple[list[Mail], int]:
        """Newest first: one page of the mails whose recipient holds `to`, and how many in all."""
        wanted = to.strip().casefold()
        with self._lock:
            rows = [row for row in reversed(self._rows) if wanted in row.to.casefold()]
        return list(islice(rows, skip, skip + limit)), len(rows)

    def read(self, mail_id: str) -> tuple[Mail, EmailMessage, bytes] | None:
        with self._lock:
            row = next((row for row in self._rows if row.id == mail_id), None)
        if row is None:
            return None
        try:
            content = (self._folder / f"{row.id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return row, message_from_bytes(content, policy=policy.default), content

    def _append(self, row: Mail) -> None:
        self._rows.append(row)
        while len(self._rows) > self._kept:
            (self._folder / f"{self._rows.popleft().id}.eml").unlink(missing_ok=True)


def _read_row(mail_id: str, content: bytes) -> Mail:
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(content)
    received_at = datetime.fromtimestamp(int(mail_id.partition("-")[0]) / 1e9, UTC)
    subject = _decode(str(headers.get("Subject", "")))
    return Mail(mail_id, str(headers.get(TO_HEADER, "")), subject, received_at)


def _decode(header: str) -> str:
    try:
        return str(policy.default.header_factory("Subject", header))
    except Exception:
        return header
