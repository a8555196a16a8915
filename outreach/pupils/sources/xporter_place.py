"""Where a reading of a school stands: the cursor, and the marks from which changes are told later.

A mark is Xporter's name of a snapshot (`NextChangedRows`); there is one for each kind of data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.xporter_shapes import Envelope

Marks = Mapping[str, str]
"""By the path of the data."""


@dataclass(frozen=True)
class Place:
    """The page to read next, what was read before it, and what the first page announced.

    `is_whole`: every pupil, not only those who changed.
    """

    page: int
    seen: int
    row_count: int | None
    page_count: int | None
    is_whole: bool
    marks: Marks

    def after(self, envelope: Envelope) -> "Place":
        return replace(
            self,
            page=self.page + 1,
            seen=self.seen + len(envelope.rows),
            row_count=envelope.row_count,
            page_count=envelope.page_count,
        )

    def announced(self, envelope: Envelope) -> Envelope:
        """What the first page announced: `envelope` itself where that is the first."""
        if self.page == 1:
            return envelope
        return replace(envelope, row_count=self.row_count, page_count=self.page_count)

    def as_cursor(self) -> str:
        counts = [self.page, self.seen, self.row_count, self.page_count]
        return json.dumps([*counts, self.is_whole, dict(self.marks)])


def start(*, is_whole: bool, marks: Marks) -> Place:
    return Place(1, 0, None, None, is_whole, marks)


def place_at(cursor: str) -> Place:
    """Raises Nonsense where it is none of ours."""
    try:
        page, seen, row_count, page_count, is_whole, marks = json.loads(cursor)
    except (TypeError, ValueError):
        raise Nonsense(
            "The place where the last turn stopped cannot be read. Sync again."
        ) from None
    return Place(page, seen, row_count, page_count, is_whole, marks)


def write_marks(marks: Marks) -> str | None:
    return json.dumps(dict(marks), sort_keys=True) if marks else None


def read_marks(text: str | None) -> Marks:
    """None of them where the text is none of ours: then the whole school is read."""
    try:
        marks: Any = json.loads(text or "{}")
    except ValueError:
        return {}
    return marks if isinstance(marks, dict) else {}
