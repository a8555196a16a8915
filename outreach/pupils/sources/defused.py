"""An XML parser for files from outside: no DTD, no entities, nothing fetched, no bottomless depth.

Text comes in whole pieces; names come without their namespace, since exports differ in theirs.
"""

from collections.abc import Callable, Iterator
from typing import IO, Any
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

DEEPEST = 60
_PIECE = 64 * 1024


class BadXml(Exception):
    """The document cannot be read, or asks for what no export does. `line` is where, if known."""

    def __init__(self, line: int, *, is_hostile: bool) -> None:
        super().__init__("not well-formed" if not is_hostile else "refused")
        self.line = line
        self.is_hostile = is_hostile


class XmlWalk:
    """`start(name, attributes)`, `end(name)` and `text(piece)` are called as the document passes."""

    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        self._start, self._end, self._depth = start, end, 0
        self._parser: Any = XMLParser(forbid_dtd=True).parser
        self._parser.DefaultHandlerExpand = None  # an undefined entity is then an error
        self._parser.ordered_attributes = False
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = text

    def feed(self, piece: bytes) -> None:
        self._parse(piece, is_last=False)

    def finish(self) -> None:
        self._parse(b"", is_last=True)

    def _parse(self, piece: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except DefusedXmlException as fault:
            raise BadXml(self._parser.CurrentLineNumber, is_hostile=True) from fault
        except (ExpatError, ValueError, LookupError) as fault:  # an encoding that nobody knows
            raise BadXml(self._parser.CurrentLineNumber, is_hostile=False) from fault

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadXml(self._parser.CurrentLineNumber, is_hostile=True)
        self._start(name.rpartition("}")[2], attributes)

    def _close(self, name: str) -> None:
        self._depth -= 1
        self._end(name.rpartition("}")[2])


def in_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
