"""The library as one school sees it: what is published, and what the school has added itself.

Own versions are read from the database once a process and kept by their hash, so that no answer
waits for YAML.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns.own.models import SchoolQuestionnaire
from outreach.database import school_of
from outreach.errors import Refusal
from questionnaires.audience import Setting
from questionnaires.extras import OWN_PREFIX, with_extra_section
from questionnaires.faults import DefinitionFaults
from questionnaires.loading import Library, UnknownQuestionnaire, load_text
from questionnaires.model import Questionnaire

MOST_KEPT = 500
"""Versions that a process keeps ready, those used longest ago dropped first."""

Key = tuple[UUID, str, int, str]
"""School, questionnaire, version, hash."""

_kept: OrderedDict[Key, Questionnaire] = OrderedDict()
_lock = Lock()


class NotAsStored(Refusal, UnknownQuestionnaire):
    """A stored version does not give the hash that was stored and pinned with it.

    As good as not there for whoever only wants its words; its own page says what is wrong.
    """


@dataclass(frozen=True)
class OwnVersion:
    """What is known of a version without reading its definition."""

    questionnaire: str
    version: int
    title: str
    sha256: str
    base: str | None
    base_version: int | None
    is_retired: bool
    stands_in: bool


class SchoolLibrary(Library):
    """As `Library`, with the school's own after those published. Reads only when it is asked.

    `ids` are what may be chosen now; `get` also gives what has been retired since.
    """

    def __init__(self, session: Session, published: Library) -> None:
        self._session = session
        self._published = published
        self.translations = published.translations

    @property
    def published(self) -> Library:
        return self._published

    @property
    def ids(self) -> tuple[str, ...]:
        offered = {one.questionnaire for one in self.own if not one.is_retired}
        return (*self.published.ids, *sorted(offered))

    def versions(self, id: str) -> tuple[int, ...]:
        if not is_own(id):
            return self.published.versions(id)
        return tuple(one.version for one in self._of_own(id))

    def get(self, id: str, version: int) -> Questionnaire:
        """Raises NotAsStored, too."""
        if not is_own(id):
            return self.published.get(id, version)
        for one in self._of_own(id):
            if one.version == version:
                return _ready(self._session, self.published, id, version, one.sha256)
        raise UnknownQuestionnaire(f"“{id}” of this school has no version {version}.")

    def latest(self, id: str) -> Questionnaire:
        return self.get(id, max(self.versions(id)))

    def of_hash(self, sha256: str) -> Questionnaire:
        for one in self.own:
            if one.sha256 == sha256:
                return self.get(one.questionnaire, one.version)
        return self.published.of_hash(sha256)

    def for_year(self, year: int, setting: Setting = Setting.SCHOOL) -> Questionnaire | None:
        found = self.published.for_year(year, setting)
        return None if found is None else self.given_for(found.id)

    def base_of(self, id: str) -> str | None:
        return next((one.base for one in self.own if one.questionnaire == id), None)

    def given_for(self, id: str) -> Questionnaire:
        for one in reversed(self.own):
            if one.base == id and one.stands_in and not one.is_retired:
                return self.latest(one.questionnaire)
        return self.published.latest(id)

    @cached_property
    def own(self) -> tuple[OwnVersion, ...]:
        """Every version that the school has added, oldest first in each questionnaire."""
        row = SchoolQuestionnaire
        found = self._session.execute(
            select(
                row.questionnaire,
                row.version,
                row.title,
                row.sha256,
                row.base,
                row.base_version,
                row.retired_at.is_not(None),
                row.stands_in,
            )
            .where(row.school_id == school_of(self._session))
            .order_by(row.questionnaire, row.version)
        )
        return tuple(OwnVersion(*one) for one in found)

    def _of_own(self, id: str) -> tuple[OwnVersion, ...]:
        found = tuple(one for one in self.own if one.questionnaire == id)
        if not found:
            raise UnknownQuestionnaire(
                f"This school has no questionnaire “{id}” of its own, and none is published."
            )
        return found

    def _of(self, id: str) -> Mapping[int, Questionnaire]:
        return {version: self.get(id, version) for version in self.versions(id)}


def of_school(session: Session, library: Library) -> SchoolLibrary:
    """The library of the school that the session has entered."""
    return SchoolLibrary(session, library.published)


def is_own(id: str) -> bool:
    """Nothing published begins so, and everything that a school adds does."""
    return id.startswith(OWN_PREFIX)


def pinned(session: Session, library: Library, id: str, version: int, sha256: str) -> Questionnaire:
    """What an invitation pins. One that this process has given before costs no query."""
    if not is_own(id):
        return library.get(id, version)
    return _ready(session, library.published, id, version, sha256)


def _ready(
    session: Session, published: Library, id: str, version: int, sha256: str
) -> Questionnaire:
    key = (school_of(session), id, version, sha256)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    row = session.get(SchoolQuestionnaire, (key[0], id, version))
    if row is None:
        raise UnknownQuestionnaire(f"“{id}” of this school has no version {version}.")
    made = _made(row, published)
    if made.sha256 != sha256:
        raise NotAsStored(_changed(id, version))
    with _lock:
        _kept[key] = made
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return made


def _made(row: SchoolQuestionnaire, published: Library) -> Questionnaire:
    """Its faults do not come here: what is stored was checked, and the same bytes are read again."""
    content = row.source.encode()
    try:
        if row.base is not None and row.base_version is not None:
            made = with_extra_section(published.get(row.base, row.base_version), content)
        else:
            made = load_text(content)
    except (DefinitionFaults, UnknownQuestionnaire) as fault:
        raise NotAsStored(_changed(row.questionnaire, row.version)) from fault
    return made.called(row.questionnaire, row.version)


def _changed(id: str, version: int) -> str:
    return (
        f"Version {version} of “{id}” cannot be read as it was stored: it, or the published "
        "questionnaire it adds to, was changed outside this service. What was answered is safe. "
        "Restore both, then try again."
    )
