"""Asking an integrator over HTTP: timeouts, retries with growing waits, Retry-After, size limits.

Errors are troubles of a source in words for staff. Nothing here logs an address, a token or an
answer; redirects are not followed, and a next page on another host is refused, so that a token
never reaches anybody but the host it is for.
"""

import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError

from outreach.pupils.sources.source import Nonsense, PutOff, Unreachable

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of one page, unpacked."""
DEEPEST_JSON = 40
TRIES = 4
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds: doubled each time, with up to half more. A longer Retry-After ends the turn (PutOff)."""
_PIECE = 256 * 1024
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """A whole answer. `document` is its JSON; None where it is empty or not JSON."""

    status: int
    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Patience:
    """How long we wait for a source. Tests give little of it."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    whole_seconds: float = 180.0
    """For one answer in all: a source that drips bytes must not hold a worker for ever."""
    tries: int = TRIES
    first_wait: float = FIRST_WAIT
    longest_wait: float = LONGEST_WAIT
    sleep: Callable[[float], None] = time.sleep


class _Private(HTTPError):
    """The name leads to an address that is not public."""


def _require_public(sock: Any) -> None:
    address = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_global:
        sock.close()
        raise _Private("not a public address")


class _PublicHTTPConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _require_public(self.sock)


class _PublicHTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _require_public(self.sock)


class _PublicHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


@dataclass
class HttpClient:
    """One source's connection. `called` is the integrator's name in messages.

    `may_be_private`: the operator chose the address. Otherwise it was typed by a member of a
    school's staff, and whatever it resolves to must be a public address, at the moment of asking.
    """

    called: str
    base_url: str
    may_be_private: bool = False
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=2,
            retries=False,
            timeout=urllib3.Timeout(
                connect=self.patience.connect_seconds, read=self.patience.read_seconds
            ),
        )
        if not self.may_be_private:
            self._pool.pool_classes_by_scheme = {
                "http": _PublicHTTPPool,
                "https": _PublicHTTPSPool,
            }

    def get(
        self, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        return self._ask("GET", self.address(path, query), headers, None)

    def post_json(self, path: str, body: object, headers: Mapping[str, str] = {}) -> Answer:
        kind = {"Content-Type": "application/json"}
        return self._ask("POST", self.address(path), {**headers, **kind}, json.dumps(body).encode())

    def post_form(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] = {}
    ) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", self.address(path), {**headers, **kind}, urlencode(form).encode())

    def delete(self, path: str, headers: Mapping[str, str] = {}) -> Answer:
        return self._ask("DELETE", self.address(path), headers, None)

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Under the base address. An absolute `path` (a next page) must be of the same origin."""
        base = self.base_url.rstrip("/") + "/"
        try:
            whole = urljoin(base, path.lstrip("/") if "://" not in path else path)
            is_same_host = _origin(whole) == _origin(base)
        except ValueError:  # such as a port that is no number
            is_same_host = False
        if not is_same_host:
            raise Nonsense(
                f"{self.called} named another host as the next page, so reading stopped there. "
                "Nothing was changed. Tell whoever runs this service."
            )
        return f"{whole}{'&' if '?' in whole else '?'}{urlencode(query)}" if query else whole

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        trouble = ""
        for attempt in range(self.patience.tries):
            if attempt:
                self.patience.sleep(self._wait(attempt))
            try:
                answer = self._ask_once(method, address, headers, body)
            except _Private:
                raise Nonsense(
                    f"The address of {self.called} leads to a private network, which this service "
                    "does not enter. Give its public address."
                ) from None
            except LocationParseError:
                raise Nonsense(f"The address of {self.called} is none. Correct it.") from None
            except (HTTPError, OSError) as fault:
                trouble = _in_words(fault)
                continue
            if answer.status not in _AGAIN:
                return answer
            trouble = f"it answered {answer.status}"
            self._heed_retry_after(answer)
        raise Unreachable(
            f"{self.called} could not be read: {trouble}, {self.patience.tries} times. "
            "It is tried again by itself at the next sync."
        )

    def _wait(self, attempt: int) -> float:
        wait = min(self.patience.first_wait * float(2 ** (attempt - 1)), self.patience.longest_wait)
        return wait * random.uniform(1.0, 1.5)  # noqa: S311 -- spreads load, guards nothing

    def _heed_retry_after(self, answer: Answer) -> None:
        seconds = retry_after(answer.headers)
        if seconds is None:
            return
        if seconds > self.patience.longest_wait:
            minutes = max(1, round(seconds / 60))
            raise PutOff(
                f"{self.called} is busy and asked us to come back in {minutes} "
                f"minute{'' if minutes == 1 else 's'}. The sync goes on by itself then.",
                seconds,
            )
        self.patience.sleep(seconds)

    def _ask_once(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        ends_at = time.monotonic() + self.patience.whole_seconds
        answer = self._pool.request(
            method,
            address,
            body=body,
            headers={"Accept": "application/json", "User-Agent": "outreach", **headers},
            redirect=False,
            preload_content=False,
        )
        guard = threading.Timer(self.patience.whole_seconds, answer.close)
        guard.daemon = True
        guard.start()
        try:
            content = bytearray()
            for piece in answer.stream(_PIECE, decode_content=True):
                content += piece
                if len(content) > LARGEST_ANSWER:
                    raise Nonsense(
                        f"{self.called} sent an answer larger than "
                        f"{LARGEST_ANSWER // 1024 // 1024} MB, so reading stopped there. "
                        "Nothing was changed. Tell whoever runs this service."
                    )
                if time.monotonic() > ends_at:
                    raise urllib3.exceptions.ReadTimeoutError(self._pool, "", "too slow")  # type: ignore[arg-type]
        except ValueError as fault:  # what is read of a connection that the guard has closed
            raise urllib3.exceptions.ProtocolError("cut off", fault) from fault
        finally:
            guard.cancel()
            answer.close()
        return Answer(answer.status, self._document(bytes(content), answer.status), answer.headers)

    def _document(self, content: bytes, status: int) -> Any:
        if not content.strip():
            return None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            if status >= 300:
                return None  # an error page in HTML says nothing more than its status
            raise Nonsense(
                f"{self.called} sent an answer that is not JSON. Check that the address is right: "
                "it may be that of a web page."
            ) from None
        return document


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait by Retry-After, which is a number or a date (RFC 9110 §10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit() and len(text) < 8:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _origin(address: str) -> tuple[str, str, int | None]:
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _in_words(fault: Exception) -> str:
    """By kind alone: an error's own text can hold the address asked for."""
    match fault:
        case urllib3.exceptions.NameResolutionError():
            return "its name could not be found"
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return "it did not answer in time"
        case urllib3.exceptions.SSLError():
            return "its certificate could not be trusted"
        case urllib3.exceptions.NewConnectionError():
            return "it could not be connected to"
        case _:
            return "its answer was cut off"
