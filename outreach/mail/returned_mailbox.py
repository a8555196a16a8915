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
_UID = re.compile(rb"\bUID (\d+)")


class MailboxTrouble(Exception):
    """The mailbox cannot be used now. Its words name no address."""


class MailTrouble(MailboxTrouble):
    """One mail cannot be fetched or marked; the others may. `is_cut_off`: the connection went with it."""

    def __init__(self, words: str, *, is_cut_off: bool = False) -> None:
        super().__init__(words)
        self.is_cut_off = is_cut_off


class Put(Enum):
    """What becomes of a mail in the mailbox."""

    AWAY = r"\Deleted"
    ASIDE = r"\Seen"  # left for a person to read
    BROKEN = r"\Seen \Flagged"  # we could not read it: left for a person, with a mark


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

    def waiting(self) -> list[str]:
        """The numbers (UIDs) of what is neither put away nor aside, the oldest first."""
        with _in_words("the mailbox could not be searched"):
            kind, found = self._server.uid("SEARCH", "UNSEEN", "UNDELETED")
        if kind != "OK":
            raise MailboxTrouble("The mailbox could not be searched.")
        words = b" ".join(line for line in found if isinstance(line, bytes)).split()
        return [uid.decode() for uid in sorted({one for one in words if one.isdigit()}, key=int)]

    def fetch(self, uid: str) -> Waiting | None:
        """None where it has gone meanwhile. Raises MailTrouble."""
        with _about_one("a mail could not be fetched"):
            kind, found = self._server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)")
        if kind != "OK":
            raise MailTrouble("A mail could not be fetched.")
        told = [part for part in found if part is not None]
        if not told:
            return None
        raw = next(
            (part[1] for part in told if isinstance(part, tuple) and _is_of(uid, part)), None
        )
        if not isinstance(raw, bytes):
            raise MailTrouble("A mail came in no form that we know.")
        return Waiting(uid, raw)

    def put(self, uid: str, where: Put) -> None:
        """Raises MailTrouble."""
        with _about_one("a mail could not be marked"):
            kind, _ = self._server.uid("STORE", uid, "+FLAGS.SILENT", f"({where.value})")
        if kind != "OK":
            raise MailTrouble("The mailbox does not let its mail be marked.")

    def sweep(self) -> None:
        """What was put away is gone for good."""
        with _in_words("mail could not be deleted"):
            self._server.expunge()


def _is_of(uid: str, part: tuple[bytes, ...]) -> bool:
    """Servers tell of other mails too where they like. One that names no number answers our question."""
    named = _UID.search(part[0])
    return named is None or named[1] == uid.encode()


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
        with suppress(Exception):  # whatever it says, we are leaving
            server.logout()
        with suppress(Exception):  # else a connection that broke stays open
            server.shutdown()


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Never the server's own: they can hold the user name, or a mail. What imaplib stumbles over, in a
    reply that is none, is of many kinds."""
    try:
        yield
    except Exception as fault:
        raise MailboxTrouble(f"{what.capitalize()} ({type(fault).__name__}).") from None


@contextmanager
def _about_one(what: str) -> Iterator[None]:
    """“BAD” is about one command; after whatever else went wrong nobody knows where the server is."""
    try:
        yield
    except Exception as fault:
        is_answer = isinstance(fault, imaplib.IMAP4.error)
        is_cut_off = not is_answer or isinstance(fault, imaplib.IMAP4.abort)
        words = f"{what.capitalize()} ({type(fault).__name__})."
        raise MailTrouble(words, is_cut_off=is_cut_off) from None
