"""Who changed since a mark: of the pupils' own records, and of all that is joined to them.

An address or a provision changes without the pupil's own record changing, so each kind of data has
a change set of its own. Changes name pupils; their records are then read as in a full reading.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.xporter_client import NotShared, XporterClient
from outreach.pupils.sources.xporter_mapping import XporterMapping
from outreach.pupils.sources.xporter_place import Marks
from outreach.pupils.sources.xporter_shapes import Envelope, folded, identifier_of

_NOT_SHARED = ""


@dataclass(frozen=True)
class Changes:
    """Identifiers of pupils; `changed` is None where it cannot be told who, so all are read."""

    changed: frozenset[str] | None
    gone: tuple[str, ...]
    marks: Marks


@dataclass(frozen=True)
class _Data:
    path: str
    rows: list[str]
    person: list[str]
    query: Mapping[str, str]
    is_pupils: bool

    @property
    def key(self) -> str:
        return f"{self.path}?{urlencode(self.query)}"


def begin_marks(client: XporterClient, mapping: XporterMapping, wanted: Collection[Field]) -> Marks:
    """Begin a change set of each kind of data, before any is read.

    One that is not shared is marked as such; one without change sets is left out.
    """
    marks: dict[str, str] = {}
    for data in _kinds(mapping, wanted):
        try:
            query = {**data.query, "changedRows": mapping.changed_rows.begin}
            mark = client.page(data.path, data.rows, 1, query).mark
        except NotShared:
            mark = _NOT_SHARED
        except Nonsense:
            continue
        if mark is not None:
            marks[data.key] = mark
    return marks


def changes_since(
    client: XporterClient, mapping: XporterMapping, wanted: Collection[Field], since: Marks
) -> Changes | None:
    """None where a mark is missing or no longer known: then only a whole reading will do."""
    changed: set[str] = set()
    gone: set[str] = set()
    marks: dict[str, str] = {}
    can_name_all = True
    for data in _kinds(mapping, wanted):
        old = since.get(data.key)
        if old is None:
            return None
        marks[data.key] = old
        if old == _NOT_SHARED:
            continue
        try:
            for number, envelope in enumerate(_pages(client, data, old), start=1):
                if number == 1:
                    marks[data.key] = envelope.mark or old
                if data.is_pupils:
                    gone.update(envelope.deleted)
                elif envelope.deleted:
                    can_name_all = False  # a row's identifier does not say whose it was
                changed.update(_persons(envelope, data))
        except (NotShared, Nonsense):
            return None
        if len(changed) > mapping.changed_rows.most_pupils:
            can_name_all = False
            changed.clear()
    return Changes(frozenset(changed) if can_name_all else None, tuple(sorted(gone)), marks)


def query_of_pupils(mapping: XporterMapping, wanted: Collection[Field]) -> Mapping[str, str]:
    """The same for every question: a change set belongs to one set of options."""
    query = dict(mapping.students.on_roll)
    if Field.GROUPS in wanted:
        query["options"] = mapping.groups.option
    return query


def _kinds(mapping: XporterMapping, wanted: Collection[Field]) -> list[_Data]:
    pupils = mapping.students
    query = query_of_pupils(mapping, wanted)
    kinds = [_Data(pupils.path, pupils.rows, pupils.id, query, is_pupils=True)]
    for join in mapping.joins_for(wanted):
        kinds.append(_Data(join.path, join.rows, join.person, {}, is_pupils=False))
    return kinds


def _pages(client: XporterClient, data: _Data, mark: str) -> Iterator[Envelope]:
    return client.pages(data.path, data.rows, {**data.query, "changedRows": mark})


def _persons(envelope: Envelope, data: _Data) -> Iterator[str]:
    for row in envelope.rows:
        key = identifier_of(folded(row), data.person) if isinstance(row, Mapping) else None
        if key is not None:
            yield key
