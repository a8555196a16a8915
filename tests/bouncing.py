"""Mail servers that give mail back: they take a mail, and a bounce comes to where it was sent from."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from typing import Any

from aiosmtpd.controller import Controller

from outreach.campaigns.returned_mail import may_write_to, reply_to
from outreach.mail.conversing import Limits
from outreach.mail.receiving import Place, Receiver, listen
from outreach.parts import Parts
from tests.contract.catching import free_port


def bounce(
    recipient: str,
    diagnosis: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    to: str = "b@b",
) -> bytes:
    """As RFC 3464 has it. `diagnosis` is what the server said."""
    report = MIMEMultipart("report", **{"report-type": "delivery-status"})
    report["From"] = "Mail Delivery System <mailer-daemon@mx.example>"
    report["To"] = to
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report.attach(MIMEText("Your mail could not be delivered.\n"))
    status_part = MIMENonMultipart("message", "delivery-status")
    about_mail, about_recipient = Message(), Message()
    about_mail["Reporting-MTA"] = "dns; mx.example"
    about_recipient["Final-Recipient"] = f"rfc822; {recipient}"
    about_recipient["Action"] = action
    about_recipient["Status"] = status
    about_recipient["Diagnostic-Code"] = f"smtp; {diagnosis}"
    status_part.set_payload([about_mail, about_recipient])
    report.attach(status_part)
    return report.as_bytes()


def complaint(recipient: str) -> bytes:
    """As RFC 5965 has it."""
    return (
        b"From: abuse@mx.example\r\nTo: b@b\r\nSubject: FW: a mail\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        b"--B\r\nContent-Type: message/feedback-report\r\n\r\n"
        b"Feedback-Type: abuse\r\nUser-Agent: Example/1\r\nVersion: 1\r\n"
        b"Original-Rcpt-To: " + recipient.encode() + b"\r\n\r\n--B--\r\n"
    )


@dataclass
class Returner:
    """`returns` maps a recipient to the code and words of the bounce that its mail comes back with.
    `senders` is where mail to each recipient came from."""

    bounce_port: int = 0
    port: int = 0
    returns: dict[str, tuple[str, str]] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    replies: list[int] = field(default_factory=list)
    giving_back: list[threading.Thread] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        for recipient in envelope.rcpt_tos:
            self.senders[recipient] = envelope.mail_from
            if recipient in self.returns:
                status, words = self.returns[recipient]
                raw = bounce(recipient, words, status=status, to=envelope.mail_from)
                sending = threading.Thread(target=self._give, args=(envelope.mail_from, raw))
                self.giving_back.append(sending)
                sending.start()
        return "250 taken"

    def _give(self, to: str, raw: bytes) -> None:
        self.replies.append(give(self.bounce_port, to, raw))

    def wait(self) -> None:
        for sending in self.giving_back:
            sending.join(timeout=20)
        self.giving_back.clear()


def give(port: int, to: str, raw: bytes, sender: str = "") -> int:
    """Hand one mail to the receiver of bounces, and say what it replied."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.example", timeout=20) as line:
        line.ehlo()
        line.mail(sender)
        code, _ = line.rcpt(to)
        return code if code >= 300 else line.data(raw)[0]


@contextmanager
def returner(bounce_port: int) -> Iterator[Returner]:
    handler = Returner(bounce_port, free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    try:
        yield handler
    finally:
        handler.wait()
        controller.stop()


@contextmanager
def receiver(wired: Parts, port: int, *, is_lmtp: bool = False) -> Iterator[None]:
    """The receiver of bounces as the command runs it."""
    takes = Receiver(
        is_known=lambda address: may_write_to(wired, address),
        take=lambda address, raw: reply_to(wired, address, raw, "smtp_in"),
    )
    with receiving(takes, port, is_lmtp=is_lmtp):
        yield


@contextmanager
def receiving(
    takes: Receiver, port: int, limits: Limits | None = None, *, is_lmtp: bool = False
) -> Iterator[None]:
    """In a thread of its own."""
    loop, is_up = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        place = Place("127.0.0.1", port, socket.gethostname(), is_lmtp)
        server = await listen(takes, place, limits)
        is_up.set()
        async with server:
            await server.serve_forever()

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert is_up.wait(10)
    try:
        yield
    finally:
        for task in asyncio.all_tasks(loop):
            loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=10)
        loop.close()
