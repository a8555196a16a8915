"""Connections to a source: to an address that was checked, and cut off when their time is over."""

import ipaddress
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out (RFC 4291 §2.4); the rest is of other uses, some of them our own."""
Place = tuple[int, Any]
"""Family and address of a socket."""


class NotPublic(HTTPError):
    """The name leads to an address that is not public. Nothing was connected to."""


class Watch:
    """Cuts off the connection in use when an answer has had its time, whatever it is waiting for.

    The bytes of a status line, a handshake and a body all count alike: a timeout between two bytes
    is no help against a server that drips them. For one thread that asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = 0
        self._held: socket.socket | None = None
        self._ends_at = 0.0
        self.is_over = False

    @contextmanager
    def of_seconds(self, seconds: float) -> Iterator[None]:
        with self._lock:
            self._turn += 1
            self.is_over, self._ends_at = False, time.monotonic() + seconds
        timer = threading.Timer(seconds, self._cut, [self._turn])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._turn += 1
                self._let_go()

    @property
    def seconds_left(self) -> float:
        return self._ends_at - time.monotonic()

    @property
    def is_holding(self) -> bool:
        return self._held is not None

    def hold(self, sock: socket.socket) -> None:
        """By a handle of its own: the other one is handed on, to TLS and to the answer."""
        with self._lock:
            self._let_go()
            self._held = socket.socket(fileno=os.dup(sock.fileno()))
            if self.is_over:
                self._shut()

    def _cut(self, turn: int) -> None:
        with self._lock:
            if turn == self._turn:
                self.is_over = True
                self._shut()

    def _shut(self) -> None:
        if self._held is not None:
            with suppress(OSError):  # the other side has gone already
                self._held.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def places_of(host: str, port: int, seconds: float, *, must_be_public: bool) -> list[Place]:
    """What the name means now. Raises NotPublic where any of it is no public address."""
    places = _look_up(host.strip("[]"), port, seconds)
    if must_be_public and not all(is_public(str(address[0])) for _, address in places):
        raise NotPublic("not a public address")
    return places


def _look_up(host: str, port: int, seconds: float) -> list[Place]:
    """Raises TimeoutError. The resolver has no limit that we could set, nor a socket to shut."""
    found: queue.SimpleQueue[list[Place] | OSError | UnicodeError] = queue.SimpleQueue()

    def look() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([(family, address) for family, _, _, _, address in rows])
        except (OSError, UnicodeError) as fault:
            found.put(fault)

    threading.Thread(target=look, name="source-name", daemon=True).start()
    try:
        answer = found.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, list):
        return answer
    raise answer


def is_public(text: str) -> bool:
    """An IPv6 address that stands for one of IPv4 is judged by that one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


class _Watched(HTTPConnection):
    """Connects to the very addresses that were looked at, and tells its watch of the socket."""

    def __init__(self, *given: Any, watch: Watch, must_be_public: bool, **named: Any) -> None:
        super().__init__(*given, **named)
        self._watch, self._must_be_public = watch, must_be_public

    def request(self, *given: Any, **named: Any) -> None:
        if self.sock is not None and not self._watch.is_holding:
            self._watch.hold(self.sock)  # a connection kept open since the question before
        super().request(*given, **named)

    def _new_conn(self) -> socket.socket:
        left = self._watch.seconds_left
        seconds = min(self.timeout or left, left)
        try:
            places = places_of(
                self._dns_host, self.port, seconds, must_be_public=self._must_be_public
            )
        except TimeoutError as fault:
            raise ConnectTimeoutError(self, "the name was not found in time") from fault
        except (OSError, UnicodeError) as fault:
            raise NameResolutionError(self.host, self, _as_gaierror(fault)) from fault
        return self._first_of(places)

    def _first_of(self, places: Sequence[Place]) -> socket.socket:
        trouble: OSError = OSError("the name leads nowhere")
        for family, address in places:
            left = self._watch.seconds_left
            if left <= 0:
                raise ConnectTimeoutError(self, "no time is left")
            try:
                return self._connect_to(family, address, min(self.timeout or left, left))
            except OSError as fault:
                trouble = fault
        if isinstance(trouble, TimeoutError):
            raise ConnectTimeoutError(self, "not in time") from trouble
        raise NewConnectionError(self, "not connected") from trouble

    def _connect_to(self, family: int, address: Any, seconds: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(seconds)
            sock.connect(address)
            self._watch.hold(sock)
        except OSError:
            sock.close()
            raise
        return sock


class WatchedHTTP(_Watched):
    pass


class WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = WatchedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = WatchedHTTPS


def pool_of(
    scheme: str,
    host: str,
    port: int,
    watch: Watch,
    timeout: urllib3.Timeout,
    *,
    must_be_public: bool,
) -> urllib3.HTTPConnectionPool:
    """One connection, kept open between questions."""
    kind = _HTTPSPool if scheme == "https" else _HTTPPool
    return kind(
        host,
        port,
        timeout=timeout,
        maxsize=1,
        retries=False,
        watch=watch,
        must_be_public=must_be_public,
    )


def _as_gaierror(fault: Exception) -> socket.gaierror:
    return fault if isinstance(fault, socket.gaierror) else socket.gaierror(str(fault))
