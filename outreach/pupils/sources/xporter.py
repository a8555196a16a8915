"""Groupcall Xporter on Demand: a school's pupils, from its cached extract of the school's MIS.

After the public documents of Xporter on Demand; what they leave open is in xporter.yaml. There is
one token a school. Where the data cannot be seen to be whole and fresh, nothing is given, because
a pupil who is missing is no longer mailed.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from outreach.clock import Clock, london_date
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import (
    Access,
    Leaver,
    Nonsense,
    Paused,
    Revoked,
    SourcePage,
    Standing,
)
from outreach.pupils.sources.xporter_changes import begin_marks, changes_since, query_of_pupils
from outreach.pupils.sources.xporter_client import NotShared, XporterClient, is_last_page
from outreach.pupils.sources.xporter_mapping import xporter_mapping
from outreach.pupils.sources.xporter_place import Place, place_at, read_marks, start, write_marks
from outreach.pupils.sources.xporter_pupils import PupilReader
from outreach.pupils.sources.xporter_shapes import (
    CALLED,
    day_of,
    first_of,
    folded,
    identifier_of,
    identifiers_in,
    plain,
)
from outreach.pupils.sync.models import SourceState

PATIENCE = Patience()


class XporterSource:
    """One school, by its seven-digit number (`access.external_id`) and the secret it was given."""

    def __init__(
        self,
        access: Access,
        base_url: str,
        token_url: str,
        app_id: str,
        clock: Clock,
        patience: Patience = PATIENCE,
    ) -> None:
        self._access, self._clock = access, clock
        self._mapping = xporter_mapping()
        self._client = XporterClient(
            access, base_url, token_url, app_id, clock, patience, self._mapping
        )

    @property
    def fields(self) -> Mapping[Field, str]:
        names = {Field.MIS_ID: self._mapping.students.id[0], Field.GROUPS: "Groups"}
        for join in self._mapping.joins:
            names.update({field: field.value for field in join.gives})
        names.update({field: called[0] for field, called in self._mapping.students.fields.items()})
        return names

    def standing(self) -> Standing:
        asked = frozenset(self.fields)
        try:
            self._client.require_token()
            granted, name = self._granted(), self._school_name()
        except Paused as trouble:
            return Standing(SourceState.PAUSED, trouble.words, asked=asked)
        except Revoked as trouble:
            return Standing(SourceState.REVOKED, trouble.words, asked=asked)
        words = f"The school has authorised this service at {CALLED}."
        return Standing(SourceState.AUTHORISED, words, name, asked, granted)

    def pages(
        self, wanted: Collection[Field], *, changed_since: datetime | None, cursor: str | None
    ) -> Iterator[SourcePage]:
        """Changes are told from `access.mark`, Xporter's own name of what was read last; without
        one, or where Xporter knows it no longer, the whole school is read."""
        wanted = frozenset(wanted)
        try:
            yield from self._pages(wanted, changed_since is not None, cursor)
        except NotShared as refusal:
            raise self._no_pupils(refusal.status) from None

    def leavers(self) -> Iterator[Leaver]:
        words, students = self._mapping.leavers, self._mapping.students
        today = london_date(self._clock())
        earliest = today - timedelta(days=words.days)
        left = {word.casefold() for word in words.left}
        try:
            for envelope in self._client.pages(students.path, students.rows, words.query):
                for record in envelope.rows:
                    row = folded(record) if isinstance(record, Mapping) else {}
                    key = identifier_of(row, students.id)
                    day = day_of(row, students.fields.get(Field.LEAVING_DATE, []))
                    day = day if day and day >= earliest else None
                    says_so = (plain(first_of(row, words.status)) or "").casefold() in left
                    if key and ((day and day <= today) or (says_so and not day)):
                        yield Leaver(key, day)
        except NotShared:
            return

    def _pages(
        self, wanted: frozenset[Field], is_of_changes: bool, cursor: str | None
    ) -> Iterator[SourcePage]:
        place = place_at(cursor) if cursor else None
        only: frozenset[str] | None = None
        gone: tuple[str, ...] = ()
        if is_of_changes and (place is None or not place.is_whole):
            since = read_marks(self._access.mark)
            changes = changes_since(self._client, self._mapping, wanted, since)
            if changes is not None:
                only, gone = changes.changed, changes.gone
                place = place or start(is_whole=False, marks=changes.marks)
                if only is not None and not only:
                    yield SourcePage((), None, gone=gone, mark=write_marks(place.marks))
                    return
            elif place is not None:
                place = None  # half was read of changes that are no longer known
        if place is None:
            marks = begin_marks(self._client, self._mapping, wanted)
            place = start(is_whole=True, marks=marks)
        yield from self._read(wanted, place, only, gone)

    def _read(
        self,
        wanted: frozenset[Field],
        place: Place,
        only: frozenset[str] | None,
        gone: tuple[str, ...],
    ) -> Iterator[SourcePage]:
        students, query = self._mapping.students, query_of_pupils(self._mapping, wanted)
        reader = PupilReader(self._client, self._mapping, wanted, london_date(self._clock()))
        while True:
            envelope = self._client.page(students.path, students.rows, place.page, query)
            following = place.after(envelope)
            is_last = is_last_page(
                envelope,
                place.announced(envelope),
                place.page,
                following.seen,
                self._mapping.page_size,
                students.rows[0],
            )
            pupils, malformed = reader.read(envelope.rows, place.page, only)
            yield SourcePage(
                pupils,
                None if is_last else following.as_cursor(),
                expected=envelope.row_count if place.is_whole else None,
                malformed=malformed,
                gone=gone if place.page == 1 else (),
                mark=write_marks(place.marks) if is_last else None,
            )
            if is_last:
                return
            place = following

    def _granted(self) -> frozenset[Field] | None:
        words = self._mapping.token_details
        try:
            details = _inner(self._client.get(f"/{words.path}"), words.path)
        except (NotShared, Nonsense):
            return None
        scopes = identifiers_in(first_of(details, words.scopes))
        granted = self._mapping.fields_of_scopes(scopes)
        if not granted:
            return None  # scopes under other names than we know say nothing
        switched = first_of(details, words.optional)
        if switched is None:
            return granted
        on = {name.casefold() for name in identifiers_in(switched)}
        optional = self._mapping.optional_fields
        return granted - {field for name, field in optional.items() if name.casefold() not in on}

    def _school_name(self) -> str | None:
        words = self._mapping.school
        try:
            rows = self._client.page(words.path, words.rows, 1).rows
        except (NotShared, Nonsense):
            return None
        row = folded(rows[0]) if rows and isinstance(rows[0], Mapping) else {}
        return plain(first_of(row, words.name))

    def _no_pupils(self, status: int) -> Revoked | Nonsense:
        if status == 404:
            return Nonsense(
                f"{CALLED} knows no pupils of a school with this number. Check the number: it is "
                "that of the authority and the school, seven digits."
            )
        return Revoked(
            f"The school no longer shares its pupils with this service at {CALLED}. Whoever "
            "manages data sharing at the school can authorise it again in Groupcall's console."
        )


def _inner(document: Any, name: str) -> Mapping[str, Any]:
    """The details, whether they are the answer or stand in it under their name."""
    outer = folded(document) if isinstance(document, Mapping) else {}
    inner = outer.get(name.casefold(), outer)
    first = inner[0] if isinstance(inner, list) and inner else inner
    return folded(first) if isinstance(first, Mapping) else {}
