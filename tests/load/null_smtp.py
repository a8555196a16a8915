"""A mail server on loopback that takes everything and keeps nothing but a count (`VRFY count`)."""

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
        """Answers all that came in one write: it is to cost as little as can be."""
        self.buffer += data
        answers: list[bytes] = []
        while True:
            end = b"\r\n.\r\n" if self.is_in_data else b"\r\n"
            piece, found, rest = self.buffer.partition(end)
            if not found:
                break
            self.buffer = rest
            if self.is_in_data:
                self.is_in_data = False
                NullSession.taken += 1
                answers.append(b"250 taken\r\n")
            else:
                answers.append(self.answer(piece[:4].upper()))
        if answers:
            self.transport.write(b"".join(answers))
        if answers and answers[-1].startswith(b"221"):
            self.transport.close()

    def answer(self, word: bytes) -> bytes:
        if word == b"EHLO":
            return b"250-null.example\r\n250 PIPELINING\r\n"
        if word == b"DATA":
            self.is_in_data = True
            return b"354 go on\r\n"
        if word == b"QUIT":
            return b"221 bye\r\n"
        if word == b"VRFY":
            return b"252 %d\r\n" % NullSession.taken
        return b"250 OK\r\n"


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(NullSession, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
