"""What Xporter answers with: the envelope around the data, and single values in a record.

Documents show the envelope's own keys as `__pagination__`, clients read them as `Pagination`, and
each is an object or a list of one; here they are all the same.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from outreach.pupils.sources.cells import LONGEST_TEXT, BadCell, read_date, tidy
from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.xporter_mapping import DbStatusWords

CALLED = "Groupcall Xporter"
LONGEST_CELL = 2_000
MOST_IDS = 500
"""Groups of one pupil, or scopes of one token."""
_OWN_KEYS = frozenset({"changedrows", "dbstatus", "meta", "pagination"})
_NO_LETTER = re.compile(r"[\W_]+")

Row = Mapping[str, Any]
"""One record, its keys folded."""


@dataclass(frozen=True)
class Envelope:
    """One page of one kind of data. Counts are None where the answer does not give them."""

    rows: Sequence[Any] = field(repr=False)
    page_count: int | None
    row_count: int | None
    page_size: int | None
    mark: str | None
    deleted: tuple[str, ...] = field(repr=False)
    is_fresh: bool
    is_alone: bool
    """False where other data came beside these: the counts may then be of all together."""


@lru_cache(maxsize=4_000)
def fold(name: str) -> str:
    return _NO_LETTER.sub("", name.casefold())


def read_envelope(
    document: Any, names: Sequence[str], page: int, status: DbStatusWords
) -> Envelope:
    """Raises Nonsense where the data are not there, or are of another page than was asked for."""
    if not isinstance(document, Mapping):
        raise _unexpected(f"the answer for {names[0]} is not an object")
    known = folded(document)
    name = next((fold(name) for name in names if fold(name) in known), None)
    if name is None:
        raise _unexpected(f"the answer has no {names[0]}")
    rows = known[name]
    rows = [] if rows is None else rows if isinstance(rows, list) else [rows]
    paging = _only(known.get("pagination"))
    given_page = _number(paging.get("pagenumber"))
    if given_page is not None and given_page != page:
        raise _unexpected(f"page {page} of {names[0]} was asked for, page {given_page} came")
    changes = _only(known.get("changedrows"))
    mark = changes.get("nextchangedrows")
    return Envelope(
        rows=rows,
        page_count=_number(paging.get("pagecount")),
        row_count=_number(paging.get("rowcount")),
        page_size=_number(paging.get("pagesize")),
        mark=mark if isinstance(mark, str) and 0 < len(mark) <= LONGEST_TEXT else None,
        deleted=tuple(_deleted_ids(known.get(f"{name}deleted"))),
        is_fresh=is_fresh(known.get("dbstatus"), status),
        is_alone=not any(_is_data(key, value) for key, value in known.items() if key != name),
    )


def is_fresh(db_status: Any, words: DbStatusWords) -> bool:
    """Whether no status that it names is another than a fresh one. Nothing named is nothing amiss."""
    fresh = {word.casefold() for word in words.fresh}
    entries = db_status if isinstance(db_status, list) else [db_status]
    for entry in entries:
        told = first_of(folded(entry), words.names) if isinstance(entry, Mapping) else entry
        if isinstance(told, str) and told.strip() and told.strip().casefold() not in fresh:
            return False
    return True


def folded(record: Mapping[Any, Any]) -> Row:
    return {fold(str(key)[:LONGEST_TEXT]): value for key, value in record.items()}


def first_of(row: Row, names: Sequence[str]) -> Any:
    """The first value that is not empty; None where there is none."""
    for name in names:
        value = row.get(fold(name))
        if value not in (None, ""):
            return value
    return None


def cell_of(value: Any, *, is_yes_no: bool = False) -> str | None:
    """The value as the text of a cell; None where it is no single value of the kind expected."""
    cell = None if isinstance(value, bool) and not is_yes_no else as_cell(value)
    return None if cell is None else cell[:LONGEST_CELL]


def identifier_of(row: Row, names: Sequence[str]) -> str | None:
    """None where there is none that could be one."""
    return as_identifier(first_of(row, names))


def as_identifier(value: Any) -> str | None:
    return None if isinstance(value, bool | float) else plain(value)


def identifiers_in(value: Any) -> list[str]:
    """Of a list, or of a text with commas between."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        parts = [parts]
    found = (as_identifier(part) for part in parts[:MOST_IDS])
    return [identifier for identifier in found if identifier]


def plain(value: Any) -> str | None:
    """A short text of one line; None where it is another, or blank."""
    try:
        text = tidy(cell_of(value) or "")
    except BadCell:
        return None
    return text if 0 < len(text) <= LONGEST_TEXT else None


def day_of(row: Row, names: Sequence[str]) -> date | None:
    """Whatever the hour; None where there is no day, or none that can be read."""
    text = as_cell(first_of(row, names)) or ""
    try:
        return read_date(text[:10])
    except BadCell:
        return None


def matches(row: Row, where: Mapping[str, Collection[str]]) -> bool:
    """Whether every named value is one of those listed, capitals aside."""
    return all(
        (as_cell(row.get(fold(name))) or "").strip().casefold()
        in {word.casefold() for word in words}
        for name, words in where.items()
    )


def _is_data(key: str, value: Any) -> bool:
    return isinstance(value, list) and key not in _OWN_KEYS and not key.endswith("deleted")


def _unexpected(what: str) -> Nonsense:
    return Nonsense(
        f"{CALLED} answered in another shape than its documents show ({what}). Nothing was "
        "changed. Tell whoever runs this service: what it calls things is set in xporter.yaml."
    )


def _only(value: Any) -> Row:
    first = value[0] if isinstance(value, list) and value else value
    return folded(first) if isinstance(first, Mapping) else {}


def _number(value: Any) -> int | None:
    text = as_cell(value) if not isinstance(value, bool) else None
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _deleted_ids(value: Any) -> list[str]:
    rows = value if isinstance(value, list) else []
    return [
        found
        for row in rows
        if (
            found := identifier_of(folded(row), ("Id",))
            if isinstance(row, Mapping)
            else as_identifier(row)
        )
    ]
