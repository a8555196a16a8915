"""One conversation with a sending server, and what all of them together may take up.

A server that delivers mail as servers do meets none of these limits. Whoever meets one is told as
RFC 5321 has it: 421 and the end of the connection, or 452 about one mail; either way the sender keeps
the mail and tries again.
"""

import asyncio
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, AnyStr, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, syntax

TOO_MANY = "421 4.3.2 Too many connections, try again later"
TOO_MANY_OF_ONE_HOST = "421 4.7.0 Too many connections from your host, try again later"
SILENT = "421 4.4.2 Nothing was heard for too long"
TOO_OLD = "421 4.4.2 This connection has lasted long enough, connect again"
ENOUGH_MAILS = "421 4.3.2 Enough mails in one connection, connect again"
TOO_MANY_COMMANDS = "421 4.7.0 Too many commands in one connection"
NO_ROOM = "452 4.3.1 No room for it now, try again later"
TOO_LARGE = "552 5.3.4 The mail is too large"


@dataclass(frozen=True)
class Limits:
    """Seconds and octets.

    `replies` counts commands of any kind, also those that are none; it leaves room for `mails` with
    all the recipients that one mail may have. `all_octets` are of mails under way, of all connections
    together; each has a buffer of 128 KB besides.
    """

    connections: int = 100
    of_one_host: int = 30
    """Postfix opens 20 at most to one place, unless it is told otherwise."""
    idle: float = 300.0
    """RFC 5321 §4.5.3.2.7 asks for five minutes at least."""
    lifetime: float = 1800.0
    mails: int = 40
    replies: int = 1200
    octets: int = 10 * 1024 * 1024
    """Of one mail. A bounce may bring the whole returned mail along, an automatic answer a picture."""
    all_octets: int = 64 * 1024 * 1024


@dataclass
class Gathering:
    """Every conversation that goes on, with its host, and the octets that they hold."""

    limits: Limits = field(default_factory=Limits)
    hosts: dict[object, str] = field(default_factory=dict)
    held: int = 0

    def why_not(self, host: str) -> str | None:
        if len(self.hosts) >= self.limits.connections:
            return TOO_MANY
        of_one_host = sum(one == host for one in self.hosts.values())
        return TOO_MANY_OF_ONE_HOST if of_one_host >= self.limits.of_one_host else None

    def has_room_for(self, octets: int) -> bool:
        return self.held + octets <= self.limits.all_octets


class _Incoming:
    """A mail as it comes. Of one that is refused nothing is kept, and its sender hears of it when it
    has all been read: sooner nobody listens."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._octets = bytearray()
        self._held = 0
        self.refusal: str | None = None

    def add(self, part: bytes) -> None:
        if self.refusal is not None:
            return
        if self._held + len(part) > self._gathering.limits.octets:
            self.refusal = TOO_LARGE
        elif not self._gathering.has_room_for(len(part)):
            self.refusal = NO_ROOM
        if self.refusal is not None:
            self.drop()
            return
        self._octets += part
        self._held += len(part)
        self._gathering.held += len(part)

    def take(self) -> bytes:
        """Counted until it is dropped."""
        octets = bytes(self._octets)
        self._octets.clear()
        return octets

    def drop(self) -> None:
        self._octets.clear()
        self._gathering.held -= self._held
        self._held = 0


class Conversation(SMTP):
    """SMTP, within the limits of the gathering."""

    line_length_limit = 64 * 1024
    """Of what is read at once. A line of a mail may be longer."""

    def __init__(self, handler: Any, hostname: str, gathering: Gathering) -> None:
        super().__init__(
            handler,
            data_size_limit=gathering.limits.octets,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Returned mail",
            timeout=gathering.limits.idle,
        )
        self._gathering = gathering
        self._limits = gathering.limits
        self._mails = self._replies = 0
        self._is_dealing = self._is_last = self._is_over = False
        self._growing_old: asyncio.TimerHandle | None = None

    def has_room_for(self, octets: int) -> bool:
        return self._gathering.has_room_for(octets)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host = _host_of(transport.get_extra_info("peername"))
        why_not = self._gathering.why_not(host)
        super().connection_made(transport)
        if why_not is not None:
            self._end(why_not)
            return
        self._gathering.hosts[self] = host
        self._growing_old = self.loop.call_later(self._limits.lifetime, self._grow_old)

    def connection_lost(self, error: Exception | None) -> None:
        self._gathering.hosts.pop(self, None)
        if self._growing_old is not None:
            self._growing_old.cancel()
        super().connection_lost(error)

    async def push(self, status: AnyStr) -> None:
        if self._is_over:
            return
        self._replies += 1
        if self._replies > self._limits.replies:
            self._end(TOO_MANY_COMMANDS)
            return
        await super().push(status)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 -- aiosmtpd's name
        """In the place of aiosmtpd's, which keeps a line without an end whole however long it is, and
        an object for every line."""
        if self._is_over or await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        mail = _Incoming(self._gathering)
        try:
            await self._read(mail)
            reply = mail.refusal or await self._deal_with(mail.take())
        finally:
            mail.drop()
        if mail.refusal is not None and isinstance(self, LMTP):
            reply = "\r\n".join([reply] * len(self.envelope.rcpt_tos))  # RFC 2033 §4.2
        self.envelope = self._create_envelope()
        await self.push(reply)
        self._mails += 1
        if self._is_last or self._mails >= self._limits.mails:
            self._end(TOO_OLD if self._is_last else ENOUGH_MAILS)

    async def _read(self, mail: _Incoming) -> None:
        """To its end, a dot alone in a line; what stands doubled at a line's beginning is one dot
        (RFC 5321 §4.5.2)."""
        begins_line, heard_at = True, self.loop.time()
        while True:
            try:
                part, ends_line = await self._reader.readuntil(b"\r\n"), True
            except asyncio.LimitOverrunError as over:
                part, ends_line = await self._reader.read(over.consumed), False
            if self.loop.time() - heard_at > 1:
                heard_at = self.loop.time()
                self._reset_timeout()
            if begins_line and ends_line and part == b".\r\n":
                return
            mail.add(part[1:] if begins_line and part.startswith(b".") else part)
            begins_line = ends_line

    async def _deal_with(self, content: bytes) -> str:
        """While it lasts the sender waits, and is not to blame for it."""
        assert self.envelope is not None
        self.envelope.content = self.envelope.original_content = content
        self._is_dealing = True
        try:
            return str(await self._call_handler_hook("DATA"))
        finally:
            self._is_dealing = False
            self._reset_timeout()

    def _timeout_cb(self) -> None:
        if self._is_dealing:
            self._reset_timeout()
        else:
            self._end(SILENT)

    def _grow_old(self) -> None:
        if self._is_dealing:
            self._is_last = True
        else:
            self._end(TOO_OLD)

    def _end(self, words: str) -> None:
        """Now: a sender that waits for nothing finds it when it says something next (RFC 5321 §3.8)."""
        if self._is_over or self.transport is None:
            return
        self._is_over = True
        cast(asyncio.Transport, self.transport).write(f"{words}\r\n".encode())
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.transport.close()


class LmtpConversation(Conversation, LMTP):
    pass


def _host_of(peer: Any) -> str:
    """Whoever has one address of version 6 has a whole network of 64 bits of them."""
    address = ip_address(str(peer[0]).partition("%")[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))
