"""Schools, staff, pupils and campaigns for tests: made by the real verbs wherever one exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach import web
from outreach.clock import now
from outreach.database import Sessions, school_of, transaction
from outreach.mail.addresses import AddressFault, check
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.models import (
    AddressKind,
    GroupKind,
    GroupMember,
    Pupil,
    PupilAddress,
    RosterGroup,
)
from outreach.queues import QUEUES, Bell, Work, take_overdue
from outreach.schools.access import COOKIE_KEY
from outreach.schools.models import AccountMail, Connection, Role, StaffMember
from outreach.schools.registering import add_school
from outreach.schools.sessions import open_session
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.schools.staffing import add_staff
from outreach.schools.switches import switch_names

_numbers = count(1)


@dataclass(frozen=True)
class MadeSchool:
    """Ids only: rows belong to the transaction they were read in."""

    id: UUID
    urn: str
    key: bytes
    staff: dict[Role, UUID]
    emails: dict[Role, str]


def make_school(
    sessions: Sessions,
    *roles: Role,
    name: str = "Hill Test School",
    is_sharing: bool = True,
    is_demo: bool = False,
) -> MadeSchool:
    """A school with a staff member per role (admin and careers leader if none is named)."""
    number = next(_numbers)
    wanted = dict.fromkeys((Role.ADMIN, *(roles or (Role.CAREERS_LEADER,))))
    with transaction(sessions) as session:
        school = add_school(session, str(200000 + number), name, now(), is_demo=is_demo)
        staff: dict[Role, UUID] = {}
        emails: dict[Role, str] = {}
        for role in wanted:
            emails[role] = f"{role.value}{number}@hill-test-school.example"
            member = add_staff(session, emails[role], f"Test {role.value}", role, now())
            staff[role] = member.id
        if is_sharing:
            turn_on_sharing(session, staff[Role.ADMIN])
        return MadeSchool(school.id, school.urn, school.key, staff, emails)


def turn_on_sharing(session: Session, staff_id: UUID) -> None:
    """Everything there is to switch on. The receipt is left out: tests count the mail that goes."""
    by = session.get_one(StaffMember, (school_of(session), staff_id))
    switches = dict.fromkeys(switch_names(), True)
    everything = SharingChanges(Connection.AUTHORISED, True, True, True, switches=switches)
    change_sharing(session, everything, by, now())
    session.execute(delete(AccountMail).where(AccountMail.school_id == school_of(session)))
    session.info["bells"].pop(Bell(Work.ACCOUNT_MAIL, None), None)


def make_pupil(
    session: Session,
    *,
    year: int = 10,
    forename: str = "Robin",
    surname: str = "Ashdown",
    work: str | None = "",
    home: str | None = None,
    date_of_birth: date | None = date(2011, 3, 14),
    leaving_date: date | None = None,
    missing_since: datetime | None = None,
) -> Pupil:
    """A pupil on the entered school's roster. `work=None` is one without a work address."""
    number = next(_numbers)
    pupil = Pupil(
        school_id=school_of(session),
        mis_id=f"M{number}",
        forename=forename,
        surname=surname,
        date_of_birth=date_of_birth,
        year=year,
        leaving_date=leaving_date,
        missing_since=missing_since,
        source="csv",
        created_at=now(),
        changed_at=now(),
    )
    session.add(pupil)
    session.flush()
    addresses = {
        AddressKind.WORK: f"pupil{number}@hill-test-school.example" if work == "" else work,
        AddressKind.HOME: home,
    }
    for kind, address in addresses.items():
        if address is not None:
            set_address(session, pupil.id, kind, address)
    return pupil


def set_address(session: Session, pupil_id: UUID, kind: AddressKind, address: str) -> None:
    checked = check(address)
    session.add(
        PupilAddress(
            school_id=school_of(session),
            pupil_id=pupil_id,
            kind=kind,
            address=address,
            address_hash=hash_address(address_key(session), address),
            fault=checked.reason if isinstance(checked, AddressFault) else None,
        )
    )
    session.flush()


def put_in_group(
    session: Session,
    name: str,
    *pupil_ids: UUID,
    kind: GroupKind = GroupKind.REGISTRATION,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> UUID:
    """The group's id; it is made where there is none. The dates are the memberships'."""
    here = {"school_id": school_of(session), "kind": kind, "name": name}
    group = session.scalar(select(RosterGroup).filter_by(**here))
    if group is None:
        group = RosterGroup(**here)
        session.add(group)
        session.flush()
    for pupil_id in pupil_ids:
        dates = {"starts_on": starts_on, "ends_on": ends_on}
        session.add(
            GroupMember(school_id=school_of(session), pupil_id=pupil_id, group_id=group.id, **dates)
        )
    session.flush()
    return group.id


def signed_in(app: Flask, school: MadeSchool, role: Role = Role.CAREERS_LEADER) -> FlaskClient:
    """A browser of that school's staff member, as after signing in."""
    wired: web.Parts = app.extensions["outreach"]
    with transaction(wired.sessions, school.id) as session:
        member = session.get_one(StaffMember, (school.id, school.staff[role]))
        secret = open_session(session, member.account_id, school.id, now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie[COOKIE_KEY] = secret
    return client


def run_workers(wired: web.Parts, *, rounds: int = 5) -> None:
    """Everything that is due now, done by a real RQ worker in this process."""
    for _ in range(rounds):
        with transaction(wired.sessions) as session:
            bells = take_overdue(session, datetime.now(UTC), limit=100)
        for bell in bells:
            wired.doorbell.ring(bell)
        queues = [Queue(name, connection=wired.redis, serializer=JSONSerializer) for name in QUEUES]
        if not bells and not any(queue.count for queue in queues):
            return
        worker = SimpleWorker(queues, connection=wired.redis, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="WARNING")


def pages(client: FlaskClient, *addresses: str) -> Iterator[tuple[str, str]]:
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        yield address, answer.text
