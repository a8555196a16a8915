"""A mail server of its own process that writes down each Message-ID it took, before it says so.

`python -m tests.long.counting_smtp PORT FILE SECONDS TROUBLE`: SECONDS before each 250; TROUBLE is
`none`, `cut` (now and then it hangs up in the middle of a body), `421` (or in the middle of a
session) or `later` (now and then it says "not now" to a recipient whom it takes the next time). Of each body it kept, FILE has a line: Message-ID, space, recipient.
"""

import asyncio
import re
import sys
from pathlib import Path

EVERY = 37
"""Which body, or which sender, meets the trouble."""
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


class Counting:
    def __init__(self, file: Path, seconds: float, trouble: str) -> None:
        self._log = file.open("ab", buffering=0)
        self._seconds = seconds
        self._trouble = trouble
        self._senders = self._bodies = self._recipients = 0
        self._put_off: set[bytes] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the worker was killed
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = b""
        writer.write(b"220 counting.example ESMTP\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                writer.write(b"250-counting.example\r\n250 PIPELINING\r\n")
            elif word == b"MAIL":
                self._senders += 1
                if self._trouble == "421" and self._senders % EVERY == 0:
                    writer.write(b"421 4.3.2 going down\r\n")
                    return
                writer.write(b"250 OK\r\n")
            elif word == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0]
                writer.write(
                    b"451 4.7.1 not now\r\n" if self._puts_off(recipient) else b"250 OK\r\n"
                )
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                self._bodies += 1
                if self._trouble == "cut" and self._bodies % EVERY == 0:
                    await reader.readline()
                    return
                body = await reader.readuntil(b"\r\n.\r\n")
                found = _MESSAGE_ID.search(body)
                assert found
                self._log.write(found[1] + b" " + recipient + b"\n")
                await asyncio.sleep(self._seconds)
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 OK\r\n")

    def _puts_off(self, recipient: bytes) -> bool:
        self._recipients += 1
        is_first = recipient not in self._put_off
        if self._trouble == "later" and is_first and self._recipients % EVERY == 0:
            self._put_off.add(recipient)
            return True
        return False


async def serve(port: int, counting: Counting) -> None:
    server = await asyncio.start_server(counting.talk, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    _, number, name, pause, trouble = sys.argv
    asyncio.run(serve(int(number), Counting(Path(name), float(pause), trouble)))
