"""Streams a CTF: its header, then pupil after pupil, never the whole document as a tree."""

import io
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder

from outreach.pupils.sources.ctf_mapping import CtfMapping
from outreach.pupils.sources.defused import XmlWalk, in_pieces

MOST_PUPILS = 50_000
MOST_ELEMENTS = 5_000
"""Of one pupil, in the sections that are read."""
LONGEST_TEXT = 1_000
"""Characters kept of one element: more than any field takes, so that it is told and not held."""


class WrongRoot(Exception):
    """Some other XML document."""


class TooMuch(Exception):
    """More pupils, or more in one of them, than a school's file has."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class CtfParts:
    """Feeds on the bytes; `header` is filled before the first pupil comes out of `pupils`."""

    def __init__(self, content: bytes, mapping: CtfMapping) -> None:
        self._content, self._mapping = content, mapping
        self._walk = XmlWalk(self._start, self._end, self._text)
        self._sections = mapping.sections()
        paths: dict[str, str] = mapping.header.model_dump()
        self._header_names = {path: name for name, path in paths.items()}
        self.header = dict.fromkeys(paths, "")
        self.count = 0
        self._path: list[str] = []
        self._pupil_depth = 0
        """Where in the path the pupil's element stands, counted from 1; 0 outside of any."""
        self._builder = TreeBuilder()
        self._elements = self._characters = 0
        self._done: list[Element] = []

    def pupils(self) -> Iterator[Element]:
        """Once only. Raises BadXml, WrongRoot, TooMuch."""
        for piece in in_pieces(io.BytesIO(self._content)):
            self._walk.feed(piece)
            yield from self._take()
        self._walk.finish()
        yield from self._take()

    def _take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if not self._path and name.casefold() != self._mapping.root.casefold():
            raise WrongRoot
        depth = self._pupil_depth
        if depth and len(self._path) == depth and name not in self._sections:
            self._walk.skip()
            return
        self._path.append(name)
        self._characters = 0
        if depth:
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                raise TooMuch(f"more than {MOST_ELEMENTS:,} entries for pupil {self.count}")
            self._builder.start(name, {})
        elif name == self._mapping.pupil:
            self._begin_pupil()

    def _begin_pupil(self) -> None:
        self.count += 1
        if self.count > MOST_PUPILS:
            raise TooMuch(f"more than {MOST_PUPILS:,} pupils")
        self._pupil_depth, self._elements = len(self._path), 0
        self._builder = TreeBuilder()
        self._builder.start(self._mapping.pupil, {})

    def _end(self, name: str) -> None:
        if self._pupil_depth:
            self._builder.end(name)
            if len(self._path) == self._pupil_depth:
                self._done.append(self._builder.close())
                self._pupil_depth = 0
        self._path.pop()
        self._characters = 0

    def _text(self, piece: str) -> None:
        piece = piece[: LONGEST_TEXT - self._characters]
        if not piece:
            return
        self._characters += len(piece)
        if self._pupil_depth:
            self._builder.data(piece)
        elif name := self._header_names.get("/".join(self._path[1:])):
            self.header[name] += piece
