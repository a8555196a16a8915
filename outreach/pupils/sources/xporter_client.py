"""Asking Xporter: the school's token, renewed when it has run out, and what a refusal means.

A token belongs to one school and is good until `expires`. Where none is given, the words of
`ExceptionMessage` tell a school that has paused from one that has withdrawn its permission.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from outreach.clock import Clock
from outreach.pupils.sources.http import Answer, HttpClient, Patience
from outreach.pupils.sources.source import (
    Access,
    Nonsense,
    Paused,
    Revoked,
    SourceTrouble,
    Unreachable,
)
from outreach.pupils.sources.xporter_mapping import XporterMapping
from outreach.pupils.sources.xporter_shapes import CALLED, Envelope, first_of, folded, read_envelope

EARLY = timedelta(seconds=60)
"""A token is renewed this long before it ends, so that it does not end on the way."""
LONGEST_TOKEN = 20_000
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes: a page has 500 pupils with all that is joined to them. The operator chose the host."""
MOST_PAGES = 2_000


class NotShared(Exception):
    """The token is good, and these data are not given for it: no trouble of the whole school."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class XporterClient:
    """One school's. Holds its token for as long as it lasts; nothing here logs anything."""

    def __init__(
        self,
        access: Access,
        base_url: str,
        token_url: str,
        app_id: str,
        clock: Clock,
        patience: Patience,
        mapping: XporterMapping,
    ) -> None:
        self._access, self._app_id, self._clock, self._mapping = access, app_id, clock, mapping
        self._api = HttpClient(
            CALLED,
            base_url,
            may_be_private=True,
            patience=patience,
            largest_answer=LARGEST_ANSWER,
        )
        self._login = HttpClient(CALLED, token_url, may_be_private=True, patience=patience)
        self._token: str | None = None
        self._renew_at: datetime | None = None

    def require_token(self) -> None:
        """Raises Paused or Revoked where the school is; Nonsense where no reason is understood."""
        if self._token is not None and (self._renew_at is None or self._clock() < self._renew_at):
            return
        self._token = None
        words = self._mapping.token
        answer = self._login.post_json(
            self._login.base_url,
            {
                "estab": self._access.external_id,
                "relyingParty": self._app_id,
                "password": self._access.secret,
                "thirdpartyid": words.third_party,
            },
        )
        reply = folded(answer.document) if isinstance(answer.document, Mapping) else {}
        token = reply.get("token")
        if isinstance(token, str) and _can_be_header(token) and answer.status < 300:
            self._token, self._renew_at = token, _renew_at(reply.get("expires"), self._clock())
            return
        if refusal := self._refusal(answer):
            raise refusal
        if answer.status == 401:
            raise _refused()
        raise Nonsense(
            f"{CALLED} gave no access to this school and a reason that this service does not know "
            f"(status {answer.status}). Nothing was changed. Whoever runs the service may ask "
            "Groupcall, and add the words to xporter.yaml."
        )

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The document under `/School/{estab}/`, or a global one where `path` begins with `/`.

        Raises NotShared where only these data are refused, else a SourceTrouble.
        """
        school = quote(self._access.external_id, safe="")
        whole = path[1:] if path.startswith("/") else f"School/{school}/{path}"
        answer = self._ask(whole, query)
        if answer.status in (401, 403):
            self._token = None  # ended early, or taken back: only a new one can tell
            answer = self._ask(whole, query)
        if refusal := self._refusal(answer):
            raise refusal
        if answer.status == 401:
            raise Unreachable(
                f"{CALLED} gives this service a token and then does not accept it. Nothing was "
                "changed. It is tried again by itself; if it stays so, ask Groupcall."
            )
        if answer.status in (403, 404):
            raise NotShared(answer.status)
        if answer.status != 200 or answer.document is None:
            raise Nonsense(
                f"{CALLED} answered {answer.status} where data was asked for. Nothing was changed. "
                "Tell whoever runs this service."
            )
        return answer.document

    def page(
        self, path: str, names: Sequence[str], page: int, query: Mapping[str, str] | None = None
    ) -> Envelope:
        """One page of data. Raises Unreachable where Xporter's copy of them is not fresh."""
        paging = {"page": str(page), "pageSize": str(self._mapping.page_size)}
        document = self.get(path, {**(query or {}), **paging})
        envelope = read_envelope(document, names, page, self._mapping.db_status)
        if not envelope.is_fresh:
            self._ask_to_be_called(path)
            raise Unreachable(
                f"{CALLED} says that its copy of the school's data is not up to date, so who is "
                "missing from it cannot be told. Nothing was changed. It is tried again by itself; "
                "if it stays so, the school's IT team can look at the Xporter agent."
            )
        return envelope

    def pages(
        self, path: str, names: Sequence[str], query: Mapping[str, str] | None = None
    ) -> Iterator[Envelope]:
        """Every page; raises Unreachable where fewer records came than were announced."""
        number, seen = 1, 0
        first: Envelope | None = None
        while True:
            envelope = self.page(path, names, number, query)
            first = first or envelope
            seen += len(envelope.rows)
            is_last = is_last_page(envelope, first, number, seen, self._mapping.page_size, names[0])
            yield envelope
            if is_last:
                return
            number += 1

    def _ask(self, path: str, query: Mapping[str, str] | None) -> Answer:
        self.require_token()
        return self._api.get(path, query, {"Authorization": f"Idaas {self._token}"})

    def _refusal(self, answer: Answer) -> SourceTrouble | None:
        """By the words of an exception, whatever the status; None where there are none we know."""
        reply = folded(answer.document) if isinstance(answer.document, Mapping) else {}
        told = first_of(reply, ("ExceptionMessage", "Message"))
        text = told.casefold() if isinstance(told, str) else ""
        if any(words.casefold() in text for words in self._mapping.token.paused):
            return Paused(
                "The school has paused sharing at Groupcall while it settles whose data is shared. "
                "It goes on as soon as the school has done so in Groupcall's console."
            )
        if any(words.casefold() in text for words in self._mapping.token.refused):
            return _refused()
        return None

    def _ask_to_be_called(self, path: str) -> None:
        """Only now: an address given with every question would be called for every question."""
        if self._access.callback_url is None:
            return
        query = {"onlyGetDbStatus": "true", "callbackUrl": self._access.callback_url}
        try:
            self.get(path, query)
        except (NotShared, SourceTrouble):
            return  # the next sync asks again in any case


