"""Composed, handed over to a full SMTP server and read back there: nothing is lost on the way."""

import socket
from datetime import UTC, datetime
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from outreach.mail.composing import Mail, compose
from outreach.mail.outcomes import Verdict
from outreach.mail.smtp_url import parse_smtp_url
from outreach.mail.transport import Connection


class Mailbox:
    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 2.6.0 taken"


def test_a_mail_with_8_bit_names_and_dots_arrives_as_it_was_written() -> None:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    catcher = Controller(mailbox, hostname="127.0.0.1", port=port)
    catcher.start()
    try:
        connection = Connection(parse_smtp_url(f"smtp://127.0.0.1:{port}"))
        mail = Mail(
            message_id="<1@q.example>",
            from_=("Ysgol y Bryn – Gyrfaoedd", "careers@hill.example"),
            to=("Zoë Ødegård-Łuczak", "zoe@pupils.hill.example"),
            subject="Zoë, dy holiadur – سلام",
            text="Helo Zoë,\n.\n..\n.dechrau\n",
            html="<p>Helo Zoë</p>\n.\n",
            date=datetime(2026, 11, 2, tzinfo=UTC),
        )
        outcome = connection.hand_over(
            "b+1@q.example", mail.to[1], compose(mail), before_body=lambda: None
        )
        connection.close()
    finally:
        catcher.stop()
    assert (outcome.verdict, outcome.enhanced, outcome.words) == (
        Verdict.ACCEPTED,
        "2.6.0",
        "taken",
    )
    (envelope,) = mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("b+1@q.example", [mail.to[1]])
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["To"].addresses[0].display_name == mail.to[0]
    assert message["From"].addresses[0].display_name == mail.from_[0]
    assert message["Subject"] == mail.subject
    for subtype, written in (("plain", mail.text), ("html", mail.html)):
        part = message.get_body((subtype,))
        assert part is not None
        assert part.get_payload(decode=True) == written.replace("\n", "\r\n").encode()
