"""Staff give a pupil another address: it stands until the MIS gives one that is new too."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent, staff_actor
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.errors import Refusal
from outreach.pupils.correcting import give_address, kind_to_correct
from outreach.pupils.finding import find_pupil
from outreach.pupils.models import AddressKind, PupilAddress, Suppression, SuppressionReason
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.suppressing import suppress
from outreach.schools.models import Role
from tests.factories import MadeSchool, make_school
from tests.journeys.roster_files import roster, row, take

GIVEN = "right.one@hill.example"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    school = make_school(sessions)
    take(sessions, school.id, roster(row(1), row(2), row(3, work_email="")))
    return school


@pytest.fixture
def session(sessions: Sessions, school: MadeSchool) -> Iterator[Session]:
    with transaction(sessions, school.id) as writing:
        yield writing


def give(session: Session, school: MadeSchool, number: int, address: str) -> Reason | None:
    by = staff_actor(school.staff[Role.CAREERS_LEADER])
    return give_address(session, pupil(session, number), AddressKind.WORK, address, by, now())


def pupil(session: Session, number: int) -> UUID:
    return find_pupil(session, mis_id=str(number)).id


def stored(sessions: Sessions, school: MadeSchool, number: int) -> PupilAddress:
    with transaction(sessions, school.id) as session:
        return session.scalars(
            select(PupilAddress).where(PupilAddress.pupil_id == pupil(session, number))
        ).one()


def test_it_stands_while_the_mis_says_the_same_or_nothing(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        assert give(session, school, 1, GIVEN) is None
        assert give(session, school, 3, "three@hill.example") is None

    report = take(sessions, school.id, roster(row(1), row(2), row(3, work_email="")))
    take(sessions, school.id, roster(row(1, work_email="")))

    assert (report.changed, report.unchanged) == (0, 3)
    assert stored(sessions, school, 1).address == GIVEN
    assert stored(sessions, school, 3).address == "three@hill.example"


@pytest.mark.parametrize("news", ["new.in.mis@hill.example", GIVEN])
def test_what_the_mis_gives_anew_takes_its_place(
    sessions: Sessions, school: MadeSchool, news: str
) -> None:
    with transaction(sessions, school.id) as session:
        give(session, school, 1, GIVEN)

    take(sessions, school.id, roster(row(1, work_email=news)))
    assert stored(sessions, school, 1).address == news
    take(sessions, school.id, roster(row(1)))

    after = stored(sessions, school, 1)
    assert (after.address, after.given_at, after.instead_of) == ("p1@hill.example", None, None)


def test_the_old_address_stays_suppressed_and_the_record_holds_no_address(
    session: Session, school: MadeSchool
) -> None:
    old = session.scalars(
        select(PupilAddress.address_hash).where(PupilAddress.pupil_id == pupil(session, 1))
    ).one()
    suppress(session, old, SuppressionReason.BOUNCED, "smtp", now())

    assert give(session, school, 1, GIVEN) is None

    assert session.scalars(select(Suppression.address_hash)).all() == [old]
    told = session.scalars(select(AuditEvent).where(AuditEvent.action.like("address.%"))).one()
    assert told.subject_id == pupil(session, 1)
    assert told.detail == {"kind": "work", "is_verified": True, "replaced_one": True}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("robin.hill.example", "no @"),
        ("P1@hill.example", "there already"),
        ("p2@hill.example", "Another pupil"),
    ],
)
def test_an_address_that_cannot_be_the_pupils_is_refused(
    session: Session, school: MadeSchool, typed: str, words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        give(session, school, 1, typed)


def test_an_address_that_must_not_be_mailed_is_refused(
    session: Session, school: MadeSchool
) -> None:
    give(session, school, 1, GIVEN)
    given = session.scalars(
        select(PupilAddress.address_hash).where(PupilAddress.address == GIVEN)
    ).one()
    suppress(session, given, SuppressionReason.COMPLAINT, "smtp", now())
    give(session, school, 1, "p1@hill.example")  # the source's own again

    with pytest.raises(Refusal, match="stopped or has come back"):
        give(session, school, 1, GIVEN)


def test_the_kind_to_put_right_is_the_one_that_mail_would_use(
    session: Session, school: MadeSchool
) -> None:
    assert kind_to_correct(session, pupil(session, 1)) is AddressKind.WORK
    assert kind_to_correct(session, pupil(session, 3)) is AddressKind.WORK
