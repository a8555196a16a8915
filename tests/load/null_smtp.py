"""A mail server on loopback that takes everything and keeps nothing but a count."""

import asyncio
import sys
from typing import ClassVar


class NullSession(asyncio.Protocol):
    taken: ClassVar[int] = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.is_in_data = False
        transport.write(b"220 null.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = b"\r\n.\r\n" if self.is_in_data else b"\r\n"
            piece, found, rest = self.buffer.partition(end)
            if not found:
                return
            self.buffer = rest
            if self.is_in_data:
                self.is_in_data = False
                NullSession.taken += 1
                self.transport.write(b"250 taken\r\n")
            else:
                self.answer(piece.upper())

    def answer(self, line: bytes) -> None:
        if line.startswith(b"EHLO"):
            self.transport.write(b"250-null.example\r\n250 PIPELINING\r\n")
        elif line == b"DATA":
            self.is_in_data = True
            self.transport.write(b"354 go on\r\n")
        elif line == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(b"250 OK\r\n")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(NullSession, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
