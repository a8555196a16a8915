"""A line to another port on this machine on which every octet travels a while.

python -m tests.load.slow_link PORT TO_PORT ROUND_TRIP_SECONDS
"""

import asyncio
import sys
from collections import deque


class Slow:
    """One direction. Octets keep their order and their distance in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._has_more = asyncio.Event()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending = asyncio.create_task(self._send(writer))
        loop = asyncio.get_running_loop()
        while octets := await reader.read(65536):
            self._put(loop.time(), octets)
        self._put(loop.time(), b"")
        await sending

    def _put(self, now: float, octets: bytes) -> None:
        self._under_way.append((now + self._seconds, octets))
        self._has_more.set()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._under_way:
                self._has_more.clear()
                await self._has_more.wait()
            at, octets = self._under_way.popleft()
            await asyncio.sleep(at - loop.time())
            if not octets:
                writer.close()
                return
            writer.write(octets)


async def serve(port: int, to_port: int, round_trip: float) -> None:
    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
        ways = (Slow(round_trip / 2), Slow(round_trip / 2))
        await asyncio.gather(
            ways[0].carry(reader, far_writer),
            ways[1].carry(far_reader, writer),
            return_exceptions=True,
        )

    server = await asyncio.start_server(join, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
