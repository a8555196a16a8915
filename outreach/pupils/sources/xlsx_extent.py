"""How far the cells of a sheet reach, and how much text they show: what reading it would take."""

import re

from outreach.pupils.sources.defused import DefusedParser

_PLACE = re.compile(r"([A-Za-z]{1,3})([1-9]\d{0,6})")
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""Of any sheet: Excel specifications and limits."""


class OutOfBounds(Exception):
    """A cell that no sheet has."""


class Extent:
    """Takes a part's XML as it passes. `lengths` are those of the texts that cells share.

    `rows` and `columns` reach to the last cell that holds something; `characters` counts the
    shared texts as often as cells show them; `shared` are the lengths of texts found in this part.
    """

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = lengths
        self.parser = DefusedParser(self._start)
        self.rows = self.columns = self.characters = 0
        self.shared: list[int] = []
        self._row = self._column = 0
        self._is_shared_cell = False
        self._index: list[str] = []
        self._open = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._is_shared_cell = attributes.get("t") == "s"
            self._move_to(attributes.get("r"))
        elif name in ("v", "is", "f"):
            self.rows = max(self.rows, self._row)
            self.columns = max(self.columns, self._column)
            if name == "v" and self._is_shared_cell:
                self._open_text("v")
                self._index = []
                self.parser.listen(self._end_index, self._index.append)
        elif name == "row":
            place = attributes.get("r")
            self._row = self._row + 1 if place is None else _number(place, LAST_ROW)
            self._column = 0
        elif name == "si":
            self._open_text("si")
            self.shared.append(0)
            self.parser.listen(self._end_shared, self._count_shared)

    def _open_text(self, name: str) -> None:
        if self._open:
            raise OutOfBounds  # one in another: a reader of cells might see it otherwise
        self._open = name

    def _end_index(self, name: str) -> None:
        if self.parser.names[name] != "v":
            raise OutOfBounds
        self._open = ""
        self.parser.listen(None, None)
        index = "".join(self._index).strip()
        if not (index.isascii() and index.isdigit() and len(index) < 10):
            raise OutOfBounds
        place = int(index)
        self.characters += self._lengths[place] if place < len(self._lengths) else 0

    def _end_shared(self, name: str) -> None:
        if self.parser.names[name] == "si":
            self._open = ""
            self.parser.listen(None, None)

    def _count_shared(self, piece: str) -> None:
        self.shared[-1] += len(piece)

    def _move_to(self, place: str | None) -> None:
        if place is None:
            self._column += 1
            return
        found = _PLACE.fullmatch(place)
        if found is None:
            raise OutOfBounds
        self._row = _number(found[2], LAST_ROW)
        column = 0
        for letter in found[1].upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        if column > LAST_COLUMN:
            raise OutOfBounds
        self._column = column


def _number(text: str, last: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= last):
        raise OutOfBounds
    return int(text)
