"""A small mail server that takes only what it was told to: SMTP (RFC 5321) or LMTP (RFC 2033).

What comes in is handed on while the sender waits for the reply, so that a mail is either dealt with
or still the sender's: it keeps nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

log = logging.getLogger(__name__)
for _name in ("mail.log", "mail.debug", "mail.error"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # aiosmtpd tells addresses there

LARGEST_MAIL = 10 * 1024 * 1024
"""Octets. A bounce may bring the whole returned mail along, an automatic answer a picture."""
MOST_RECIPIENTS = 20
MOST_CONNECTIONS = 50
IDLE_SECONDS = 60.0


class Reply(StrEnum):
    """What a sender is told about one recipient of a mail."""

    TAKEN = "250 2.0.0 Taken"
    NOT_NOW = "451 4.3.0 Not now, try again"
    NO_SUCH = "550 5.1.1 No such address here"
    TOO_MANY = "452 4.5.3 Too many recipients"


@dataclass
class Receiver:
    """`is_known` says at RCPT whether an address may be written to. `take` deals with a mail to one of
    them, and gives the reply; whatever it raises is NOT_NOW. Both run in threads."""

    is_known: Callable[[str], bool]
    take: Callable[[str, bytes], Reply]
    connections: set[object] = field(default_factory=set, init=False)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if not await asyncio.to_thread(self.is_known, address):
            return Reply.NO_SUCH
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return Reply.TOO_MANY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Go on"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        replies = [await self._take(address, raw) for address in envelope.rcpt_tos]
        if isinstance(server, LMTP):
            return "\r\n".join(replies)  # RFC 2033 §4.2: one for each
        return Reply.NOT_NOW if Reply.NOT_NOW in replies else Reply.TAKEN

    async def _take(self, address: str, raw: bytes) -> Reply:
        try:
            return await asyncio.to_thread(self.take, address, raw)
        except Exception as fault:  # the sender keeps it, and the next try may find us better
            log.error("a mail was not taken: %s", type(fault).__name__)
            return Reply.NOT_NOW

    async def handle_exception(self, error: Exception) -> str:
        """Of the conversation itself. Never its words: they can hold an address."""
        log.error("a conversation broke off: %s", type(error).__name__)
        return "451 4.3.0 Not now, try again"


@dataclass(frozen=True)
class Place:
    """Where to listen, and as which host; `is_lmtp`: for a mail server of one's own beside it."""

    host: str
    port: int
    hostname: str
    is_lmtp: bool = False


class _Conversation(SMTP):
    """How many there may be at once, and lines as long as real bounces have."""

    line_length_limit = 64 * 1024

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.event_handler.connections.add(self)
        if len(self.event_handler.connections) > MOST_CONNECTIONS:
            cast(asyncio.Transport, transport).write(b"421 4.7.0 Too many connections\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.connections.discard(self)
        super().connection_lost(error)


class _LmtpConversation(_Conversation, LMTP):
    pass


async def listen(receiver: Receiver, place: Place) -> asyncio.Server:
    """Listens from now on. Raises OSError where the port cannot be had."""
    kind = _LmtpConversation if place.is_lmtp else _Conversation

    def converse() -> asyncio.Protocol:
        return kind(
            receiver,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname=place.hostname,
            ident="Returned mail",
            timeout=IDLE_SECONDS,
        )

    return await asyncio.get_running_loop().create_server(converse, place.host, place.port)
