"""Who is who, and who is still here: each rule of `docs/rosters.md` as it shows on the roster."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from outreach import web
from outreach.audit import OPERATOR
from outreach.clock import london_date, now
from outreach.database import Sessions, transaction
from outreach.privacy.erasing import erase_pupils
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.finding import find_pupil
from outreach.pupils.gate import Reason, gate
from outreach.pupils.models import (
    GroupMember,
    MissingReason,
    Pupil,
    PupilAddress,
    RosterGroup,
    SuppressionReason,
)
from outreach.pupils.roster.import_report import is_large_drop, share_of_a_sync
from outreach.pupils.roster.importing import DropRefused, NothingImported
from outreach.pupils.roster.models import RosterImport, StagedPupil
from outreach.pupils.sources.records import (
    CellFault,
    Field,
    GroupPlace,
    RejectedPupil,
    groups_as_json,
)
from outreach.pupils.sources.source import Leaver
from outreach.pupils.suppressing import note_wrong_person, suppress
from outreach.queues import DueWork, Work
from tests.answered import launch_campaign
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_school, run_workers
from tests.journeys.roster_files import many, roster, row, take, upn
from tests.journeys.staged_rosters import GIVEN, merge, record, records

TODAY = london_date(now())
YESTERDAY = TODAY - timedelta(days=1)
LAST_YEAR = TODAY - timedelta(days=365)


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions)


@pytest.fixture
def session(sessions: Sessions, school: MadeSchool) -> Iterator[Session]:
    """Reads committed rows, one statement after another."""
    with sessions() as reading:
        reading.info["school_id"] = school.id
        reading.connection(execution_options={"isolation_level": "READ COMMITTED"})
        yield reading


def numbers(report: object) -> tuple[int, ...]:
    names = ("added", "changed", "unchanged", "left", "missing")
    return tuple(getattr(report, name) for name in names)


def reasons(session: Session) -> dict[str | None, Reason | None]:
    rows = session.execute(gate().add_columns(Pupil.mis_id))
    return {row.mis_id: row.reason for row in rows}


def ids(session: Session) -> dict[str, UUID]:
    """By surname, which tests keep."""
    return dict(session.execute(select(Pupil.surname, Pupil.id)).all())


def missing(session: Session) -> dict[str, MissingReason | None]:
    rows = session.execute(
        select(Pupil.mis_id, Pupil.missing_reason).where(Pupil.missing_since.is_not(None))
    )
    return dict(rows.all())


def memberships(session: Session) -> dict[tuple[str, str], tuple[date | None, date | None]]:
    """First and last day by MIS ID and group."""
    rows = session.execute(
        select(Pupil.mis_id, RosterGroup.name, GroupMember.starts_on, GroupMember.ends_on)
        .join(Pupil, Pupil.id == GroupMember.pupil_id)
        .join(RosterGroup, RosterGroup.id == GroupMember.group_id)
    )
    return {(row.mis_id, row.name): (row.starts_on, row.ends_on) for row in rows}


def test_after_a_year_rollover_everybody_is_who_they_were_a_year_up(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    take(
        sessions,
        school.id,
        roster(row(1, year=7), row(2, year=11, reg_group="11A"), row(3, year=13)),
    )
    before = ids(session)

    report = take(
        sessions,
        school.id,
        roster(
            row(1, year=8, reg_group="8A"),
            row(2, year=12, reg_group="12A"),
            row(3, year=13, leaving_date=YESTERDAY),
            row(4, year=7, reg_group="7A"),
        ),
        is_full=True,
    )

    assert numbers(report) == (1, 3, 0, 1, 0)
    after = ids(session)
    assert after == before | {"Surname4": after["Surname4"]}
    assert reasons(session) == {"1": None, "2": None, "3": Reason.LEFT_SCHOOL, "4": None}


def test_whoever_changes_form_is_in_the_old_one_until_yesterday(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    take(sessions, school.id, roster(row(1), row(2)))
    assert memberships(session) == {("1", "10A"): (None, None), ("2", "10A"): (None, None)}

    take(sessions, school.id, roster(row(1, reg_group="10B"), row(2)))
    assert memberships(session) == {
        ("1", "10A"): (None, YESTERDAY),
        ("1", "10B"): (TODAY, None),
        ("2", "10A"): (None, None),
    }

    take(sessions, school.id, many(2))  # a slip, mended on the same day, leaves no trace
    assert memberships(session) == {("1", "10A"): (None, None), ("2", "10A"): (None, None)}


def test_whoever_is_back_in_a_group_after_a_while_starts_anew(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    take(sessions, school.id, many(1))
    with transaction(sessions, school.id) as writing:
        writing.execute(update(GroupMember).values(starts_on=LAST_YEAR, ends_on=LAST_YEAR))

    take(sessions, school.id, many(1))

    assert memberships(session) == {("1", "10A"): (TODAY, None)}


def test_groups_come_with_the_dates_of_the_source_and_unchanged_ones_write_nothing(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    places = [
        GroupPlace("teaching", "10A/Ma1", LAST_YEAR, None),
        GroupPlace("user_defined", "Choir", None, TODAY),
    ]
    first = record(1, groups=groups_as_json(places))
    merge(sessions, school.id, first)
    xmin = "SELECT xmin::text FROM group_member ORDER BY group_id"
    written = session.scalars(text(xmin)).all()

    assert numbers(merge(sessions, school.id, first)) == (0, 0, 1, 0, 0)
    assert session.scalars(text(xmin)).all() == written
    assert memberships(session) == {
        ("1", "10A"): (None, None),
        ("1", "10A/Ma1"): (LAST_YEAR, None),
        ("1", "Choir"): (None, TODAY),
    }
    assert numbers(merge(sessions, school.id, record(1))) == (0, 1, 0, 0, 0)
    assert memberships(session) == {
        ("1", "10A"): (None, None),
        ("1", "10A/Ma1"): (LAST_YEAR, YESTERDAY),
        ("1", "Choir"): (None, YESTERDAY),
    }


def test_a_source_without_groups_leaves_those_that_are_known(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, record(1, groups='[["teaching", "10A/Ma1", null, null]]'))

    merge(sessions, school.id, record(1), fields=GIVEN - {Field.GROUPS, Field.REG_GROUP})

    assert memberships(session) == {("1", "10A"): (None, None), ("1", "10A/Ma1"): (None, None)}


def test_a_full_sync_tells_a_leaver_from_a_deleted_record_and_from_who_is_only_absent(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2, 3, 4, 5, 6))

    report = merge(
        sessions,
        school.id,
        *records(1, 2),
        is_full=True,
        confirm_drop=True,
        leavers=[Leaver("3", LAST_YEAR), Leaver("4", None), Leaver("99", None)],
        gone=["5", "99"],
    )

    assert numbers(report) == (0, 0, 2, 2, 2)
    assert missing(session) == {"5": MissingReason.DELETED, "6": MissingReason.ABSENT}
    assert reasons(session) == {
        "1": None,
        "2": None,
        "3": Reason.LEFT_SCHOOL,
        "4": Reason.LEFT_SCHOOL,
        "5": Reason.MISSING_FROM_SYNC,
        "6": Reason.MISSING_FROM_SYNC,
    }
    left_on = dict(session.execute(select(Pupil.mis_id, Pupil.leaving_date)).all())
    assert (left_on["3"], left_on["4"]) == (LAST_YEAR, TODAY)

    again = merge(
        sessions,
        school.id,
        *records(1, 2),
        is_full=True,
        leavers=[Leaver("3", LAST_YEAR), Leaver("4", None)],
    )
    assert numbers(again) == (0, 0, 2, 0, 0)


def test_who_was_absent_and_turns_up_among_the_leavers_is_a_leaver(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2, 3))
    merge(sessions, school.id, *records(1, 2), is_full=True)

    merge(sessions, school.id, *records(1, 2), is_full=True, leavers=[Leaver("3", YESTERDAY)])

    assert (reasons(session)["3"], missing(session)) == (Reason.LEFT_SCHOOL, {})


def test_a_record_that_is_still_given_does_not_keep_a_leaver_on_the_roster(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2))
    leavers = [Leaver("1", YESTERDAY), Leaver("2", LAST_YEAR)]
    given = (record(1, start_date=LAST_YEAR), record(2, start_date=YESTERDAY))

    report = merge(sessions, school.id, *given, is_full=True, leavers=leavers)

    assert report.left == 1
    assert reasons(session) == {"1": Reason.LEFT_SCHOOL, "2": None}  # 2 left, and began anew
    assert numbers(merge(sessions, school.id, *given, is_full=True, leavers=leavers)) == (
        (0, 0, 2, 0, 0)
    )


def test_whoever_returns_is_mailed_again_whether_they_had_left_or_been_missing(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2, 3))
    merge(
        sessions, school.id, record(1), is_full=True, confirm_drop=True, leavers=[Leaver("2", None)]
    )
    assert reasons(session) == {"1": None, "2": Reason.LEFT_SCHOOL, "3": Reason.MISSING_FROM_SYNC}

    report = merge(sessions, school.id, *records(2, 3))

    assert numbers(report) == (0, 2, 0, 0, 0)
    assert reasons(session) == dict.fromkeys("123")
    assert set(session.scalars(select(Pupil.missing_reason))) == {None}


def test_a_leaving_day_still_to_come_outlives_a_source_that_knows_none(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    tomorrow = TODAY + timedelta(days=1)
    take(sessions, school.id, roster(row(1, leaving_date=tomorrow)))

    assert numbers(merge(sessions, school.id, record(1))) == (0, 0, 1, 0, 0)
    assert session.scalar(select(Pupil.leaving_date)) == tomorrow


def test_siblings_with_one_mailbox_get_a_link_each_and_share_its_bounces_alone(
    wired: web.Parts, school: MadeSchool, session: Session, mailbox: Catcher
) -> None:
    family = "Reed@home.example"
    take(
        wired.sessions,
        school.id,
        roster(*(row(n, surname=f"Reed{n}", work_email="", home_email=family) for n in (1, 2))),
    )
    with transaction(wired.sessions, school.id) as writing:
        launch_campaign(writing, wired.library, now())
    run_workers(wired)

    assert len({mail.link for mail in mailbox.sent_to(family)}) == 2
    shared = hash_address(address_key(session), "reed@home.example")
    with transaction(wired.sessions, school.id) as writing:
        note_wrong_person(writing, ids(session)["Reed1"], [shared], now())
    assert reasons(session) == {"1": Reason.SUPPRESSED, "2": None}
    with transaction(wired.sessions, school.id) as writing:
        suppress(writing, shared, SuppressionReason.BOUNCED, "smtp", now())
    assert reasons(session) == {"1": Reason.SUPPRESSED, "2": Reason.SUPPRESSED}


def test_two_pupils_of_one_name_and_birthday_stay_two(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    born = date(2011, 3, 14)
    twins = [record(n, forename="Sam", surname="Reed", date_of_birth=born) for n in (1, 2)]

    assert numbers(merge(sessions, school.id, *twins, is_full=True)) == (2, 0, 0, 0, 0)
    assert numbers(merge(sessions, school.id, *twins, is_full=True)) == (0, 0, 2, 0, 0)


def test_a_temporary_upn_that_became_permanent_is_the_same_pupil(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, record(1, upn=upn(1, "A")))
    before = ids(session)

    assert numbers(merge(sessions, school.id, record(1), is_full=True)) == (0, 1, 0, 0, 0)
    assert ids(session) == before
    assert session.scalar(select(Pupil.upn)) == upn(1)


def test_a_pupil_at_two_schools_is_a_pupil_of_each_and_neither_knows(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    other = make_school(sessions)
    merge(sessions, school.id, *records(1, 2))
    merge(sessions, other.id, *records(1, 2))

    merge(sessions, other.id, record(2), is_full=True, leavers=[Leaver("1", None)])
    with transaction(sessions, other.id) as writing:
        address = hash_address(address_key(writing), "p2@hill.example")
        suppress(writing, address, SuppressionReason.BOUNCED, "smtp", now())

    assert reasons(session) == {"1": None, "2": None}
    with transaction(sessions, other.id) as theirs:
        assert reasons(theirs) == {"1": Reason.LEFT_SCHOOL, "2": Reason.SUPPRESSED}


def test_after_a_move_to_another_mis_pupils_are_known_by_upn_and_get_its_ids(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    no_upn = {"upn": None, "surname": "Unnumbered"}
    merge(sessions, school.id, *records(1, 2, 3), record(4, **no_upn))
    before = ids(session)
    moved = [
        record(1, mis_id="2"),
        record(2, mis_id="3"),
        record(3, mis_id="4"),
        record(4, mis_id="1", **no_upn),
    ]

    report = merge(sessions, school.id, *moved, is_full=True, ids_changed=True)

    assert numbers(report) == (1, 3, 0, 0, 1)  # who has no UPN is nobody we know
    known = {surname: id for surname, id in ids(session).items() if surname != "Unnumbered"}
    assert known == {surname: id for surname, id in before.items() if surname != "Unnumbered"}
    rows = session.execute(select(Pupil.surname, Pupil.mis_id).where(Pupil.mis_id.is_not(None)))
    assert dict(rows.all()) == {
        "Surname1": "2",
        "Surname2": "3",
        "Surname3": "4",
        "Unnumbered": "1",
    }
    assert numbers(merge(sessions, school.id, *moved, is_full=True)) == (0, 0, 4, 0, 0)


def test_ids_that_turn_out_to_be_the_same_after_a_move_change_nobody(
    sessions: Sessions, school: MadeSchool
) -> None:
    merge(sessions, school.id, *records(1, 2))

    report = merge(sessions, school.id, *records(1, 2), is_full=True, ids_changed=True)

    assert numbers(report) == (0, 0, 2, 0, 0)


def test_who_opted_out_at_the_integrator_is_missed_by_a_full_sync_and_not_by_one_of_changes(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2, 3))

    assert numbers(merge(sessions, school.id)) == (0, 0, 0, 0, 0)
    assert reasons(session)["3"] is None
    assert numbers(merge(sessions, school.id, *records(1, 2), is_full=True)) == (0, 0, 2, 0, 1)
    assert missing(session) == {"3": MissingReason.ABSENT}


def test_an_erased_pupil_is_nobody_to_an_import(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2))
    with transaction(sessions, school.id) as writing:
        erase_pupils(writing, [find_pupil(writing, mis_id="2").id], OPERATOR, now())

    assert numbers(merge(sessions, school.id, record(1), is_full=True)) == (0, 0, 1, 0, 0)
    assert numbers(merge(sessions, school.id, *records(1, 2), is_full=True)) == (1, 0, 1, 0, 0)
    assert session.scalar(select(func.count()).where(Pupil.erased_at.is_not(None))) == 1


def test_a_sync_that_would_lose_many_leaves_everything_as_it_was(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(*range(1, 11)))

    with pytest.raises(DropRefused, match="drop 6 of 10 pupils") as full:
        merge(sessions, school.id, record(1, surname="New"), *records(*range(2, 5)), is_full=True)
    with pytest.raises(DropRefused, match="This sync would drop 6 of 10"):
        merge(sessions, school.id, gone=["5", "6", "7", "8", "9", "10"])
    with pytest.raises(NothingImported, match="brought no pupils"):
        merge(sessions, school.id, is_full=True)

    assert (full.value.dropped, full.value.current) == (6, 10)
    assert "New" not in ids(session)
    assert missing(session) == {}
    confirmed = merge(sessions, school.id, *records(*range(1, 5)), is_full=True, confirm_drop=True)
    assert confirmed.missing == 6


def test_leavers_count_as_lost_whichever_way_they_are_told(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(*range(1, 11)))
    listed = [Leaver("6", YESTERDAY), Leaver("7", None), Leaver("8", TODAY + timedelta(days=9))]
    ended = [record(n, leaving_date=YESTERDAY) for n in (2, 3, 4)]

    with pytest.raises(DropRefused, match="drop 8 of 10 pupils: 5 as leavers, 3 as missing"):
        merge(
            sessions,
            school.id,
            record(1),
            *ended,
            record(5),
            fields=frozenset(Field),
            is_full=True,
            leavers=listed,
        )

    assert all(reason is None for reason in reasons(session).values())


def test_when_the_school_year_ends_a_sync_may_lose_up_to_half() -> None:
    november, august = share_of_a_sync(date(2026, 11, 25)), share_of_a_sync(date(2027, 8, 25))

    assert is_large_drop(3, 10, november)
    assert not is_large_drop(5, 10, august)
    assert is_large_drop(6, 10, august)


def test_a_record_that_was_rejected_is_told_and_its_pupil_is_not_absent(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2))
    fault = CellFault(2, "Year", "ten", "A year is a number.")

    report = merge(
        sessions,
        school.id,
        record(1),
        is_full=True,
        rejected=[fault],
        rejected_pupils=[RejectedPupil(None, "2")],
    )

    assert (report.rejected, report.missing) == ([fault], 0)


def test_of_a_record_that_came_twice_the_later_counts_and_is_no_fault(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    twice = [record(1), record(2), record(1, row=3, surname="Later")]

    report = merge(sessions, school.id, *twice)

    assert numbers(report) == (2, 0, 0, 0, 0)
    assert report.rejected == []
    assert set(ids(session)) == {"Later", "Surname2"}


def test_a_sync_is_recorded_and_queued_mail_is_looked_at_again(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    merge(sessions, school.id, *records(1, 2), is_full=True)

    [done] = session.scalars(select(RosterImport))
    assert (done.source, done.is_full, done.counts["added"]) == ("wonde", True, 2)
    assert session.get(DueWork, (school.id, Work.DELIVER)) is not None
    assert session.scalar(select(func.count()).select_from(StagedPupil)) == 0


def test_an_address_hashes_alike_whichever_way_it_came(
    sessions: Sessions, school: MadeSchool, session: Session
) -> None:
    written = ["P1@Hill.Example", "p'2@HILL.example", "ü@hill.example", "broken at hill"]
    faults = [None, None, "Letters.", "No @."]
    take(sessions, school.id, roster(*(row(n, work_email=a) for n, a in enumerate(written, 1))))
    merge(
        sessions,
        school.id,
        *(
            record(n, home_email=address, home_fault=fault)
            for n, (address, fault) in enumerate(zip(written, faults, strict=True), 1)
        ),
        fields=frozenset({Field.UPN, Field.HOME_EMAIL}),
    )

    key = address_key(session)
    rows = session.execute(select(PupilAddress.address, PupilAddress.address_hash)).all()
    assert len(rows) == 8
    assert all(row.address_hash == hash_address(key, row.address) for row in rows)
    assert len({row.address_hash for row in rows}) == 4
