"""The part of OneRoster's filters that practice servers understand: comparisons, one AND or OR."""

import operator as operators
import re
from collections.abc import Callable, Iterable, Mapping
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


def kept(records: Iterable[Any], text: str) -> list[Any]:
    """The records that the filter asks for, and what is no record. Raises BadFilter."""
    pieces = _JOIN.split(text) if text else []
    joins = set(pieces[1::2])
    if len(joins) > 1:
        raise BadFilter(text)
    tests = [_test(piece) for piece in pieces[::2]]
    combine = any if joins == {"OR"} else all
    return [
        record
        for record in records
        if not isinstance(record, dict) or combine(test(record) for test in tests)
    ]


def _test(piece: str) -> Callable[[Mapping[str, Any]], bool]:
    parsed = _PART.fullmatch(piece)
    if parsed is None:
        raise BadFilter(piece)
    name, sign, value = parsed.groups()
    compare = _OPERATORS[sign]
    return lambda record: compare(str(record.get(name, "")), value)
