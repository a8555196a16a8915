"""A stranger's mail server: takes every mail on a free loopback port and keeps it."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class CaughtMail:
    recipient: str
    message: EmailMessage

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        """The first URL of the text part, alone on its line."""
        found = re.search(r"^\s*(https?://\S+)\s*$", self.text, re.MULTILINE)
        first = re.search(r"https?://\S+", self.text)
        assert found is not None
        assert first is not None
        assert found.group(1) == first.group(0)
        return found.group(1)

    @property
    def one_click_url(self) -> str:
        """RFC 8058: an https or http URL in List-Unsubscribe, and the header that allows the POST."""
        assert self.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        found = re.search(r"<(https?://[^>]+)>", self.message["List-Unsubscribe"])
        assert found is not None
        return found.group(1)


@dataclass
class Catcher:
    """`answers` maps a recipient to what RCPT is answered, `once` the same for the first try alone.

    Mail to a recipient in `cut` is kept, and the connection is then closed without a reply.
    `seconds_a_mail`: how long after its last byte a mail, kept by then, is replied to.
    """

    mails: list[CaughtMail] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    once: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    seconds_a_mail: float = 0.0
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def forget(self) -> None:
        with self.lock:
            self.mails.clear()
            self.answers.clear()
            self.once.clear()
            self.cut.clear()

    def sent_to(self, recipient: str) -> list[CaughtMail]:
        with self.lock:
            return [mail for mail in self.mails if mail.recipient == recipient]

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        with self.lock:
            reply = self.once.pop(address, None) or self.answers.get(address)
        if reply is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        with self.lock:
            self.mails += [CaughtMail(to, message) for to in envelope.rcpt_tos]
        if self.seconds_a_mail:
            await asyncio.sleep(self.seconds_a_mail)
        if self.cut.intersection(envelope.rcpt_tos):
            server.transport.abort()
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def catch_mail(port: int = 0) -> Iterator[Catcher]:
    catcher = Catcher(port=port or free_port())
    controller = Controller(catcher, hostname="127.0.0.1", port=catcher.port)
    controller.start()
    try:
        yield catcher
    finally:
        controller.stop()
