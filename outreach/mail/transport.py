"""Hands mails over on one kept SMTP connection; a body at most once, its fate always stated.

Law 8: the caller's intent is written after the server asked for the body (354) and before its
first byte leaves. From then on only the final reply can tell what became of the mail. With a body
the next envelope may go ahead (RFC 2920), never a second body.
"""

import contextlib
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from outreach.mail import envelope as envelopes
from outreach.mail.addresses import UnsendableAddress
from outreach.mail.envelope import Envelope
from outreach.mail.opening import ServerTrouble, open_line
from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.smtp_url import SmtpServer
from outreach.mail.wire import Line, LineTrouble, ServerSlow

_LONGEST_WORDS = 300
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_QUIT_SECONDS = 1.0


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
        self._ahead: Envelope | None = None  # said with the last body, its replies not yet heard
        self._may_say_ahead = True

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

    @property
    def has_said_ahead(self) -> bool:
        """The server waits for the one mail whose envelope went ahead."""
        return self._ahead is not None

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
        ahead: tuple[str, str] | None = None,
    ) -> Outcome:
        """One mail to one recipient. `envelope_from` may be empty (RFC 5321 §4.5.5).

        `ahead` is sender and recipient of the mail that is to be handed over next: its envelope
        goes out with this body where the server offers that, which saves two round trips a mail.

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
        envelope = Envelope.of(envelope_from, recipient)
        payload = _payload(body)
        try:
            refusal = self._offer(envelope)
            if refusal is not None:
                return refusal
            before_body()
            outcome = self._send_payload(payload, envelope.to, ahead)
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
        line, is_idle = self._line, self.is_open and not self.has_said_ahead
        if line is not None and is_idle and self._process == os.getpid():
            line.reply_seconds = _QUIT_SECONDS
            with contextlib.suppress(LineTrouble):
                line.docmd("QUIT")
        self.drop()

    def drop(self) -> None:
        """Closes this process's end of the socket without a word."""
        if self._line is not None:
            self._line.close()
        self._line, self._ahead = None, None

    def _offer(self, envelope: Envelope) -> Outcome | None:
        """Everything up to 354: None when the server asks for the body, else why it does not."""
        if self.is_stale:
            self.close()
        if self._ahead is not None:
            if self._ahead == envelope and self._line is not None:
                return self._hear_ahead(self._line, envelope)
            self.drop()
        line, was_kept = self._ready_line()
        try:
            refusal = envelopes.offer(line, envelope, after_another=was_kept)
        except LineTrouble as trouble:
            self.drop()
            if was_kept and not isinstance(trouble, ServerSlow):
                return self._offer(envelope)
            raise ServerTrouble(trouble.words) from None
        if refusal is not None and refusal.code == 421 and was_kept:
            self.drop()
            return self._offer(envelope)
        return self._refused(refusal)

    def _ready_line(self) -> tuple[Line, bool]:
        """A line to say MAIL on, and whether it was kept from before."""
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

    def _hear_ahead(self, line: Line, envelope: Envelope) -> Outcome | None:
        """A server that cannot do with it is asked on a line of its own, and not so again."""
        self._ahead = None
        try:
            commands = envelopes.commands_in_one_write(envelope)
            refusal = envelopes.hear_offered(line, envelope, commands)
        except ServerSlow as trouble:
            raise ServerTrouble(trouble.words) from None
        except LineTrouble:
            self.drop()
            return self._offer(envelope)
        if refusal is not None and (refusal.verdict is Verdict.NOT_SENT or refusal.code == 421):
            self._may_say_ahead = self._may_say_ahead and refusal.code == 421
            self.drop()
            return self._offer(envelope)
        return self._refused(refusal)

    def _refused(self, refusal: Outcome | None) -> Outcome | None:
        if refusal is None:
            return None
        self._used_at = time.monotonic()
        if refusal.verdict is Verdict.NOT_SENT or refusal.code == 421:  # RFC 5321 §3.8: it leaves
            self.drop()
        return refusal

    def _send_payload(self, payload: bytes, to: str, ahead: tuple[str, str] | None) -> Outcome:
        line = self._line
        if line is None:
            raise ServerTrouble("The connection to the mail server is closed.")
        following = self._to_say_ahead(line, ahead)
        if following is not None:
            commands = "\r\n".join((*envelopes.commands_in_one_write(following), ""))
            payload += commands.encode("ascii")
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
        else:
            self._ahead = following
        return envelopes.answered(reply, to)

    def _to_say_ahead(self, line: Line, ahead: tuple[str, str] | None) -> Envelope | None:
        is_last = self._handed_over + 1 >= self._limits.mails_per_connection
        if ahead is None or is_last or not self._may_say_ahead:
            return None
        if not envelopes.can_go_in_one_write(line):
            return None
        try:
            return Envelope.of(*ahead)
        except UnsendableAddress:
            return None


def _not_sent(trouble: ServerTrouble) -> Outcome:
    return Outcome(
        Verdict.NOT_SENT,
        trouble.reply.code if trouble.reply else None,
        trouble.reply.enhanced if trouble.reply else None,
        trouble.words[:_LONGEST_WORDS],
        is_server_trouble=True,
    )


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
