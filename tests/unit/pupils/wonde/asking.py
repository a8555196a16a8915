"""A practice Wonde with one school, and how the tests ask it."""

from datetime import UTC, date, datetime

from outreach.mail.addresses import check
from outreach.practice.people import practice_pupils
from outreach.practice.server import PracticeServer, Reply, Request
from outreach.practice.wonde import WondePractice
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.reading import RecordReader
from outreach.pupils.sources.records import Field, PupilRecord
from outreach.pupils.sources.source import (
    Access,
    SourcePage,
)
from outreach.pupils.sources.wonde import WondeSource
from outreach.pupils.sync.models import SourceKind

TODAY = date(2026, 11, 21)
THEN = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SCHOOL, TOKEN, APP = "A1930499544", "school-token-5f7c", "app-token-91be"
EVERYTHING = frozenset(Field)


class Wonde(WondePractice):
    """With the one school that most tests ask for, and what was waited for."""

    def __init__(self) -> None:
        super().__init__(APP)
        self.now = THEN
        self.clock = lambda: self.now
        self.waits: list[float] = []
        self.school = self.add_school(
            SCHOOL, "Hill School", TOKEN, practice_pupils(450, today=TODAY)
        )

    def queries(self, ending: str) -> list[dict[str, str]]:
        return [dict(asked.query) for asked in self.asked if asked.path.endswith(ending)]


def patience_of(wonde: Wonde) -> Patience:
    return Patience(
        connect_seconds=2,
        read_seconds=2,
        whole_seconds=4,
        first_wait=0.01,
        sleep=wonde.waits.append,
    )


def source_of(server: PracticeServer, wonde: Wonde, secret: str = TOKEN) -> WondeSource:
    access = Access(SourceKind.WONDE, SCHOOL, secret)
    return WondeSource(access, server.url("wonde"), patience_of(wonde))


def whole(source: WondeSource, wanted: frozenset[Field] = EVERYTHING) -> list[SourcePage]:
    return list(source.pages(wanted, changed_since=None, cursor=None))


def read(source: WondeSource, pages: list[SourcePage]) -> tuple[list[PupilRecord], RecordReader]:
    reader = RecordReader(source.fields, today=TODAY, check_address=check)
    pupils = [pupil for page in pages for pupil in page.pupils]
    records = [
        reader.read(row, pupil.cells, pupil.groups, pupil.faults)
        for row, pupil in enumerate(pupils, start=1)
    ]
    return [record for record in records if record is not None], reader


def failing_at(path: str, reply: Reply, times: int = 1_000, after: int = 0) -> object:
    """The reply, for so many of the requests for this path, once `after` were let through."""
    count = 0

    def trouble(request: Request) -> Reply | None:
        nonlocal count
        if not request.path.endswith(path):
            return None
        count += 1
        return reply if after < count <= after + times else None

    return trouble
