"""OneRoster 1.1 and 1.2 over REST: pupils page by page from whatever server speaks it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from outreach import clock as clocks
from outreach.clock import Clock, london_date
from outreach.pupils.sources.http import Answer, Patience
from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.oneroster_demographics import Demographics
from outreach.pupils.sources.oneroster_mapping import oneroster_mapping
from outreach.pupils.sources.oneroster_pages import Place, pieces_of, turn
from outreach.pupils.sources.oneroster_server import OneRosterServer, list_in, users_of
from outreach.pupils.sources.oneroster_shapes import (
    Part,
    cells_of,
    given_fields,
    group_of,
    mis_id_of,
    part_of,
    teaching_groups,
)
from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.source import (
    Access,
    Leaver,
    Nonsense,
    Revoked,
    SourcePage,
    SourcePupil,
    Standing,
)
from outreach.pupils.sync.models import SourceState

PATIENCE = Patience()
_NO_FILTER = frozenset({400, 422, 501})
_NO_MORE = frozenset({400, 404, 416})
_BARRED = (
    "The OneRoster server no longer lets this service read the roster. The school, or whoever runs "
    "the server, took the permission back. Connect again once it is given."
)


class OneRosterSource:
    """One school. Asks nothing before a method is called; `fields` may be the first to ask.

    Raises MappingFault where the mapping file cannot be used.
    """

    def __init__(
        self, access: Access, patience: Patience = PATIENCE, clock: Clock = clocks.now
    ) -> None:
        self._mapping = oneroster_mapping()
        self._clock = clock
        self._server = OneRosterServer(access, patience, clock, self._mapping)
        self._demographics = Demographics(self._server, self._mapping.demographics)

    @property
    def fields(self) -> Mapping[Field, str]:
        """What this server gives, found out by asking; a field it lacks stays as it is stored."""
        headings = given_fields(self._server.find().sample, self._mapping)
        if self._demographics.are_given():
            headings |= self._mapping.demographics.fields
        if self._mapping.classes_of_each_pupil:
            headings |= {Field.REG_GROUP: "homeroom", Field.GROUPS: "classes"}
        return headings

    def standing(self) -> Standing:
        """OneRoster has no word for what a school granted: whoever may read is authorised."""
        try:
            found = self._server.find()
            asked = frozenset(self.fields)
        except Revoked as trouble:
            return Standing(SourceState.REVOKED, trouble.words)
        words = "The OneRoster server lets this service read the roster."
        return Standing(SourceState.AUTHORISED, words, found.school, asked)

    def pages(
        self, wanted: Collection[Field], *, changed_since: datetime | None, cursor: str | None
    ) -> Iterator[SourcePage]:
        """A server that cannot filter by date is read in full, whatever `changed_since` says."""
        place: Place | None = Place.of_cursor(cursor)
        while place is not None:
            self._server.begin_page()
            asked, answer, place = self._ask(place, changed_since)
            users = users_of(answer)
            if users is None and place.pages and answer.status in _NO_MORE:
                users = []  # a server that neither counts nor links, asked beyond its last page
            if users is None:
                raise self._trouble(answer)
            turned = turn(answer, users, place, asked, self._aside(users))
            if turned.is_repeated:
                yield SourcePage((), None)
                return
            expected = turned.expected if changed_since is None else None
            for piece, following in pieces_of(users, place, turned.next, self._mapping.page_size):
                pupils, malformed, gone = self._sort(piece)
                cursor = following.as_cursor() if following else None
                read = self._read(pupils, wanted)
                yield SourcePage(read, cursor, expected, malformed, gone)
                self._server.begin_page()
            place = turned.next

    def leavers(self) -> Iterator[Leaver]:
        """OneRoster has no list of them: a record is marked for deletion, or no longer there."""
        return iter(())

    def _ask(self, place: Place, changed_since: datetime | None) -> tuple[str, Answer, Place]:
        """The page's address and the answer; without the date where the server cannot filter by it."""
        found = self._server.find()  # with it the proof that a next page needs too
        if place.link is not None:
            return place.link, self._server.get(place.link), place
        path = found.path(found.students.path)
        address = self._server.whole_address(path)
        query = {"limit": str(self._mapping.page_size), "offset": str(place.offset)}
        filters = [found.students.filter] if found.students.filter else []
        if changed_since is not None and not place.is_whole:
            moment = changed_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            dated = " AND ".join([*filters, f"dateLastModified>'{moment}'"])
            answer = self._server.get(path, query | {"filter": dated})
            if place.pages or answer.status not in _NO_FILTER:
                return address, answer, place
            place = replace(place, is_whole=True)
        if filters:
            query["filter"] = filters[0]
        return address, self._server.get(path, query), place

    def _aside(self, users: Sequence[Any]) -> int:
        """How many of the records are no pupils of the school now."""
        pupils, malformed, _ = self._sort(users)
        return len(users) - len(pupils) - len(malformed)

    def _sort(self, users: Sequence[Any]) -> tuple[list[Mapping[str, Any]], list[str], list[str]]:
        """Pupils; what is wrong with the records that are none; ids of those who are gone."""
        today = london_date(self._clock())
        pupils, malformed, gone = [], [], []
        for user in users:
            if not isinstance(user, Mapping):
                malformed.append("The record is not an object, so it says nothing of a pupil.")
                continue
            part = part_of(user, self._mapping, today)
            mis_id = mis_id_of(user, self._mapping)
            if part is Part.LEFT and mis_id:
                gone.append(mis_id)
            elif part is Part.STUDENT and mis_id:
                pupils.append(user)
            elif part is Part.STUDENT:
                malformed.append("The record has no identifier (sourcedId), so it is nobody's.")
        return pupils, malformed, gone

    def _read(
        self, users: Sequence[Mapping[str, Any]], wanted: Collection[Field]
    ) -> list[SourcePupil]:
        fields = [field for field in self.fields if field in wanted]
        demographics = {}
        if not self._mapping.demographics.fields.keys().isdisjoint(fields):
            ids = [as_cell(user.get("sourcedId")) or "" for user in users]
            demographics = self._demographics.of([each for each in ids if each])
        has_groups = Field.GROUPS in fields or Field.REG_GROUP in fields
        read = []
        for user in users:
            known = demographics.get(as_cell(user.get("sourcedId")) or "")
            cells = cells_of(user, known, self._mapping, fields)
            groups = None
            if has_groups:
                cells[Field.REG_GROUP], groups = self._classes(user)
            read.append(SourcePupil(cells, groups if Field.GROUPS in fields else None))
        return read

    def _classes(self, user: Mapping[str, Any]) -> tuple[str, tuple[GroupPlace, ...]]:
        """The registration group and the teaching groups of one pupil."""
        pupil = quote(as_cell(user.get("sourcedId")) or "", safe="")
        path = self._server.find().path(f"students/{pupil}/classes")
        answer = self._server.get(path, {"limit": "200", "offset": "0"})
        classes = list_in(answer, "classes")
        if classes is None and answer.status != 404:
            raise self._trouble(answer)
        registration, teaching = "", []
        for each in classes or ():
            if not isinstance(each, Mapping) or each.get("status") in self._mapping.gone_statuses:
                continue
            name = group_of(each.get("title")) or group_of(each.get("classCode"))
            if name and each.get("classType") in self._mapping.homeroom_types:
                registration = registration or name
            elif name:
                teaching.append(name)
        return registration, teaching_groups(teaching)

    def _trouble(self, answer: Answer) -> Revoked | Nonsense:
        if answer.status in (401, 403):
            return Revoked(_BARRED)
        return Nonsense(
            f"The OneRoster server answered {answer.status} in place of a list, so reading stopped "
            "there. Nothing was changed. Tell whoever runs the server."
        )
