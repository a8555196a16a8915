"""Asking an integrator over HTTP: timeouts, retries with growing waits, Retry-After, size limits.

Errors are troubles of a source in words for staff. Nothing here logs an address, a token or an
answer; redirects are not followed, and a next page on another host is refused, so that a token
never reaches anybody but the host it is for.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from outreach.pupils.sources.sockets import NotPublic, Watch, pool_of
from outreach.pupils.sources.source import Nonsense, PutOff, TooSlow, Unreachable
from outreach.pupils.sources.web_address import BadAddress, Base, read_base, target_of

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of one page, unpacked, where a source does not say otherwise."""
TRIES = 4
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds: doubled each time, with up to half more. A longer Retry-After ends the turn (PutOff)."""
_PIECE = 256 * 1024
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """A whole answer. `document` is its JSON; None where it is empty or not JSON."""

    status: int
    document: Any = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Patience:
    """How long we wait for a source. Tests give little of it."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    whole_seconds: float = 180.0
    """For one answer in all: a source that drips bytes must not hold a worker for ever."""
    page_seconds: float = 600.0
    """For a page of pupils with all else that is asked of them, where a source sets it as a limit."""
    tries: int = TRIES
    first_wait: float = FIRST_WAIT
    longest_wait: float = LONGEST_WAIT
    sleep: Callable[[float], None] = time.sleep


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
    largest_answer: int = LARGEST_ANSWER

    def __post_init__(self) -> None:
        self._watch = Watch()
        self._connected: tuple[Base, urllib3.HTTPConnectionPool] | None = None
        self._page_ends_at: float | None = None

    def begin_page(self) -> None:
        """From here on, all that is asked has `page_seconds`; until it is begun anew."""
        self._page_ends_at = time.monotonic() + self.patience.page_seconds

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
        base = self._base()
        try:
            target = target_of(base, path)
        except ValueError:
            raise Nonsense(
                f"{self.called} named another host as the next page, so reading stopped there. "
                "Nothing was changed. Tell whoever runs this service."
            ) from None
        whole = base.origin + target
        return f"{whole}{'&' if '?' in whole else '?'}{urlencode(query)}" if query else whole

    def _base(self) -> Base:
        try:
            base = read_base(self.base_url)
        except BadAddress:
            raise Nonsense(f"The address of {self.called} is none. Correct it.") from None
        if not self.may_be_private and not base.is_https:
            raise self._not_entered()
        return base

    def _not_entered(self) -> Nonsense:
        """In the same words whatever it is: they are no means of looking about in our network."""
        return Nonsense(
            f"The address of {self.called} is not one that this service asks: it has to lead to "
            "the public internet, begin with https:// and name no port. Give its public address."
        )

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        trouble = ""
        for attempt in range(self.patience.tries):
            if attempt:
                self.patience.sleep(self._wait(attempt))
            try:
                answer = self._ask_once(method, address, headers, body)
            except NotPublic:
                raise self._not_entered() from None
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
            raise PutOff(
                f"{self.called} is busy and asked us to come back in {_span(seconds)}. The sync "
                "goes on by itself then, in the coming night at the latest.",
                seconds,
            )
        self.patience.sleep(seconds)

    def _ask_once(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        with self._watch.of_seconds(self._seconds()):
            try:
                answer, content = self._take(method, address, headers, body)
            except (HTTPError, OSError):
                if self._watch.is_over:  # whatever being cut off looked like
                    raise self._too_slow() from None
                raise
            if self._watch.is_over:  # an answer without a length seems to be whole when it is cut
                raise self._too_slow()
        return Answer(answer.status, self._document(content, answer.status), answer.headers)

    def _seconds(self) -> float:
        whole = self.patience.whole_seconds
        left = whole if self._page_ends_at is None else self._page_ends_at - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        return min(whole, left)

    def _too_slow(self) -> TooSlow:
        return TooSlow(
            f"{self.called} did not answer in time: it sends too slowly to be waited for. Nothing "
            "was changed. It is tried again by itself at the next sync."
        )

    def _take(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        base, pool = self._pool()
        answer = pool.request(
            method,
            target_of(base, address),
            body=body,
            headers={"Accept": "application/json", "User-Agent": "outreach", **headers},
            redirect=False,
            preload_content=False,
        )
        content = bytearray()
        is_whole = False
        try:
            for piece in answer.stream(_PIECE, decode_content=True):
                content += piece
                if len(content) > self.largest_answer:
                    raise Nonsense(
                        f"{self.called} sent an answer larger than "
                        f"{self.largest_answer // 1024 // 1024} MB, so reading stopped there. "
                        "Nothing was changed. Tell whoever runs this service."
                    )
            is_whole = True
            answer.release_conn()
        finally:
            if not is_whole:
                answer.close()
        return answer, bytes(content)

    def _pool(self) -> tuple[Base, urllib3.HTTPConnectionPool]:
        if self._connected is None:
            base, patience = self._base(), self.patience
            self._connected = (
                base,
                pool_of(
                    base.scheme,
                    base.host,
                    base.port,
                    self._watch,
                    urllib3.Timeout(connect=patience.connect_seconds, read=patience.read_seconds),
                    must_be_public=not self.may_be_private,
                ),
            )
        return self._connected

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
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes >= 24 * 60:
        return "a day or more"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


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