def is_last_page(
    envelope: Envelope, first: Envelope, number: int, seen: int, page_size: int, name: str
) -> bool:
    """Whether the data end here. Raises Unreachable where they cannot be whole.

    `seen` counts this page's records too. `first` is what the first page announced.
    """
    came, announced = len(envelope.rows), envelope.row_count
    if (announced, envelope.page_count) != (first.row_count, first.page_count):
        raise Unreachable(
            f"The {name} changed at {CALLED} while they were being read. Nothing was changed here. "
            "They are read again from the beginning at the next sync."
        )
    full = envelope.page_size or page_size
    is_last = came != full if envelope.page_count is None else number >= envelope.page_count
    if number >= MOST_PAGES and not is_last:
        raise Nonsense(
            f"{CALLED} gives the {name} without an end. Nothing was changed. Tell whoever runs "
            "this service."
        )
    if not envelope.is_alone:
        return is_last  # the counts may be of what came beside it
    if is_last and announced is not None and seen != announced:
        raise Unreachable(
            f"{CALLED} announced {announced:,} {name} and gave {seen:,}, so the answer is not "
            "whole. Nothing was changed. It is asked again at the next sync."
        )
    if came < full and not is_last:
        raise Unreachable(
            f"{CALLED} gave {came:,} {name} on a page of {full:,} with more to come, so the answer "
            "is not whole. Nothing was changed. It is asked again at the next sync; if it always "
            "says so, page_size in xporter.yaml can be made smaller."
        )
    return is_last


def _refused() -> Revoked:
    return Revoked(
        f"{CALLED} does not accept the school's secret: the school has withdrawn its permission, "
        "or authorised this service again and got a new secret. Whoever manages data sharing at "
        "the school can authorise it again in Groupcall's console."
    )


def _can_be_header(token: str) -> bool:
    return 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()


def _renew_at(expires: Any, now: datetime) -> datetime | None:
    """None where it does not say: then the token is used until it is refused."""
    try:
        moment = datetime.fromisoformat(expires)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment - EARLY, now + timedelta(seconds=1)) if moment.year > 1 else None
