"""The line to a mail server: smtplib's commands, with replies read strictly and under a deadline.

smtplib waits a full timeout for each packet, so that a server sending one byte a minute holds it
for ever, and reads continuation lines without end.
"""

import contextlib
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

_LONGEST_LINE, _MOST_LINES = 4096, 128
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_NAMED_LATER = "localhost"  # without a name smtplib asks DNS for one, which may take long
_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?!\S)")


class LineTrouble(Exception):
    """The line to the server cannot be used any more; `words` say why, for people."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class ServerGone(LineTrouble):
    """Closed or reset by the other side."""


class ServerSlow(LineTrouble):
    """No complete reply, or no room to send, within the time given."""


class ServerNonsense(LineTrouble):
    """What came is not an SMTP reply, or came out of turn."""


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    text: str  # lines joined by a space, without the enhanced status
    enhanced: str | None

    @property
    def kind(self) -> int:
        """The first digit (RFC 5321 §4.2.1): 2 yes, 3 go on, 4 not now, 5 never."""
        return self.code // 100


def read_reply(code: int, octets: bytes) -> Reply:
    lines = octets.decode("utf-8", "replace").split("\n")
    found = _ENHANCED.match(lines[0])
    enhanced = found[0] if found and int(found[1]) == code // 100 else None
    words = (line.removeprefix(enhanced) if enhanced else line for line in lines)
    return Reply(code, " ".join(word.strip() for word in words), enhanced)


def give_seconds(sock: socket.socket, seconds: float) -> None:
    """`settimeout` where that changes something: it is a call to the system each time."""
    now = sock.gettimeout()
    if now is None or not seconds <= now <= seconds * 1.02:
        sock.settimeout(seconds)


class _ReplyReader:
    """Stands where smtplib keeps the file of its socket; thrown away with whatever it buffered when
    TLS begins, so that nothing said in the clear is taken as said under TLS (CVE-2011-0411)."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = b""

    @property
    def has_more(self) -> bool:
        return bool(self._buffer)

    def read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise ServerNonsense("The mail server sent a line without an end.")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            give_seconds(self._sock, left)
            octets = self._sock.recv(8192)
            if not octets:
                raise ServerGone("The mail server closed the connection.")
            self._buffer += octets
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def close(self) -> None:
        self._buffer = b""


if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    _Base = smtplib.SMTP
else:
    _Base = object


class _StrictLine(_Base):
    """Mixed into smtplib's two classes. Every failure closes the socket and is a LineTrouble."""

    reply_seconds: float = 60.0

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise ServerGone("The connection to the mail server is closed.")
        if self.file is None:
            self.file = _ReplyReader(self.sock)
        deadline = time.monotonic() + self.reply_seconds
        texts: list[bytes] = []
        codes: set[bytes] = set()
        with self._closing_on_trouble():
            while True:
                found = _REPLY_LINE.fullmatch(self.file.read_line(deadline))
                if not found or len(texts) > _MOST_LINES:
                    raise ServerNonsense("The mail server's reply is not SMTP.")
                codes.add(found[1])
                texts.append(found[3] or b"")
                if found[2] != b"-":
                    break
            if len(codes) > 1:
                raise ServerNonsense("The mail server gave two codes in one reply.")
        return int(codes.pop()), b"\n".join(texts)

    def send(self, s: "ReadableBuffer | str") -> None:
        """All of it, within the time one reply may take."""
        if self.sock is None:
            raise ServerGone("The connection to the mail server is closed.")
        with self._closing_on_trouble():
            give_seconds(self.sock, self.reply_seconds)
            self.sock.sendall(s.encode("ascii") if isinstance(s, str) else s)

    def ask(self, *commands: str) -> None:
        """Sends the commands in one write; each reply is then read with `hear`."""
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("An SMTP command cannot hold a line break.")
        self.send("".join(f"{command}\r\n" for command in commands))

    def hear(self) -> Reply:
        return read_reply(*self.getreply())

    def has_unasked(self) -> bool:
        """Whether the server said something nobody asked for, or hung up. Costs no waiting."""
        if self.sock is None or (self.file is not None and self.file.has_more):
            return True
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    @contextlib.contextmanager
    def _closing_on_trouble(self) -> Iterator[None]:
        try:
            yield
        except LineTrouble:
            self.close()
            raise
        except TimeoutError:
            self.close()
            words = f"The mail server did not answer within {self.reply_seconds:g} seconds."
            raise ServerSlow(words) from None
        except OSError:
            self.close()
            raise ServerGone("The connection to the mail server broke.") from None
        except BaseException:
            self.close()
            raise


class PlainLine(_StrictLine, smtplib.SMTP):
    """Begins in the clear; STARTTLS may follow. Connects and reads the greeting at once."""

    def __init__(
        self, host: str, port: int, *, connect_seconds: float, reply_seconds: float
    ) -> None:
        self.reply_seconds = reply_seconds
        smtplib.SMTP.__init__(self, host, port, _NAMED_LATER, timeout=connect_seconds)


class TlsLine(_StrictLine, smtplib.SMTP_SSL):
    """TLS from the first byte. Connects and reads the greeting at once."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connect_seconds: float,
        reply_seconds: float,
        context: ssl.SSLContext,
    ) -> None:
        self.reply_seconds = reply_seconds
        smtplib.SMTP_SSL.__init__(
            self, host, port, _NAMED_LATER, timeout=connect_seconds, context=context
        )


Line = PlainLine | TlsLine
