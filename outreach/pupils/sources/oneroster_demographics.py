"""Dates of birth from a OneRoster server, for one page of pupils at a time.

A filter with several ids is asked for first; servers that have no such filter, or pass it over,
are asked for one pupil at a time. A server may also keep demographics from us: then there are none.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote

from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.oneroster_mapping import DemographicsWords
from outreach.pupils.sources.oneroster_server import OneRosterServer, list_in
from outreach.pupils.sources.source import Nonsense

Record = Mapping[str, Any]
_LISTS = ("demographics",)


class _Way(Enum):
    SEVERAL = "several"
    SINGLY = "singly"
    NONE = "none"


class Demographics:
    def __init__(self, server: OneRosterServer, words: DemographicsWords) -> None:
        self._server, self._words = server, words
        self._way: _Way | None = None

    def are_given(self) -> bool:
        if self._way is None:
            self._way = self._find_way()
        return self._way is not _Way.NONE

    def of(self, ids: Sequence[str]) -> dict[str, Record]:
        """By id; a pupil who has none is left out. Raises Nonsense where they are kept back now."""
        if not self.are_given():
            return {}
        found: dict[str, Record] = {}
        if self._way is _Way.SEVERAL:
            safe = [each for each in ids if _is_safe(each)]
            for start in range(0, len(safe), self._words.at_once):
                several = self._several(safe[start : start + self._words.at_once])
                if several is None:
                    self._way = _Way.SINGLY
                    break
                found |= several
        for each in ids:
            if each not in found and (one := self._one(each)) is not None:
                found[each] = one
        return found

    def _find_way(self) -> _Way:
        users = self._server.find().sample
        ids = [text for user in users[:2] if (text := as_cell(user.get("sourcedId")))]
        if len(ids) == 2 and all(_is_safe(each) for each in ids) and self._several(ids):
            return _Way.SEVERAL
        path = self._server.find().path(self._words.path)
        if list_in(self._server.get(path, {"limit": "1", "offset": "0"}), *_LISTS) is not None:
            return _Way.SINGLY
        if ids and self._server.get(f"{path}/{quote(ids[0], safe='')}").status == 200:
            return _Way.SINGLY
        return _Way.NONE

    def _several(self, ids: Sequence[str]) -> dict[str, Record] | None:
        """None where the server does not filter, or passes the filter over."""
        wanted = " OR ".join(f"sourcedId='{each}'" for each in ids)
        query = {"limit": str(len(ids)), "offset": "0", "filter": wanted}
        answer = self._server.get(self._server.find().path(self._words.path), query)
        listed = list_in(answer, *_LISTS)
        if listed is None:
            return None
        found = {
            text: one
            for one in listed
            if isinstance(one, Mapping) and (text := as_cell(one.get("sourcedId")))
        }
        return found if found.keys() <= set(ids) else None

    def _one(self, pupil: str) -> Record | None:
        path = self._server.find().path(f"{self._words.path}/{quote(pupil, safe='')}")
        answer = self._server.get(path)
        if answer.status in (400, 404, 410):
            return None
        if answer.status != 200 or not isinstance(answer.document, dict):
            raise Nonsense(
                f"The OneRoster server stopped giving dates of birth ({answer.status}), so reading "
                "stopped there. Nothing was changed. It is asked again at the next sync."
            )
        one = answer.document.get("demographics", answer.document)
        if isinstance(one, list):
            one = one[0] if one else None
        return one if isinstance(one, dict) else None


def _is_safe(pupil: str) -> bool:
    """Whether the id can stand in a filter without ending it."""
    return pupil.isprintable() and not set(pupil) & set("'\"\\") and len(pupil) <= 100
