"""A body that many people get, encoded once; what each has of their own is put in afterwards.

To render and encode a mail for each of 100,000 costs ten times as much as to fill one in.
"""

import binascii
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import AnyStr

from outreach.mail.bodies import LONGEST_PLAIN_LINE, EncodedBody, encode_body, plain_octets

LONGEST_VALUE = 160
"""Characters of a value; a body with a longer one is encoded as a whole."""


def new_mark() -> str:
    """What stands in a template's output for a value: it is found again, and escaped by nobody."""
    return f"zq{secrets.token_hex(9)}qz"


class Filled(str):
    """The whole text, which remembers how it was put together."""

    __slots__ = ("skeleton", "values")

    skeleton: "Skeleton"
    values: tuple[str, ...]

    def encoded(self) -> EncodedBody:
        """As `encode_body` of the same text; in quoted-printable lines may break elsewhere."""
        return self.skeleton.encoded(self.values) or encode_body(str(self))


class Skeleton:
    """`rendered` has a mark wherever a value goes. `escape` makes a value fit for the text: for HTML,
    `html.escape`. Safe from several threads."""

    def __init__(
        self, rendered: str, marks: Mapping[str, str], escape: Callable[[str], str] = str
    ) -> None:
        """`marks`: of each value's name."""
        names = {mark: name for name, mark in marks.items()}
        any_mark = "|".join(map(re.escape, names))
        pieces = re.split(f"({any_mark})", rendered)
        self._constant = pieces[::2]
        self._names = [names[mark] for mark in pieces[1::2]]
        self._escape = escape
        self._encoding = encode_body(rendered).encoding
        self._encoded = self._encode(re.split(any_mark.encode(), plain_octets(rendered)))
        self._has_room = _has_room(rendered, list(names))

    def fill(self, values: Mapping[str, str]) -> Filled:
        escaped = {name: self._escape(value) for name, value in values.items()}
        own = tuple(escaped[name] for name in self._names)
        filled = Filled("".join(_in_turn(self._constant, own)))
        filled.skeleton, filled.values = self, own
        return filled

    def encoded(self, values: tuple[str, ...]) -> EncodedBody | None:
        """None where only the whole text can be encoded."""
        if self._encoded is None or not all(map(_is_plain, values)):
            return None
        if self._encoding == b"7bit":
            if not self._has_room or not all(map(str.isascii, values)):
                return None
            own = [value.encode("ascii") for value in values]
        else:
            own = [_quoted(value.encode("utf-8", "replace")) for value in values]
        return EncodedBody(self._encoding, b"".join(_in_turn(self._encoded, own)))

    def _encode(self, pieces: list[bytes]) -> list[bytes] | None:
        if self._encoding == b"7bit":
            return [piece.replace(b"\n", b"\r\n") for piece in pieces]
        if self._encoding == b"quoted-printable":
            return [*map(_quoted, pieces[:-1]), _last_quoted(pieces[-1])]
        return None


def _is_plain(value: str) -> bool:
    return len(value) <= LONGEST_VALUE and value.isprintable()


def _in_turn(constant: Sequence[AnyStr], own: Sequence[AnyStr]) -> list[AnyStr]:
    """One constant piece more than there are values."""
    pieces: list[AnyStr] = [constant[0]]
    for value, piece in zip(own, constant[1:], strict=True):
        pieces += (value, piece)
    return pieces


def _has_room(rendered: str, marks: list[str]) -> bool:
    """Whether no line can grow beyond what may stand unencoded."""
    return all(
        len(line) + LONGEST_VALUE * sum(map(line.count, marks)) <= LONGEST_PLAIN_LINE
        for line in rendered.split("\n")
    )


def _quoted(octets: bytes) -> bytes:
    """Ends with a soft line break (RFC 2045 §6.7), so that whatever follows has a line to itself."""
    quoted = binascii.b2a_qp(octets + b"x", istext=True)[:-1]
    if quoted and not quoted.endswith(b"\n"):
        quoted += b"=\n"
    return quoted.replace(b"\n", b"\r\n")


def _last_quoted(octets: bytes) -> bytes:
    return binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")
