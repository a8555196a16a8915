"""An HTTP client that costs little: one kept connection a student, on one event loop."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

import brotli

NONE = b""


@dataclass(frozen=True)
class Reply:
    status: int
    location: str
    cookie: str
    body: bytes
    sent_at: float
    done_at: float
    weight: int
    """Bytes on the wire, headers included."""

    @property
    def seconds(self) -> float:
        return self.done_at - self.sent_at


class Line(asyncio.Protocol):
    """One connection. Opened again where the server closed it between two requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._got = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        cookie: str = "",
        fields: dict[str, str] | None = None,
        header: str = "",
    ) -> Reply:
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        body = urlencode(fields).encode() if fields is not None else NONE
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "Accept-Encoding: gzip, br",
            f"Cookie: {cookie}" if cookie else "",
            header,
            f"Content-Length: {len(body)}" if fields is not None else "",
            "Content-Type: application/x-www-form-urlencoded" if fields is not None else "",
        ]
        self._got.clear()
        self._waiting = loop.create_future()
        sent_at = time.perf_counter()
        assert self._transport is not None
        head = "\r\n".join(line for line in lines if line) + "\r\n\r\n"
        self._transport.write(head.encode() + body)
        return _read(await self._waiting, sent_at)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head = self._got.find(b"\r\n\r\n")
        if head < 0 or self._waiting is None or self._waiting.done():
            return
        length = _header(bytes(self._got[:head]), b"content-length:")
        if len(self._got) >= head + 4 + int(length or 0):
            self._waiting.set_result(bytes(self._got))

    def connection_lost(self, _fault: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _read(got: bytes, sent_at: float) -> Reply:
    done_at = time.perf_counter()
    head, _, body = got.partition(b"\r\n\r\n")
    coding = _header(head, b"content-encoding:")
    if coding == b"br":
        body = brotli.decompress(body)
    elif coding == b"gzip":
        body = zlib.decompress(body, 31)
    cookie = _header(head, b"set-cookie:").partition(b";")[0].decode()
    location = _header(head, b"location:").decode()
    return Reply(int(head[9:12]), location, cookie, body, sent_at, done_at, len(got))


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(b"\r\n" + name)
    if start < 0:
        return NONE
    start += len(name) + 2
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()
