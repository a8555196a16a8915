"""Which column of a file is which, by its heading, its MIS's word for it, or neither."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from outreach.errors import Refusal
from outreach.pupils.sources.records import Field

REQUIRED = (Field.FORENAME, Field.SURNAME, Field.YEAR)
IDENTIFIERS = (Field.UPN, Field.MIS_ID)
_INSIGNIFICANT = re.compile(r"[\W_]+")

MOST_COLUMNS = 300

ColumnChoice = Mapping[int, Field | None]
"""What a person says the columns of a file are, by their place in it. None leaves a column out."""


class HeaderFault(Refusal):
    """The header says too little, or says one thing twice. Nothing can be read."""


class _Column(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    also: list[str]


class _Unclear(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    heading: str
    words: str


class _ColumnFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    columns: dict[Field, _Column]
    unclear: list[_Unclear]


@dataclass(frozen=True)
class Vocabulary:
    """Every heading we know, folded, and what it means."""

    names: Mapping[Field, str]
    fields: Mapping[str, Field]
    unclear: Mapping[str, str]


@dataclass(frozen=True)
class Header:
    """Where each column stands in the file, and what became of the others."""

    places: Mapping[Field, int]
    headings: Mapping[Field, str]
    width: int
    ignored: tuple[str, ...]
    unclear: tuple[tuple[str, str], ...]


def fold(heading: str) -> str:
    return _INSIGNIFICANT.sub("", heading.casefold())


@cache
def vocabulary() -> Vocabulary:
    """The data file beside this, checked: every field once, no heading with two meanings."""
    text = (Path(__file__).parent / "columns.yaml").read_text(encoding="utf-8")
    loaded = _ColumnFile.model_validate(yaml.safe_load(text))
    missing = set(Field) - set(loaded.columns)
    if missing:
        message = f"columns.yaml says nothing of {sorted(field.value for field in missing)}"
        raise ValueError(message)
    fields: dict[str, Field] = {}
    for field, column in loaded.columns.items():
        for heading in (column.name, *column.also):
            if fields.setdefault(fold(heading), field) is not field:
                message = f"columns.yaml has {heading!r} under two columns"
                raise ValueError(message)
    unclear = {fold(entry.heading): entry.words for entry in loaded.unclear}
    names = {field: column.name for field, column in loaded.columns.items()}
    return Vocabulary(names, fields, unclear)


def count_known(headings: Sequence[str]) -> int:
    known = vocabulary().fields
    return sum(fold(heading) in known for heading in headings)


def read_header(headings: Sequence[str], choice: ColumnChoice | None = None) -> Header:
    """By our vocabulary, or by a person's choice where there is one.

    Raise HeaderFault, naming columns, where one is missing or two say the same thing.
    """
    _check_count(headings)
    words = vocabulary()
    places: dict[Field, int] = {}
    shown: dict[Field, str] = {}
    ignored: list[str] = []
    unclear: list[tuple[str, str]] = []
    for place, heading in enumerate(cell.strip() for cell in headings):
        folded = fold(heading)
        field = words.fields.get(folded) if choice is None else choice.get(place)
        if field is None:
            if choice is None and folded in words.unclear:
                unclear.append((heading, words.unclear[folded]))
            elif heading:
                ignored.append(heading)
            continue
        name = name_column(headings, place)
        if field in places:
            raise _said_twice(words.names[field], shown[field], name)
        places[field], shown[field] = place, name
    _require(words.names, places, ignored, unclear)
    return Header(places, shown, len(headings), tuple(ignored), tuple(unclear))


def guess_columns(headings: Sequence[str]) -> list[Field | None]:
    """What each column most likely is. Of two that say the same thing, the first."""
    _check_count(headings)
    known = vocabulary().fields
    guessed: list[Field | None] = []
    for heading in headings:
        field = known.get(fold(heading))
        guessed.append(None if field in guessed else field)
    return guessed


def name_column(headings: Sequence[str], place: int) -> str:
    """Its heading; with the letter of a spreadsheet where that alone does not tell which it is."""
    heading = headings[place].strip()
    if not heading:
        return f"Column {_letter(place)}"
    if sum(other.strip() == heading for other in headings) > 1:
        return f"{heading} (column {_letter(place)})"
    return heading


def _letter(place: int) -> str:
    """0 is A, 26 is AA."""
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)


def _check_count(headings: Sequence[str]) -> None:
    if len(headings) > MOST_COLUMNS:
        raise HeaderFault(
            f"The first row has {len(headings)} columns, which is more than a roster has "
            f"({MOST_COLUMNS} at most). Check that it is the right file. Nothing was imported."
        )


def _said_twice(name: str, first: str, second: str) -> HeaderFault:
    return HeaderFault(
        f"Two columns of the file give the {name}: “{first}” and “{second}”. "
        "Leave one of them out, then try again. Nothing was imported."
    )


def _require(
    names: Mapping[Field, str],
    places: Mapping[Field, int],
    ignored: list[str],
    unclear: list[tuple[str, str]],
) -> None:
    missing = [names[field] for field in REQUIRED if field not in places]
    if not any(field in places for field in IDENTIFIERS):
        missing.append(" or ".join(names[field] for field in IDENTIFIERS))
    if not missing:
        return
    found = [f"“{heading}”" for heading in ignored[:8]]
    unknown = f" These headings were not understood: {', '.join(found)}." if found else ""
    unknown += "".join(f" “{heading}”: {words}" for heading, words in unclear)
    raise HeaderFault(
        f"The first row of the file has no column for: {', '.join(missing)}.{unknown} "
        "Write the headings in the first row, or say on the roster page which column is which, and "
        "try again. Nothing was imported."
    )
