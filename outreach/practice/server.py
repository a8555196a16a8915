"""A small HTTP server for practice integrators, which can also fail in every way a real one can."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LARGEST_BODY = 1_000_000


@dataclass(frozen=True)
class Request:
    """What was asked. `path` is what follows the integrator's own prefix; `base_url` includes it.

    Names of headers are in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """What is answered: a JSON document, or `content` as it is.

    `cut_after` ends the connection after so many bytes of the body, with the whole length
    announced; `delay` waits (seconds) before answering.
    """

    status: int = 200
    document: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    delay: float = 0.0

    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return b"" if self.document is None else json.dumps(self.document).encode()


Answering = Callable[[Request], Reply]


class Integrator:
    """Base of the practice integrators. `trouble` may answer in its place; `asked` keeps what came.

    A test sets `trouble` to a function that gives a Reply, or None to let the request through.
    """

    def __init__(self) -> None:
        self.trouble: Callable[[Request], Reply | None] | None = None
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        del self.asked[:-10_000]
        failed = self.trouble(request) if self.trouble else None
        return failed if failed is not None else self.answer(request)

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError


class PracticeServer(ThreadingHTTPServer):
    """Answers on loopback; `/wonde/…` goes to the integrator under the name `wonde`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, integrators: Mapping[str, Answering], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.integrators = integrators

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


@contextmanager
def serving(integrators: Mapping[str, Answering], port: int = 0) -> Iterator[PracticeServer]:
    """The server, answering in a thread of its own for as long as the block runs."""
    server = PracticeServer(integrators, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.daemon = True
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PracticeServer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a practice secret or name has no place in a log either."""

    def _serve(self) -> None:
        reply = self._reply()
        if reply.delay:
            time.sleep(reply.delay)
        body = reply.body()
        self.send_response(reply.status)
        kind = "application/json" if reply.content is None else "application/octet-stream"
        for name, value in {"Content-Type": kind, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if reply.cut_after is not None:
            self.wfile.write(body[: reply.cut_after])
            self.close_connection = True
            return
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reply(self) -> Reply:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            return Reply(413)
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        name, _, path = parts.path.lstrip("/").partition("/")
        integrator = self.server.integrators.get(name)
        if integrator is None:
            return Reply(404, {"error": "no such integrator"})
        return integrator(
            Request(
                method=self.command,
                path=f"/{path}",
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                base_url=self.server.url(name),
            )
        )

    do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = _serve  # noqa: N815 -- the base class's names
