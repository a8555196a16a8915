"""A school with each kind of information system, for journeys of syncing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from outreach import web
from outreach.audit import OPERATOR
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.practice.oneroster import OneRosterPractice
from outreach.practice.people import PracticePupil, practice_pupils
from outreach.practice.server import Integrator, Reply, Request, serving
from outreach.practice.wonde import WondePractice
from outreach.practice.xporter import XporterPractice
from outreach.practice.xporter_school import XporterSchool
from outreach.pupils.models import Pupil
from outreach.pupils.sources.http import Patience
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import connect
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.models import RosterSync, SourceConnection, SourceKind
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.sync.syncing import run_sync, settle
from outreach.schools.models import SharingAgreement
from tests.factories import MadeSchool, make_school

IDS = {
    SourceKind.WONDE: ("A1", "wonde-token"),
    SourceKind.XPORTER: ("9984001", "xporter-secret"),
    SourceKind.ONEROSTER: ("client", "oneroster-secret"),
}
BRISK = Patience(
    connect_seconds=2, read_seconds=2, whole_seconds=5, first_wait=0.01, longest_wait=0.5
)


@dataclass
class Connected:
    """A school, its information system on a socket, and syncs as a worker runs them."""

    kind: SourceKind
    wired: web.Parts
    school: MadeSchool
    system: Any

    @property
    def people(self) -> list[PracticePupil]:
        match self.system:
            case WondePractice():
                return list(self.system.schools["A1"].pupils.values())
            case XporterPractice():
                return list(self.system.schools["9984001"].pupils)
            case OneRosterPractice():
                return list(self.system.pupils.values())
        raise AssertionError

    def remove(self, *people: PracticePupil) -> None:
        """Their records stop arriving, without a word."""
        ids = {person.id for person in people}
        match self.system:
            case WondePractice():
                school = self.system.schools["A1"]
                school.pupils = {i: p for i, p in school.pupils.items() if i not in ids}
            case XporterPractice():
                self.system.schools["9984001"].opted_out |= ids
            case OneRosterPractice():
                self.system.pupils = {i: p for i, p in self.system.pupils.items() if i not in ids}

    def change(self, person: PracticePupil) -> None:
        match self.system:
            case WondePractice():
                self.system.schools["A1"].put(person, now())
            case XporterPractice():
                school = self.system.schools["9984001"]
                school.pupils = [person if p.id == person.id else p for p in school.pupils]
            case OneRosterPractice():
                self.system.pupils[person.id] = person
                self.system.changed[person.id] = now()

    def revoke(self) -> None:
        match self.system:
            case WondePractice():
                self.system.schools["A1"].state = "revoked"
            case XporterPractice():
                self.system.schools["9984001"].state = "revoked"
                self.system.tokens.clear()
            case OneRosterPractice():
                self.system.is_revoked = True

    def sync(self, *, is_full: bool = True, confirm_drop: bool = False) -> RosterSync:
        with transaction(self.wired.sessions, self.school.id) as session:
            claim = syncs.begin_sync(session, is_full=is_full, confirm_drop=confirm_drop, now=now())
        run_sync(self.wired, self.school.id, claim)
        settle(self.wired, self.school.id)
        return self.latest

    @property
    def latest(self) -> RosterSync:
        with transaction(self.wired.sessions, self.school.id) as session:
            return syncs.past_syncs(session, 1)[0]

    @property
    def pupils(self) -> dict[str, Pupil]:
        """By the identifier that the source gave."""
        with transaction(self.wired.sessions, self.school.id) as session:
            return {str(pupil.mis_id): pupil for pupil in session.scalars(select(Pupil))}

    @property
    def connection(self) -> SourceConnection:
        with transaction(self.wired.sessions, self.school.id) as session:
            return require_connection(session)

    @property
    def agreement(self) -> SharingAgreement:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.get_one(SharingAgreement, self.school.id)

    def pupil_of(self, person: PracticePupil) -> Pupil | None:
        return next((p for key, p in self.pupils.items() if str(person.id) in key), None)


def make_system(kind: SourceKind, count: int, today: date) -> Integrator:
    people = list(practice_pupils(count, today=today))
    external_id, secret = IDS[kind]
    match kind:
        case SourceKind.WONDE:
            wonde = WondePractice()
            wonde.add_school(external_id, "Hill Test School", secret, people)
            return wonde
        case SourceKind.XPORTER:
            school = XporterSchool(external_id, secret, "Hill Test School", people)
            return XporterPractice(school)
        case SourceKind.ONEROSTER:
            return OneRosterPractice(people, client_id=external_id, secret=secret)


@contextmanager
def connected(
    wired: web.Parts, kind: SourceKind, count: int = 30, *, is_sharing: bool = True
) -> Iterator[Connected]:
    """Connected and not synced yet; `connection` is made by the verb that page and command use."""
    system = make_system(kind, count, london_date(now()))
    with serving({"wonde": system, "xporter": system, "oneroster": system}) as server:
        settings = replace(
            wired.settings,
            wonde_url=server.url("wonde"),
            xporter_url=f"{server.url('xporter')}/api/v1",
            xporter_token_url=f"{server.url('xporter')}/api/oauth/GetToken",
        )
        wired = replace(wired, settings=settings)
        school = make_school(wired.sessions, is_sharing=is_sharing)
        connect_school(wired, school.id, kind, server.url("oneroster"))
        yield Connected(kind, wired, school, system)


def connect_school(wired: web.Parts, school_id: UUID, kind: SourceKind, url: str) -> None:
    external_id, secret = IDS[kind]
    with transaction(wired.sessions, school_id) as session:
        connect(
            session,
            Sealer(wired.settings.secret_keys),
            kind=kind,
            external_id=external_id,
            secret=secret,
            url=url if kind is SourceKind.ONEROSTER else None,
            may_be_private=True,
            actor=OPERATOR,
            now=now(),
        )


def cut_off(request: Request) -> Reply:
    """The whole length is announced, and the connection ends before it."""
    return Reply(200, content=b'{"data": [' + b" " * 1000, cut_after=20)
