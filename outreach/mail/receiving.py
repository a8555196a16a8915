"""A small mail server that takes only what it was told to: SMTP (RFC 5321) or LMTP (RFC 2033).

What comes in is handed on while the sender waits for the reply, so that a mail is either dealt with
or still the sender's: it keeps nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from outreach.mail.conversing import NO_ROOM, Conversation, Gathering, Limits, LmtpConversation

log = logging.getLogger(__name__)
for _name in ("mail.log", "mail.debug", "mail.error"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # aiosmtpd tells addresses there

MOST_RECIPIENTS = 20


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

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self,
        server: Conversation,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Whoever says how large the mail is (RFC 1870) need not send what there is no room for."""
        sizes = [one.removeprefix("SIZE=") for one in options if one.startswith("SIZE=")]
        if sizes and not server.has_room_for(int(sizes[0])):
            return NO_ROOM
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Go on"

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


async def listen(receiver: Receiver, place: Place, limits: Limits | None = None) -> asyncio.Server:
    """Listens from now on. Raises OSError where the port cannot be had."""
    kind = LmtpConversation if place.is_lmtp else Conversation
    gathering = Gathering(limits or Limits())
    return await asyncio.get_running_loop().create_server(
        lambda: kind(receiver, place.hostname, gathering), place.host, place.port
    )
