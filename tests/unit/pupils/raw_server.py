"""A server that writes bytes as a test says, with none of the manners of an HTTP library."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answering = Callable[[socket.socket], None]
"""Gets the connection once a question has come; it is closed when this returns."""


class RawServer:
    def __init__(self, answering: Answering, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((host, 0))
        self._answering = answering
        self.connections = 0
        self.questions: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=[sock], daemon=True).start()

    def _answer(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            while question := sock.recv(65_536):
                self.questions.append(question)
                self._answering(sock)
                if not self.keeps_connections:
                    return

    keeps_connections = False


@contextmanager
def raw_server(answering: Answering) -> Iterator[RawServer]:
    server = RawServer(answering)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes, *, length: int | None = None) -> bytes:
    announced = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (announced, body)


def dripping(first: bytes, drop: bytes, every: float = 0.05) -> Answering:
    def drip(sock: socket.socket) -> None:
        sock.sendall(first)
        while True:
            sock.sendall(drop)
            time.sleep(every)

    return drip
