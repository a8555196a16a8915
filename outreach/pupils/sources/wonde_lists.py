"""Wonde's answers: one document, one page of a list, a whole list.

After docs.wonde.com and Wonde's public client libraries:
`{"data": …, "meta": {"pagination": {"next": address, "more": bool}}}`, bearer tokens, 422 for what
Wonde cannot make sense of. The `region` of a school is not followed: a token goes to the host of
the base address and to no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from outreach.pupils.sources.http import HttpClient, Patience
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.wonde_mapping import WondeMapping, wonde_mapping

MOST_PAGES = 2_000
"""Of one list: 400,000 students. A source that never ends must not fill our disk."""
LONGEST_ADDRESS = 4_000


class Closed(Exception):
    """401, 403 or 404: what was asked for is not open to us. Why, only the school's standing says."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Rows:
    """One page of a list. `next` is the address of the next one; None after the last."""

    rows: Sequence[Any] = field(repr=False)
    next: str | None


class WondeLists:
    """One token's view of Wonde. Methods raise SourceTrouble, and `Closed` where they say so."""

    def __init__(
        self,
        base_url: str,
        token: str,
        mapping: WondeMapping | None = None,
        *,
        may_be_private: bool = True,
        patience: Patience | None = None,
    ) -> None:
        self._http = HttpClient("Wonde", base_url, may_be_private, patience or Patience())
        self._headers = {"Authorization": f"Bearer {token}"}
        self._mapping = mapping or wonde_mapping()

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address; Nonsense where it would be of another host."""
        return self._http.address(path, query)

    def paged(self, query: Mapping[str, str]) -> dict[str, str]:
        return {**query, "per_page": str(self._mapping.page_size)}

    def every_page(self, path: str, query: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        """The rows of a whole list, page by page. Raises Closed."""
        address = self.address(path, self.paged(query))
        for _ in range(MOST_PAGES):
            page = self.page(address)
            yield page.rows
            if page.next is None:
                return
            address = page.next
        raise endless()

    def page(self, address: str) -> Rows:
        """One page of a list, by its whole address. Raises Closed."""
        document = self.read(address)
        rows = document.get("data")
        if not isinstance(rows, list):
            raise Nonsense(
                "Wonde answered with something else than a list, so reading stopped there. Nothing "
                "was changed. Check that WONDE_URL is right."
            )
        return Rows(rows, self._next(document, address))

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The document of one answer. Raises Closed."""
        answer = self._http.get(path, query, self._headers)
        if answer.status in (401, 403, 404):
            raise Closed(answer.status)
        if answer.status == 422:
            raise Nonsense(
                "Wonde could not make sense of what it was asked (422). Nothing was changed. "
                "Whoever runs this service finds the names that are asked for in wonde.yaml."
            )
        if not 200 <= answer.status < 300 or not isinstance(answer.document, Mapping):
            raise Nonsense(
                f"Wonde answered in a way that is not understood ({answer.status}). Nothing was "
                "changed. Check that WONDE_URL is right."
            )
        return answer.document

    def _next(self, document: Mapping[str, Any], address: str) -> str | None:
        """A list that says that there is more, and not where, is not a whole one."""
        meta = document.get("meta")
        pagination = meta.get("pagination") if isinstance(meta, Mapping) else None
        if not isinstance(pagination, Mapping):
            return None
        following, more = pagination.get("next"), pagination.get("more")
        if more is False or (more is None and not following):
            return None
        if not isinstance(following, str) or not _is_address(following):
            raise Nonsense(
                "Wonde said that there are more pages, but not where. Nothing was changed. It is "
                "asked again at the next sync."
            )
        whole = self.address(_joined(address, following))
        if whole == address:
            raise endless()
        return whole


def endless() -> Nonsense:
    return Nonsense(
        "Wonde's pages do not come to an end, so reading stopped. Nothing was changed. It is asked "
        "again at the next sync."
    )


def _is_address(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ADDRESS and text.isascii() and text.isprintable()


def _joined(address: str, following: str) -> str:
    try:
        return urljoin(address, following)
    except ValueError:
        return following  # which `address` then refuses
