"""Finds a field in a pupil's element of a CTF, by the ways that the mapping file names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element

from pydantic import model_validator

from outreach.pupils.sources.mapping import MappingModel
from outreach.pupils.sources.records import Field


class Pick(MappingModel):
    """One of several elements alike: which, and what of it."""

    each: str
    take: str | None = None
    says: str | None = None
    where: dict[str, str] = {}
    latest_by: str | None = None
    at_home: bool = False
    starts: str | None = None
    ends: str | None = None

    @model_validator(mode="after")
    def _has_one_value(self) -> "Pick":
        if (self.take is None) == (self.says is None):
            message = "give either take or says"
            raise ValueError(message)
        return self


Way = str | Pick


class HeaderPaths(MappingModel):
    version: str
    year: str
    source_name: str
    source_lea: str
    source_estab: str
    destination_lea: str
    destination_estab: str


class SchoolName(MappingModel):
    lea: str
    estab: str


class CtfMapping(MappingModel):
    root: str
    pupil: str
    header: HeaderPaths
    fields: dict[Field, list[Way]]
    former_upn: list[str]
    school: SchoolName

    def sections(self) -> frozenset[str]:
        """Elements right under the pupil that some way passes: nothing else of a pupil is kept."""
        ways = [way for ways in self.fields.values() for way in ways]
        paths = [way if isinstance(way, str) else way.each for way in ways]
        return frozenset(path.split("/")[0] for path in [*paths, *self.former_upn])


@dataclass(frozen=True)
class Home:
    """The school whose dates count, as a school history names it."""

    lea: str
    estab: str


def element_name(way: Way) -> str:
    """What a fault calls the field: the element that holds it, in the file's own word."""
    if isinstance(way, str):
        return way.split("/")[-1]
    return way.take or way.each.split("/")[-1]


@dataclass(frozen=True)
class Finder:
    """Looks up values in pupils' elements. `home` and `today` decide between several."""

    mapping: CtfMapping
    home: Home | None
    today: date

    def find(self, pupil: Element, ways: Sequence[Way]) -> tuple[str, Way] | None:
        for way in ways:
            value = text_at(pupil, way) if isinstance(way, str) else self._pick(pupil, way)
            if value:
                return value, way
        return None

    def cells(self, pupil: Element) -> Iterator[tuple[Field, str, Way]]:
        for field, ways in self.mapping.fields.items():
            found = self.find(pupil, ways)
            if found is not None:
                yield field, *found

    def _pick(self, pupil: Element, pick: Pick) -> str:
        fitting = [each for each in pupil.iterfind(pick.each) if self._fits(each, pick)]
        if pick.says is not None:
            return pick.says if fitting else ""
        if pick.latest_by is not None:
            by = pick.latest_by
            fitting.sort(key=lambda each: text_at(each, by))  # ISO dates
        values = [text_at(each, pick.take or "") for each in fitting]
        return next((value for value in reversed(values) if value), "")

    def _fits(self, each: Element, pick: Pick) -> bool:
        if any(text_at(each, name) != wanted for name, wanted in pick.where.items()):
            return False
        if pick.at_home and not self._is_home(each):
            return False
        starts = text_at(each, pick.starts) if pick.starts else ""
        ends = text_at(each, pick.ends) if pick.ends else ""
        now = self.today.isoformat()
        return starts[:10] <= now and (not ends or ends[:10] >= now)

    def _is_home(self, each: Element) -> bool:
        name = self.mapping.school
        return self.home == Home(text_at(each, name.lea), text_at(each, name.estab))


def text_at(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else (found.text or "").strip()


def home_of(header: Mapping[str, str]) -> Home | None:
    """The school that a transfer is for, else the one it comes from.

    A pupil who left their old school is a leaver there and not here, and an unknown destination
    is written with letters (XXX).
    """
    for end in ("destination", "source"):
        lea, estab = header[f"{end}_lea"], header[f"{end}_estab"]
        if (lea + estab).isdecimal() and lea and estab:
            return Home(lea, estab)
    return None
