"""Where a page of a OneRoster list begins, and where the next one does.

A server may count (X-Total-Count), link (Link: rel="next", RFC 8288), do both, or neither; it may
cap the limit we ask for, or pass limit and offset over and give everything each time.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from outreach.pupils.sources.http import Answer
from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.source import Nonsense

MOST_PAGES = 20_000
LONGEST_LINK = 2_000
_LINK = re.compile(r"<([^<>]{1,2000})>([^,<]{0,200})")
_NEXT = re.compile(r'rel\s*=\s*"?[\w\s-]*\bnext\b', re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """The beginning of a page. `aside` counts records so far that are no pupils of the school;
    `first` is the first id of the page before; `link` is the next page's address, where given;
    `taken` is how many records of this page were given on already, which came in pieces;
    `is_whole`: the server cannot filter by date, so the whole list is read."""

    offset: int = 0
    link: str | None = None
    aside: int = 0
    first: str = ""
    pages: int = 0
    taken: int = 0
    is_whole: bool = False

    @classmethod
    def of_cursor(cls, cursor: str | None) -> "Place":
        return cls(**json.loads(cursor)) if cursor else cls()

    def as_cursor(self) -> str:
        return json.dumps(
            {name: value for name, value in vars(self).items() if value not in (0, None, "")}
        )


@dataclass(frozen=True)
class Turned:
    """What follows a page. `expected` are the pupils of the whole list, as far as is known."""

    next: Place | None
    expected: int | None = None
    is_repeated: bool = False
    """It is the page before once more, and counts for nothing."""


def pieces_of(
    users: Sequence[Any], place: Place, following: Place | None, size: int
) -> Iterator[tuple[Sequence[Any], Place | None]]:
    """A page in pieces of at most `size` records, and where reading goes on after each.

    A server may send any number of records in place of those that were asked for; each of them can
    cost more questions, and only between pieces can a sync stop and come back.
    """
    for start in range(place.taken, len(users), size):
        end = start + size
        is_last = end >= len(users)
        yield users[start:end], following if is_last else replace(place, taken=end)
    if place.taken >= len(users):
        yield (), following


def turn(answer: Answer, users: Sequence[Any], place: Place, asked: str, aside: int) -> Turned:
    """`asked` is the page's own address; `aside` how many of its records are no pupils."""
    total = total_of(answer.headers)
    first = _first_id(users)
    if first and place.pages and first == place.first:
        if total is not None and place.offset < total:
            raise _going_round()
        return Turned(None, is_repeated=True)
    if place.pages >= MOST_PAGES:
        raise _going_round()
    after = Place(
        offset=place.offset + len(users),
        aside=place.aside + aside,
        first=first,
        pages=place.pages + 1,
        is_whole=place.is_whole,
    )
    expected = None if total is None else max(0, total - after.aside)
    return Turned(_next(answer, users, after, asked, total), expected)


def _next(
    answer: Answer, users: Sequence[Any], after: Place, asked: str, total: int | None
) -> Place | None:
    if not users:
        return None
    link = next_link(answer.headers, asked)
    if link is not None and (total is None or _origin(link) == _origin(asked)):
        return replace(after, link=link)  # of another host, it is refused when it is asked for
    if total is not None:
        return after if after.offset < total else None
    return None if "Link" in answer.headers else after


def total_of(headers: Mapping[str, str]) -> int | None:
    text = headers.get("X-Total-Count", "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def next_link(headers: Mapping[str, str], asked: str) -> str | None:
    text = headers.get("Link", "")[: 4 * LONGEST_LINK]
    targets = (found[1].strip() for found in _LINK.finditer(text) if _NEXT.search(found[2]))
    return next((_joined(asked, target) for target in targets), None)


def _joined(asked: str, target: str) -> str:
    try:
        return urljoin(asked, target)
    except ValueError:
        return target  # which is refused when it is asked for


def _first_id(users: Sequence[Any]) -> str:
    first = users[0] if users and isinstance(users[0], Mapping) else {}
    return (as_cell(first.get("sourcedId")) or "")[:200]


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", address
    return parts.scheme, parts.netloc


def _going_round() -> Nonsense:
    return Nonsense(
        "The OneRoster server gave the same page again in place of the next, so reading stopped "
        "there. Nothing was changed. Tell whoever runs the server."
    )
