"""The part of OneRoster's filters that practice servers understand: comparisons, one AND or OR."""

import operator as operators
import re
from collections.abc import Callable, Mapping
from typing import Any

_PART = re.compile(r"\s*([\w.]+)\s*(>=|<=|!=|=|>|<|~)\s*'([^']*)'\s*")
_JOIN = re.compile(r"\s(AND|OR)\s")
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
    "~": operators.contains,
}


class BadFilter(ValueError):
    """The filter is none; a server answers 400."""


def keeps(record: Mapping[str, Any], text: str) -> bool:
    """Whether the record is among those the filter asks for. Raises BadFilter."""
    if not text:
        return True
    pieces = _JOIN.split(text)
    joins = set(pieces[1::2])
    if len(joins) > 1:
        raise BadFilter(text)
    found = [_compare(record, piece) for piece in pieces[::2]]
    return any(found) if joins == {"OR"} else all(found)


def _compare(record: Mapping[str, Any], piece: str) -> bool:
    parsed = _PART.fullmatch(piece)
    if parsed is None:
        raise BadFilter(piece)
    name, operator, value = parsed.groups()
    held = str(record.get(name, ""))
    return _OPERATORS[operator](held, value)
