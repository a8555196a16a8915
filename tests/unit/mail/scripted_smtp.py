"""An SMTP server on a real loopback socket that answers as a test's script says."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from outreach.mail.smtp_url import SmtpServer, StartTls


class Act(Enum):
    CUT = auto()  # hang up without a word
    SILENCE = auto()  # keep the line and say nothing
    DRIP = auto()  # one octet of an endless reply every now and then


Answer = str | Act

POLITE: dict[str, Answer] = {
    "banner": "220 test ready",
    "EHLO": "250 test",
    "HELO": "250 test",
    "RSET": "250 ok",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "body": "250 2.0.0 taken as 4F2",
    "QUIT": "221 bye",
    "AUTH": "235 welcome",
    "STARTTLS": "220 go on",
}


@dataclass
class ScriptedServer:
    """`answers` by command word or whole command, "banner" and "body" (the reply after the closing
    dot); "DATA for nobody" goes before "DATA" where the recipient was refused, and `next_answers`,
    each given once, before all of them.
    `cut_body_after` hangs up after so many octets of the body. `hang_up_after` mails: close."""

    answers: dict[str, Answer] = field(default_factory=dict)
    next_answers: dict[str, list[Answer]] = field(default_factory=dict)
    cut_body_after: int | None = None
    hang_up_after: int | None = None
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    body_octets: int = 0
    line_ended: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)

    @property
    def address(self) -> SmtpServer:
        starttls = StartTls.OFF if self.implicit_tls else StartTls.OPTIONAL
        return SmtpServer("127.0.0.1", self.port, implicit_tls=self.implicit_tls, starttls=starttls)

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def words_said(self) -> list[str]:
        return [command.split()[0].upper() for command in self.commands]

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._begin(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        dialogue = _Dialogue(self, sock)
        try:
            if self.implicit_tls:
                dialogue.start_tls()
            dialogue.run()
        except (OSError, _HangUp):
            pass
        finally:
            dialogue.sock.close()
            self.line_ended.set()


class _HangUp(Exception):
    pass


class _Dialogue:
    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server, self.sock, self.buffer = server, sock, b""
        self.sock.settimeout(0.05)

    def run(self) -> None:
        self.answer("banner")
        mails, is_refused = 0, False
        while True:
            command = self.read_until(b"\r\n").decode("latin-1").strip()
            self.server.commands.append(command)
            word = command.split()[0].upper() if command.split() else ""
            special = "DATA for nobody" if word == "DATA" and is_refused else command
            said = self.answer(special if special in self.server.answers else word)
            is_refused = said.startswith("5") if word == "RCPT" else is_refused
            if word == "QUIT":
                return
            if word == "STARTTLS" and said.startswith("220"):
                self.start_tls()
            if word == "DATA" and said.startswith("354"):
                self.take_body()
                self.answer("body")
                mails += 1
                if mails == self.server.hang_up_after:
                    return

    def start_tls(self) -> None:
        assert self.server.tls is not None
        self.sock.settimeout(5)
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(0.05)

    def take_body(self) -> None:
        if self.server.cut_body_after is not None:
            while len(self.buffer) < self.server.cut_body_after:
                self.receive()
            # Unread octets and no lingering: the client meets a reset.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _HangUp
        self.buffer = b"\r\n" + self.buffer  # so that a lone first dot ends the body too
        raw = self.read_until(b"\r\n.\r\n", in_body=True)
        self.server.bodies.append((raw + b"\r\n")[2:])

    def answer(self, word: str) -> str:
        said = self.server.answers.get(word, POLITE.get(word, "500 what?"))
        if self.server.next_answers.get(word):
            said = self.server.next_answers[word].pop(0)
        if said is Act.CUT:
            raise _HangUp
        if said is Act.SILENCE:
            while True:
                self.receive()
        while said is Act.DRIP:
            self.sock.sendall(b"2")
            if self.server._stopping.wait(0.05):
                raise _HangUp
        assert isinstance(said, str)
        self.sock.sendall(said.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        return said

    def read_until(self, end: bytes, *, in_body: bool = False) -> bytes:
        while end not in self.buffer:
            self.receive(in_body=in_body)
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def receive(self, *, in_body: bool = False) -> None:
        while True:
            if self.server._stopping.is_set():
                raise _HangUp
            try:
                octets = self.sock.recv(65536)
            except TimeoutError:
                continue
            if not octets:
                raise _HangUp
            if in_body:
                self.server.body_octets += len(octets)
            self.buffer += octets
            return


@contextlib.contextmanager
def scripted(server: ScriptedServer) -> Iterator[ScriptedServer]:
    try:
        yield server
    finally:
        server.stop()
