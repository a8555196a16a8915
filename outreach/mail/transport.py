"""Hands mails over on one kept SMTP connection; a body at most once, its fate always stated.

Law 8: the caller's intent is written after the server asked for the body (354) and before its
first byte leaves. From then on only the final reply can tell what became of the mail.
"""

import contextlib
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from outreach.mail.addresses import scrub, sendable
from outreach.mail.opening import ServerTrouble, open_line
from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.smtp_url import SmtpServer
from outreach.mail.wire import Line, LineTrouble, Reply, ServerSlow

_LONGEST_WORDS = 300
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_QUIT_SECONDS = 1.0

# Replies about us (unknown or unexpected command, log in first, encrypt first), whoever the
# recipient is: RFC 5321 §4.2.3, RFC 4954 §6.
_ABOUT_US = frozenset({500, 502, 503, 504, 530, 534, 535, 538})


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and how long one connection is kept. Few servers close before 30 idle seconds, and
    many dislike a client that never leaves."""

    connect_seconds: float = 10.0
    reply_seconds: float = 60.0
    mails_per_connection: int = 200
    idle_seconds: float = 30.0


class Connection:
    """Opens by itself when first used and again when needed. For one thread at a time. After a
    fork the child opens its own: it never speaks on the parent's socket."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` by default trusts the system's authorities, or SSL_CERT_FILE where that is set."""
        self._server = server
        self._limits = limits or Limits()
        self._tls = tls or ssl.create_default_context()
        self._line: Line | None = None
        self._process = os.getpid()
        self._handed_over = 0
        self._used_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._line is not None and self._line.sock is not None

    @property
    def is_stale(self) -> bool:
        """Open, but not to be used again: too old, too idle, or not this process's."""
        return self.is_open and (
            self._process != os.getpid()
            or self._handed_over >= self._limits.mails_per_connection
            or time.monotonic() - self._used_at > self._limits.idle_seconds
        )

    def try_to_open(self) -> Outcome | None:
        """Connects, encrypts and logs in as for a mail, and sends none. None where all is well,
        else the NOT_SENT a mail would meet."""
        try:
            self._ready_line()
        except ServerTrouble as trouble:
            return _not_sent(trouble)
        return None

    def hand_over(
        self,
        envelope_from: str,
        recipient: str,
        body: bytes,
        *,
        before_body: Callable[[], None],
    ) -> Outcome:
        """One mail to one recipient. `envelope_from` may be empty (RFC 5321 §4.5.5).

        `before_body` is called once, after 354 and before the first byte of the body; if it raises,
        no byte is sent, the connection is dropped and the exception goes on to the caller.

        DEFERRED: 4xx to any command or to the body. REFUSED: 5xx to RCPT, DATA or the body.
        UNKNOWN: `before_body` was called and no final reply came. NOT_SENT: everything else, among
        it 5xx to MAIL FROM or AUTH, which is about us and not about the recipient. 421, and 4xx to
        MAIL FROM, are `is_server_trouble` too. A kept connection that turns out to be closed is
        opened again once, before anything is handed over.

        Raises UnsendableAddress for an address that SMTP cannot carry, and ValueError for a body
        that is not 7-bit; both before anything is said to the server.
        """
        sender = sendable(envelope_from) if envelope_from else ""
        to = sendable(recipient)
        payload = _payload(body)
        try:
            refusal = self._offer(sender, to)
            if refusal is not None:
                return refusal
            before_body()
            outcome = self._send_payload(payload, to)
        except ServerTrouble as trouble:
            self.drop()
            return _not_sent(trouble)
        except BaseException:
            self.drop()
            raise
        self._handed_over += 1
        self._used_at = time.monotonic()
        return outcome

    def close(self) -> None:
        """Says QUIT where the line is ours and idle; waits a second at most."""
        line = self._line
        if line is not None and self.is_open and self._process == os.getpid():
            line.reply_seconds = _QUIT_SECONDS
            with contextlib.suppress(LineTrouble):
                line.docmd("QUIT")
        self.drop()

    def drop(self) -> None:
        """Closes this process's end of the socket without a word."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def _ready_line(self) -> tuple[Line, bool]:
        """A line to say MAIL on, and whether it was kept from before."""
        if self.is_stale:
            self.close()
        if self._line is not None and not self._line.has_unasked():
            return self._line, True
        self.drop()
        self._line = open_line(
            self._server,
            self._tls,
            connect_seconds=self._limits.connect_seconds,
            reply_seconds=self._limits.reply_seconds,
        )
        self._process = os.getpid()
        self._handed_over = 0
        self._used_at = time.monotonic()
        return self._line, False

    def _offer(self, sender: str, to: str) -> Outcome | None:
        """Everything up to 354: None when the server asks for the body, else why it does not."""
        line, was_kept = self._ready_line()
        try:
            refusal = _offer_envelope(line, sender, to, after_another=was_kept)
        except LineTrouble as trouble:
            self.drop()
            if was_kept and not isinstance(trouble, ServerSlow):
                return self._offer(sender, to)
            raise ServerTrouble(trouble.words) from None
        if refusal is None:
            return None
        self._used_at = time.monotonic()
        if refusal.code == 421:  # RFC 5321 §3.8: the server is leaving
            self.drop()
            if was_kept:
                return self._offer(sender, to)
        elif refusal.verdict is Verdict.NOT_SENT:
            self.drop()
        return refusal

    def _send_payload(self, payload: bytes, to: str) -> Outcome:
        line = self._line
        if line is None:
            raise ServerTrouble("The connection to the mail server is closed.")
        try:
            line.send(payload)
            reply = line.hear()
        except LineTrouble as trouble:
            self.drop()
            words = f"{trouble.words} Whether it took the mail cannot be known."
            return Outcome(Verdict.UNKNOWN, words=words)
        if reply.kind == 3:
            self.drop()
            words = "The mail server answered the mail with something that is no answer."
            return Outcome(Verdict.UNKNOWN, reply.code, reply.enhanced, words)
        if reply.code == 421:
            self.drop()
        return _answered(reply, to)


def _offer_envelope(line: Line, sender: str, to: str, *, after_another: bool) -> Outcome | None:
    """RSET, MAIL and RCPT in one write where the server offers PIPELINING (RFC 2920); DATA alone,
    so that nothing but one body is ever under way."""
    envelope = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>"]
    if after_another:
        envelope.insert(0, "RSET")
    pipelined = line.has_extn("pipelining")
    if pipelined:
        line.ask(*envelope)
    refusal: Outcome | None = None
    for command in envelope:
        if not pipelined:
            line.ask(command)
        reply = line.hear()
        refusal = refusal or _objection(command, reply, to)
        if refusal is not None and (not pipelined or reply.code == 421):
            return refusal
    if refusal is not None:
        return refusal
    line.ask("DATA")
    reply = line.hear()
    if reply.code != 354:
        return _objection("DATA", reply, to) or _out_of_turn()
    # A reply to the body that stands there before the body was sent answers nothing.
    return _out_of_turn() if line.has_unasked() else None


def _objection(command: str, reply: Reply, to: str) -> Outcome | None:
    """What a reply to a command before the body means for this mail; None: go on."""
    if reply.kind == 2:
        return None
    if reply.kind == 3:
        return _out_of_turn()
    names_recipient = command.startswith(("RCPT", "DATA"))
    if reply.kind == 5 and (not names_recipient or reply.code in _ABOUT_US):
        words = _words(reply, to)
        return Outcome(Verdict.NOT_SENT, reply.code, reply.enhanced, words, is_server_trouble=True)
    return _answered(reply, to, names_recipient=names_recipient)


def _answered(reply: Reply, to: str, *, names_recipient: bool = True) -> Outcome:
    verdict = {2: Verdict.ACCEPTED, 4: Verdict.DEFERRED, 5: Verdict.REFUSED}[reply.kind]
    about_server = reply.code == 421 or not names_recipient
    return Outcome(verdict, reply.code, reply.enhanced, _words(reply, to), about_server)


def _out_of_turn() -> Outcome:
    words = "The mail server answered out of turn, so the connection was dropped."
    return Outcome(Verdict.NOT_SENT, words=words, is_server_trouble=True)


def _not_sent(trouble: ServerTrouble) -> Outcome:
    return Outcome(
        Verdict.NOT_SENT,
        trouble.reply.code if trouble.reply else None,
        trouble.reply.enhanced if trouble.reply else None,
        trouble.words[:_LONGEST_WORDS],
        is_server_trouble=True,
    )


def _words(reply: Reply, to: str) -> str:
    return scrub(reply.text, to)[:_LONGEST_WORDS]


def _payload(body: bytes) -> bytes:
    """The body as DATA carries it: CRLF line ends only (a bare one lets a second mail be smuggled
    in), dots at line starts doubled (RFC 5321 §4.5.2), the closing dot."""
    if not body.isascii():
        raise ValueError("A body must be 7-bit; `compose` makes it so.")
    if not body.count(b"\r\n") == body.count(b"\r") == body.count(b"\n"):
        body = _BARE_LINE_END.sub(b"\r\n", body)
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    if body.startswith(b"."):
        body = b"." + body
    return body.replace(b"\r\n.", b"\r\n..") + b".\r\n"
