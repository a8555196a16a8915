"""The sharing gate: each reason alone, each before every later one, and which address is used."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from sqlalchemy import delete, exists, false, select, true, update
from sqlalchemy.orm import Session

from outreach.clock import london_date, now
from outreach.database import Sessions, transaction
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.gate import gate
from outreach.pupils.models import AddressKind, Pupil, PupilAddress, Suppression, SuppressionReason
from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.objecting import has_objected, lift, object_to_mail
from outreach.pupils.objections.rules import Instruction
from outreach.pupils.reach.reasons import Mender, Reason
from outreach.pupils.suppressing import suppress
from outreach.schools.models import Connection, Role
from outreach.schools.sharing import agreement
from tests.factories import MadeSchool, make_pupil, make_school, set_address

WORK, HOME = "robin@hill-test-school.example", "robin@home.example"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions)


def pupil_with_both(session: Session) -> Pupil:
    return make_pupil(session, work=WORK, home=HOME)


def switch(session: Session, **settings: object) -> None:
    for name, value in settings.items():
        setattr(agreement(session), name, value)
    session.flush()


def suppress_address(
    session: Session, address: str, at: datetime | None = None, **until: datetime
) -> None:
    hashed = hash_address(address_key(session), address)
    suppress(session, hashed, SuppressionReason.BOUNCED, "test", at or now(), **until)


def reason_of(session: Session, pupil: Pupil, **asked: object) -> Reason | None:
    session.flush()
    row = session.execute(gate(**asked).where(Pupil.id == pupil.id)).one()
    if row.reason is not None:
        assert (row.address_kind, row.address, row.address_hash) == (None, None, None)
    return row.reason


def address_of(session: Session, pupil: Pupil) -> tuple[AddressKind, str]:
    session.flush()
    row = session.execute(gate().where(Pupil.id == pupil.id)).one()
    assert row.reason is None
    assert row.address_hash == hash_address(address_key(session), row.address)
    return row.address_kind, row.address


def own_word() -> Instruction:
    return Instruction(Instructor.PUPIL, london_date(now()), None)


def leave(session: Session, pupil: Pupil) -> None:
    pupil.leaving_date = date(2020, 7, 20)


def go_missing(session: Session, pupil: Pupil) -> None:
    pupil.missing_since = now()


def lose_addresses(session: Session, pupil: Pupil) -> None:
    session.execute(delete(PupilAddress).where(PupilAddress.pupil_id == pupil.id))


def spoil_addresses(session: Session, pupil: Pupil) -> None:
    session.execute(
        update(PupilAddress).where(PupilAddress.pupil_id == pupil.id).values(fault="No @.")
    )


def suppress_both(session: Session, pupil: Pupil) -> None:
    suppress_address(session, WORK)
    suppress_address(session, HOME)


CAUSES: dict[Reason, Callable[[Session, Pupil], object]] = {
    Reason.ERASED: lambda s, p: setattr(p, "erased_at", now()),
    Reason.LEFT_SCHOOL: leave,
    Reason.MISSING_FROM_SYNC: go_missing,
    Reason.NOT_CONNECTED: lambda s, p: switch(s, connection=Connection.NOT_CONNECTED),
    Reason.PAUSED: lambda s, p: switch(s, connection=Connection.PAUSED),
    Reason.REVOKED: lambda s, p: switch(s, connection=Connection.REVOKED),
    Reason.STUDENT_EMAIL_OFF: lambda s, p: switch(s, student_email=False),
    Reason.OBJECTED: lambda s, p: object_to_mail(s, p.id, "student", None, now()),
    Reason.ALREADY_ANSWERED: lambda s, p: None,  # the caller's predicate, given below
    Reason.NO_ADDRESS: lose_addresses,
    Reason.ADDRESS_SWITCHED_OFF: lambda s, p: switch(s, work_email=False, home_email=False),
    Reason.INVALID_ADDRESS: spoil_addresses,
    Reason.SUPPRESSED: suppress_both,
}
CONNECTIONS = {Reason.NOT_CONNECTED, Reason.PAUSED, Reason.REVOKED}
PAIRS = [pair for pair in combinations(Reason, 2) if not set(pair) <= CONNECTIONS]


def ask_after(session: Session, pupil: Pupil, *reasons: Reason) -> Reason | None:
    for reason in sorted(reasons, key=list(Reason).index, reverse=True):
        CAUSES[reason](session, pupil)
    answered = true() if Reason.ALREADY_ANSWERED in reasons else false()
    return reason_of(session, pupil, already_answered=answered)


def test_the_reasons_stand_in_the_order_of_the_contract() -> None:
    assert [reason.value for reason in Reason] == (
        "erased left_school missing_from_sync not_connected paused revoked student_email_off "
        "objected already_answered no_address address_switched_off invalid_address suppressed"
    ).split()


def test_every_reason_has_words_and_somebody_or_nobody_to_mend_it() -> None:
    assert all(reason.words and isinstance(reason.mender, Mender) for reason in Reason)
    assert set(CAUSES) == set(Reason)


def test_a_pupil_with_nothing_against_it_may_be_mailed(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        assert address_of(session, pupil_with_both(session)) == (AddressKind.WORK, WORK)


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_alone_keeps_mail_back(
    sessions: Sessions, school: MadeSchool, reason: Reason
) -> None:
    with transaction(sessions, school.id) as session:
        assert ask_after(session, pupil_with_both(session), reason) is reason


@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_of_two_reasons_the_earlier_is_told(
    sessions: Sessions, school: MadeSchool, earlier: Reason, later: Reason
) -> None:
    with transaction(sessions, school.id) as session:
        assert ask_after(session, pupil_with_both(session), earlier, later) is earlier


def test_a_new_school_mails_nobody(sessions: Sessions) -> None:
    new = make_school(sessions, is_sharing=False)
    with transaction(sessions, new.id) as session:
        assert reason_of(session, pupil_with_both(session)) is Reason.NOT_CONNECTED


@pytest.mark.parametrize(
    ("work_on", "home_on", "work", "home", "expected"),
    [
        (True, True, WORK, HOME, WORK),
        (True, True, None, HOME, HOME),
        (True, True, "no-address", HOME, HOME),
        (True, False, WORK, HOME, WORK),
        (False, True, WORK, HOME, HOME),
        (True, False, None, HOME, Reason.ADDRESS_SWITCHED_OFF),
        (False, True, WORK, None, Reason.ADDRESS_SWITCHED_OFF),
        (True, False, "no-address", HOME, Reason.INVALID_ADDRESS),
        (False, True, WORK, "no-address", Reason.INVALID_ADDRESS),
        (True, True, "no-address", "neither", Reason.INVALID_ADDRESS),
        (True, True, None, None, Reason.NO_ADDRESS),
        (False, False, None, None, Reason.NO_ADDRESS),
        (False, False, "no-address", None, Reason.ADDRESS_SWITCHED_OFF),
    ],
)
def test_which_address_is_used(
    sessions: Sessions,
    school: MadeSchool,
    work_on: bool,
    home_on: bool,
    work: str | None,
    home: str | None,
    expected: str | Reason,
) -> None:
    with transaction(sessions, school.id) as session:
        switch(session, work_email=work_on, home_email=home_on)
        pupil = make_pupil(session, work=work, home=home)
        row = session.execute(gate().where(Pupil.id == pupil.id)).one()
        assert (row.reason or row.address) == expected


def test_a_suppressed_work_address_is_not_replaced_by_the_home_one(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        pupil = pupil_with_both(session)
        suppress_address(session, WORK)
        assert reason_of(session, pupil) is Reason.SUPPRESSED


def test_a_suppressed_home_address_does_not_matter_while_work_is_used(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        pupil = pupil_with_both(session)
        suppress_address(session, HOME)
        assert address_of(session, pupil) == (AddressKind.WORK, WORK)


def test_a_suppression_knows_the_mailbox_however_it_is_written(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        suppress_address(session, WORK.upper())
        assert reason_of(session, make_pupil(session, work=WORK)) is Reason.SUPPRESSED


def test_siblings_with_one_mailbox_are_both_mailed_and_both_suppressed(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        siblings = [make_pupil(session, work=None, home=HOME) for _ in range(2)]
        assert [address_of(session, one) for one in siblings] == [(AddressKind.HOME, HOME)] * 2
        suppress_address(session, HOME)
        assert [reason_of(session, one) for one in siblings] == [Reason.SUPPRESSED] * 2


def test_a_suppression_ends_when_it_says(sessions: Sessions, school: MadeSchool) -> None:
    end = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with transaction(sessions, school.id) as session:
        pupil = make_pupil(session, work=WORK)
        suppress_address(session, WORK, expires_at=end)
        assert reason_of(session, pupil, at=end - timedelta(seconds=1)) is Reason.SUPPRESSED
        assert reason_of(session, pupil, at=end) is None


@pytest.mark.parametrize("order", [(None, 1), (1, None), (2, 1), (1, 2)])
def test_a_second_suppression_never_shortens_the_first(
    sessions: Sessions, school: MadeSchool, order: tuple[int | None, int | None]
) -> None:
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    ends = [None if days is None else moment + timedelta(days=days) for days in order]
    with transaction(sessions, school.id) as session:
        for end in ends:
            suppress_address(session, WORK, moment, expires_at=end)
        [kept] = session.scalars(select(Suppression.expires_at))
    assert kept == (None if None in ends else max(end for end in ends if end))


def test_the_last_day_at_school_is_counted_in_london(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        pupil = make_pupil(session, leaving_date=date(2026, 7, 20))
        half_past_midnight_in_london = datetime(2026, 7, 19, 23, 30, tzinfo=UTC)
        an_hour_before = half_past_midnight_in_london - timedelta(hours=1)
        assert reason_of(session, pupil, at=an_hour_before) is None
        assert reason_of(session, pupil, at=half_past_midnight_in_london) is Reason.LEFT_SCHOOL


def test_the_callers_predicate_is_asked_about_each_pupil(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        answered, other = make_pupil(session), make_pupil(session)
        marks = select(Pupil.id).where(Pupil.id == answered.id).subquery()
        predicate = exists().where(marks.c.id == Pupil.id)
        assert reason_of(session, answered, already_answered=predicate) is Reason.ALREADY_ANSWERED
        assert reason_of(session, other, already_answered=predicate) is None


def test_the_gate_answers_once_for_every_pupil(sessions: Sessions, school: MadeSchool) -> None:
    with transaction(sessions, school.id) as session:
        pupils = [pupil_with_both(session) for _ in range(3)]
        suppress_address(session, WORK)
        for each in pupils:
            object_to_mail(session, each.id, "student", None, now())
            lift(session, each, ObjectionScope.MAIL, own_word(), None, now())
            object_to_mail(session, each.id, "staff", None, now())
        found = [row.pupil_id for row in session.execute(gate())]
        assert sorted(found) == sorted(pupil.id for pupil in pupils)


def test_the_gate_sees_no_pupil_of_another_school(sessions: Sessions, school: MadeSchool) -> None:
    other = make_school(sessions)
    with transaction(sessions, other.id) as session:
        pupil_with_both(session)
    with transaction(sessions, school.id) as session:
        assert session.execute(gate()).all() == []


def test_another_schools_suppression_and_hash_say_nothing_here(
    sessions: Sessions, school: MadeSchool
) -> None:
    other = make_school(sessions)
    with transaction(sessions, other.id) as session:
        suppress_address(session, WORK)
        hashed_there = hash_address(address_key(session), WORK)
    with transaction(sessions, school.id) as session:
        assert hash_address(address_key(session), WORK) != hashed_there
        assert address_of(session, make_pupil(session, work=WORK)) == (AddressKind.WORK, WORK)


def test_an_objection_is_recorded_once_and_lifted_once(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        pupil = pupil_with_both(session)
        staff = school.staff[Role.ADMIN]
        assert object_to_mail(session, pupil.id, "staff", staff, now())
        assert not object_to_mail(session, pupil.id, "student", None, now())
        assert has_objected(session, pupil.id)
        for is_change in (True, False):
            lifted = lift(session, pupil, ObjectionScope.MAIL, own_word(), staff, now())
            assert lifted.is_change is is_change
        assert address_of(session, pupil) == (AddressKind.WORK, WORK)


def test_a_home_address_added_later_is_found(sessions: Sessions, school: MadeSchool) -> None:
    with transaction(sessions, school.id) as session:
        pupil = make_pupil(session, work=None)
        assert reason_of(session, pupil) is Reason.NO_ADDRESS
        set_address(session, pupil.id, AddressKind.HOME, HOME)
        assert address_of(session, pupil) == (AddressKind.HOME, HOME)
