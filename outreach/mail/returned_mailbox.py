"""Mail of an IMAP mailbox (RFC 3501), one after the other, and each put away once it is dealt with.

The mailbox itself keeps the place: what was dealt with is deleted, what is left for a person is
marked as seen, and only what is neither is fetched. Nothing is marked by looking at it.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from enum import Enum
from urllib.parse import unquote, urlsplit

LONGEST = 256 * 1024
"""Octets of one mail that are fetched: what tells about a bounce stands first."""
SECONDS = 30.0
IMAP_PORT, IMAPS_PORT = 143, 993
DEFAULT_FOLDER = "INBOX"

ENVELOPE_HEADERS = (
    *("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to"),
    *("x-rcpt-to", "to", "cc"),
)
"""Where mail servers write whom a mail came to, the surest first. None is a proof of anything."""
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[a-zA-Z0-9.-]{1,255}")
_MOST_ADDRESSES = 50


class MailboxTrouble(Exception):
    """The mailbox cannot be used now. Its words name no address."""


class Put(Enum):
    """What becomes of a mail in the mailbox."""

    AWAY = r"\Deleted"
    ASIDE = r"\Seen"  # left for a person to read


@dataclass(frozen=True)
class Waiting:
    uid: str
    raw: bytes = field(repr=False)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whom it may have come to."""
        return addressees(self.raw)


def addressees(raw: bytes) -> tuple[str, ...]:
    headers = BytesHeaderParser().parsebytes(raw[:LONGEST])
    found = (
        address
        for name in ENVELOPE_HEADERS
        for value in headers.get_all(name, [])
        for address in _ADDRESS.findall(str(value)[:2000])
    )
    return tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]


class Mailbox:
    """An open mailbox. Raises MailboxTrouble, whatever goes wrong with it."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def waiting(self) -> Iterator[Waiting]:
        """What is neither put away nor aside, the oldest first."""
        for uid in self._uids():
            with _in_words("a mail could not be fetched"):
                _, found = self._server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)")
            raw = next((part[1] for part in found if isinstance(part, tuple)), None)
            if raw is not None:  # else somebody else took it away meanwhile
                yield Waiting(uid, raw)

    def put(self, mail: Waiting, where: Put) -> None:
        with _in_words("a mail could not be marked"):
            kind, _ = self._server.uid("STORE", mail.uid, "+FLAGS.SILENT", f"({where.value})")
        if kind != "OK":
            raise MailboxTrouble("The mailbox does not let its mail be marked.")

    def sweep(self) -> None:
        """What was put away is gone for good."""
        with _in_words("mail could not be deleted"):
            self._server.expunge()

    def _uids(self) -> list[str]:
        with _in_words("the mailbox could not be searched"):
            kind, found = self._server.uid("SEARCH", "UNSEEN", "UNDELETED")
        if kind != "OK":
            raise MailboxTrouble("The mailbox could not be searched.")
        return [uid.decode() for uid in (found[0] or b"").split()]


@contextmanager
def open_mailbox(url: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """`imaps://user:password@host[:port][/FOLDER]`; `imap://` is not encrypted. The certificate is
    checked against the system's authorities, or SSL_CERT_FILE where that is set."""
    parts = urlsplit(url)
    host, folder = parts.hostname or "", unquote(parts.path.strip("/")) or DEFAULT_FOLDER
    with _in_words("the mail server could not be reached"):
        if parts.scheme == "imaps":
            context = tls or ssl.create_default_context()
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, parts.port or IMAPS_PORT, ssl_context=context, timeout=SECONDS
            )
        else:
            server = imaplib.IMAP4(host, parts.port or IMAP_PORT, timeout=SECONDS)
    try:
        with _in_words("the mail server did not accept user name and password"):
            server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        with _in_words("the folder could not be opened"):
            kind, _ = server.select(_quoted(folder))
        if kind != "OK":
            raise MailboxTrouble("There is no such folder in the mailbox.")
        yield Mailbox(server)
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            server.logout()


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Never the server's own: they can hold the user name, or a mail."""
    try:
        yield
    except (imaplib.IMAP4.error, OSError) as fault:
        raise MailboxTrouble(f"{what.capitalize()} ({type(fault).__name__}).") from None
