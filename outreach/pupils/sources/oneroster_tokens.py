"""What a OneRoster server is shown: the secret as it is, or a token that the secret buys.

A token comes by OAuth 2 client credentials (RFC 6749 §4.4). Where, and in which of the ways that
servers want, is found out by asking; the way that worked is kept for the next token.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from outreach.clock import Clock
from outreach.pupils.sources.http import Answer, HttpClient
from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.oneroster_mapping import TokenPlaces
from outreach.pupils.sources.source import Access, Nonsense, Revoked, TooSlow, Unreachable

EARLY = timedelta(seconds=30)
"""A token is renewed so long before it ends, since an answer takes its time."""
LONGEST_LIFE = 86_400
MOST_FOLDERS = 8
_ABSENT = frozenset({404, 405, 410, 501})

REFUSED = (
    "The OneRoster server refused the secret, both as a token and as a client's secret. Either the "
    "school took the permission back, or the id or the secret is not right. Ask whoever runs the "
    "server for new ones and connect again."
)


@dataclass(frozen=True)
class _Way:
    """One way of asking for a token. `in_body`: the client's id and secret go into the form."""

    address: str
    scope: str
    in_body: bool


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    ends_at: datetime


class Tokens:
    """Begins with the secret as it is; `buy` changes over to tokens."""

    def __init__(
        self, access: Access, base: str, client: HttpClient, places: TokenPlaces, clock: Clock
    ) -> None:
        self._id, self._secret = access.external_id.strip(), access.secret.strip()
        self._base, self._client, self._places, self._clock = base, client, places, clock
        self._way: _Way | None = None
        self._token: _Token | None = None

    @property
    def is_bought(self) -> bool:
        return self._token is not None

    def headers(self) -> dict[str, str]:
        if self._token is not None and self._clock() >= self._token.ends_at:
            self.buy()
        text = self._secret if self._token is None else self._token.text
        if not (text.isascii() and text.isprintable()):
            raise Revoked(
                "The secret holds characters that no OneRoster secret has. Type it again."
            )
        return {"Authorization": f"Bearer {text}"}

    def buy(self) -> None:
        """Raises Revoked where no way brings a token."""
        trouble: Unreachable | None = None
        if self._way is not None and self._take(self._ask(self._way)):
            return
        for address in self._addresses():
            try:
                if self._buy_at(address):
                    return
            except TooSlow:
                raise
            except Unreachable as fault:
                trouble = trouble or fault
            except Nonsense:
                continue  # a web page, or an address of another host
        raise trouble or Revoked(REFUSED)

    def _buy_at(self, address: str) -> bool:
        for scope in self._places.scopes:
            statuses = set()
            for in_body in (False, True):
                way = _Way(address, scope, in_body)
                answer = self._ask(way)
                if self._take(answer):
                    self._way = way
                    return True
                if answer.status in _ABSENT:
                    return False
                statuses.add(answer.status)
            if not statuses & {400, 403, 422}:
                return False  # not with this secret: other scopes change nothing
        return False

    def _ask(self, way: _Way) -> Answer:
        form = {"grant_type": "client_credentials"}
        headers: dict[str, str] = {}
        if way.scope:
            form["scope"] = way.scope
        if way.in_body:
            form |= {"client_id": self._id, "client_secret": self._secret}
        else:
            pair = base64.b64encode(f"{self._id}:{self._secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return self._client_for(way.address).post_form(way.address, form, headers)

    def _client_for(self, address: str) -> HttpClient:
        """Another client only for an address that the operator's mapping names for this host."""
        if address not in self._places.urls.values():
            return self._client
        return HttpClient(
            self._client.called, address, self._client.may_be_private, self._client.patience
        )

    def _take(self, answer: Answer) -> bool:
        found = answer.document if isinstance(answer.document, dict) else {}
        text = found.get("access_token")
        if not 200 <= answer.status < 300 or not isinstance(text, str) or not text:
            return False
        life = timedelta(seconds=_seconds(found.get("expires_in"), self._places.lasts))
        self._token = _Token(text, self._clock() + max(life - EARLY, life / 2))
        return True

    def _addresses(self) -> Iterator[str]:
        parts = urlsplit(self._base)
        elsewhere = self._places.urls.get(parts.hostname or "")
        if elsewhere:
            yield elsewhere
            return
        steps = parts.path.strip("/").split("/")
        folders = ["/".join(steps[:count]) for count in range(len(steps), 0, -1)]
        above = [f"/{folder}" for folder in folders if folder] + [""]
        for path in self._places.paths:
            for folder in above[:MOST_FOLDERS]:
                yield f"{parts.scheme}://{parts.netloc}{folder}/{path}"


def _seconds(value: Any, default: int) -> int:
    text = as_cell(value) or ""
    return min(int(text), LONGEST_LIFE) if text.isdecimal() and 0 < len(text) < 12 else default
