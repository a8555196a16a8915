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

OnStart = Callable[[str, dict[str, str]], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]


class BadXml(Exception):
    """The document cannot be read, or asks for what no export does. `line` is where, if known."""

    def __init__(self, line: int, *, is_hostile: bool) -> None:
        super().__init__("refused" if is_hostile else "not well-formed")
        self.line = line
        self.is_hostile = is_hostile


class _Names(dict[str, str]):
    """Each name without its namespace, found out once."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition("}")[2]
        return local


class DefusedParser:
    """Calls `start(name, attributes)` as the document passes; `end` and `text` while it listens.

    Every call costs, and a file has millions of elements: so ask for no more than is of use.
    """

    def __init__(self, start: OnStart) -> None:
        self._start = start
        self.names = _Names()
        self._parser: Any = XMLParser(forbid_dtd=True).parser
        self._parser.DefaultHandlerExpand = None  # an undefined entity is then an error
        self._parser.ordered_attributes = False
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._open
        self.listen(None, None)

    def listen(self, end: OnEnd | None, text: OnText | None) -> None:
        """From here on; `end` gets a name to be looked up in `names`."""
        self._parser.EndElementHandler = end
        self._parser.CharacterDataHandler = text

    def feed(self, piece: bytes) -> None:
        self._parse(piece, is_last=False)

    def finish(self) -> None:
        self._parse(b"", is_last=True)

    def bad(self, *, is_hostile: bool) -> BadXml:
        return BadXml(self._parser.CurrentLineNumber, is_hostile=is_hostile)

    def _parse(self, piece: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except DefusedXmlException as fault:
            raise self.bad(is_hostile=True) from fault
        except (ExpatError, ValueError, LookupError) as fault:  # an encoding that nobody knows
            raise self.bad(is_hostile=False) from fault

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._start(self.names[name], attributes)


class XmlWalk(DefusedParser):
    """Listens always, refuses what is nested without end, and can skip an element with all in it."""

    def __init__(self, start: OnStart, end: OnEnd, text: OnText) -> None:
        self._end, self._text = end, text
        self._depth = self._skipped = 0
        super().__init__(start)
        self.listen(self._close, text)

    def skip(self) -> None:
        """Asked in `start`: nothing more of this element comes, nor its end."""
        self._skipped = self._depth
        self.listen(self._close, None)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.bad(is_hostile=True)
        if not self._skipped:
            self._start(self.names[name], attributes)

    def _close(self, name: str) -> None:
        self._depth -= 1
        if not self._skipped:
            self._end(self.names[name])
        elif self._depth < self._skipped:
            self._skipped = 0
            self.listen(self._close, self._text)


def in_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
