"""Importing a roster: what is added, changed, left alone, missing, rejected."""

import threading
from datetime import date

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.clock import london_date, now
from outreach.database import Sessions, transaction
from outreach.errors import NotFound, Refusal
from outreach.profiles.showing import groups_of
from outreach.pupils.characteristics import Purpose, read
from outreach.pupils.finding import find_pupil, list_pupils
from outreach.pupils.gate import Reason, gate
from outreach.pupils.groups import GroupName, is_member_on
from outreach.pupils.models import (
    AddressKind,
    GroupKind,
    GroupMember,
    Item,
    Pupil,
    PupilAddress,
    RosterGroup,
)
from outreach.pupils.roster.importing import DropRefused, NothingImported
from outreach.pupils.roster.models import RosterImport
from outreach.pupils.roster.past_imports import past_imports
from outreach.pupils.viewing import WHOLE_SCHOOL
from outreach.queues import DueWork, Work
from outreach.schools.models import Role, StaffMember
from outreach.schools.sharing import SharingChanges, agreement, change_sharing
from outreach.schools.switches import move_switch
from tests.factories import MadeSchool, make_school
from tests.journeys.roster_files import HEADER, many, roster, row, take, upn

TEN_B = GroupName(GroupKind.REGISTRATION, "10B")


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions)


def numbers(report: object) -> tuple[int, ...]:
    names = ("added", "changed", "unchanged", "left", "missing")
    return tuple(getattr(report, name) for name in names)


def by_mis_id(session: Session, mis_id: int) -> Pupil:
    return find_pupil(session, mis_id=str(mis_id))


def groups(session: Session) -> dict[str, str]:
    found = session.execute(
        select(Pupil.mis_id, RosterGroup.name)
        .join(GroupMember, GroupMember.pupil_id == Pupil.id)
        .join(RosterGroup, is_member_on(london_date(now())))
    )
    return {mis_id: name for mis_id, name in found}  # noqa: C416


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def reason_of(session: Session, mis_id: int) -> Reason | None:
    return session.execute(gate().where(Pupil.mis_id == str(mis_id))).one().reason


def test_a_first_import_adds_everybody(sessions: Sessions, school: MadeSchool) -> None:
    report = take(sessions, school.id, many(3))

    assert numbers(report) == (3, 0, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        pupil = by_mis_id(session, 2)
        assert (pupil.upn, pupil.forename, pupil.year) == (upn(2), "Forename2", 10)
        assert groups(session) == {"1": "10A", "2": "10A", "3": "10A"}
        address = session.get_one(PupilAddress, (school.id, pupil.id, AddressKind.WORK))
        assert (address.address, address.fault) == ("p2@hill.example", None)
        assert read(session, pupil.id, Purpose.GUIDING_PUPIL) == {Item.SEN: "K"}
        assert read(session, pupil.id, Purpose.SENDING_MAIL) == {}


def test_the_same_file_twice_changes_nothing(sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(3))
    with transaction(sessions, school.id) as session:
        before = session.execute(text("SELECT xmin::text, * FROM pupil ORDER BY id")).all()

    assert numbers(take(sessions, school.id, many(3))) == (0, 0, 3, 0, 0)
    assert numbers(take(sessions, school.id, many(3), is_full=True)) == (0, 0, 3, 0, 0)
    with transaction(sessions, school.id) as session:
        assert session.execute(text("SELECT xmin::text, * FROM pupil ORDER BY id")).all() == before
        assert (count(session, Pupil), count(session, RosterGroup)) == (3, 1)


@pytest.mark.parametrize(
    "cells",
    [
        {"surname": "Other"},
        {"year": 11},
        {"reg_group": "10B"},
        {"reg_group": ""},
        {"work_email": "other@hill.example"},
        {"work_email": ""},
        {"work_email": "broken"},
        {"home_email": "home@home.example"},
        {"sen": "E"},
        {"sen": ""},
        {"leaving_date": "2099-07-20"},
    ],
)
def test_a_row_that_differs_in_anything_is_one_changed_pupil(
    sessions: Sessions, school: MadeSchool, cells: dict[str, object]
) -> None:
    take(sessions, school.id, many(3))
    content = roster(row(1), row(2, **cells), row(3))

    assert numbers(take(sessions, school.id, content)) == (0, 1, 2, 0, 0)
    assert numbers(take(sessions, school.id, content)) == (0, 0, 3, 0, 0)


def test_a_change_reaches_every_part_of_the_pupil(sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(1))
    take(
        sessions,
        school.id,
        roster(row(1, surname="Other", reg_group="10B", work_email="", home_email="a@b.example")),
    )

    with transaction(sessions, school.id) as session:
        pupil = by_mis_id(session, 1)
        assert pupil.surname == "Other"
        assert groups(session) == {"1": "10B"}
        [address] = session.scalars(select(PupilAddress))
        assert (address.kind, address.address) == (AddressKind.HOME, "a@b.example")


def test_columns_that_the_file_lacks_stay_and_empty_cells_clear(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(1))

    short = roster("1,Forename1,Surname1,10,", header="MIS ID,Forename,Surname,Year,SEN")
    assert numbers(take(sessions, school.id, short)) == (0, 1, 0, 0, 0)

    with transaction(sessions, school.id) as session:
        pupil = by_mis_id(session, 1)
        assert pupil.upn == upn(1)
        assert groups(session) == {"1": "10A"}
        assert count(session, PupilAddress) == 1
        assert read(session, pupil.id, Purpose.ANSWERING_ACCESS_REQUEST) == {}


ROWS = "MIS ID,Forename,Surname,Year,SEN,FSM,Pupil Premium Indicator,Ethnic code,First language"


def test_an_item_that_is_switched_off_is_not_kept_and_the_person_is_told(
    sessions: Sessions, school: MadeSchool
) -> None:
    content = roster("1,Ola,Marsh,10,K,Y,perhaps,WBRI,Polish", header=ROWS)
    with transaction(sessions, school.id) as session:
        for name in ("item.fsm", "item.pupil_premium", "item.ethnicity"):
            move_switch(session, name, False, now())

    report = take(sessions, school.id, content)

    assert numbers(report) == (1, 0, 0, 0, 0)
    assert report.not_kept_columns == ("FSM", "Pupil Premium Indicator", "Ethnic code")
    assert [fault.column for fault in report.warnings] == list(report.not_kept_columns)
    assert all("switched off on the Data sharing page" in fault.reason for fault in report.warnings)
    assert not report.rejected
    with transaction(sessions, school.id) as session:
        kept = session.execute(text("SELECT item, value FROM pupil_characteristic ORDER BY item"))
        assert [tuple(row) for row in kept] == [("first_language", "Polish"), ("sen", "K")]


def test_what_is_held_of_an_item_that_is_off_goes_at_the_next_import(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(1))
    with transaction(sessions, school.id) as session:
        move_switch(session, "item.ethnicity", False, now())
    add = (
        "INSERT INTO pupil_characteristic (school_id, pupil_id, item, value, changed_at) "
        "SELECT school_id, id, 'ethnicity', 'WBRI', now() FROM pupil"
    )
    with transaction(sessions, school.id) as session:
        session.execute(text(add))

    assert numbers(take(sessions, school.id, many(1))) == (0, 0, 1, 0, 0)

    with transaction(sessions, school.id) as session:
        assert session.scalars(text("SELECT item FROM pupil_characteristic")).all() == ["sen"]


def test_good_rows_go_in_and_bad_ones_are_told(sessions: Sessions, school: MadeSchool) -> None:
    report = take(sessions, school.id, roster(row(1), row(2, year="ten"), row(3)))

    assert numbers(report) == (2, 0, 0, 0, 0)
    [fault] = report.as_json()["rejected"]
    assert (fault["row"], fault["column"], fault["value"]) == (3, "Year", "ten")
    assert fault["reason"]


def test_what_stood_in_a_rejected_cell_is_kept_nowhere(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, roster(row(1), row(2, year="my secret")))

    with transaction(sessions, school.id) as session:
        kept = [done.counts for done in session.scalars(select(RosterImport))]
        kept += [event.detail for event in session.scalars(select(AuditEvent))]
    assert "secret" not in str(kept)
    assert kept[0]["rejected_rows"] == 1


def test_a_broken_address_keeps_nobody_off_the_roster(
    sessions: Sessions, school: MadeSchool
) -> None:
    report = take(sessions, school.id, roster(row(1, work_email="p1(at)hill.example")))

    assert numbers(report) == (1, 0, 0, 0, 0)
    assert [fault.value for fault in report.warnings] == ["p1(at)hill.example"]
    with transaction(sessions, school.id) as session:
        assert reason_of(session, 1) is Reason.INVALID_ADDRESS


def test_a_changed_upn_with_the_same_mis_id_is_the_same_pupil(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, roster(row(1, upn=upn(1, "A"))))
    with transaction(sessions, school.id) as session:
        before = by_mis_id(session, 1).id

    assert numbers(take(sessions, school.id, roster(row(1)))) == (0, 1, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        assert find_pupil(session, upn=upn(1)).id == before


def test_a_changed_mis_id_with_the_same_upn_is_the_same_pupil(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(1))

    assert numbers(take(sessions, school.id, roster(row(1, mis_id=77)))) == (0, 1, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        assert by_mis_id(session, 77).upn == upn(1)


def test_swapped_identifiers_are_rejected_and_mix_nobody_up(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(3))

    report = take(
        sessions, school.id, roster(row(1, mis_id=2), row(2, mis_id=1), row(3)), is_full=True
    )

    assert numbers(report) == (0, 0, 1, 0, 0)
    assert [(fault.row, fault.column) for fault in report.rejected] == [
        (2, "MIS ID"),
        (3, "MIS ID"),
    ]
    with transaction(sessions, school.id) as session:
        assert by_mis_id(session, 1).upn == upn(1)


def test_a_mis_that_renumbered_its_pupils_is_taken_in_two_steps(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(2))

    take(sessions, school.id, roster(row(1, mis_id=""), row(2, mis_id="")))
    report = take(sessions, school.id, roster(row(1, mis_id=2), row(2, mis_id=1)))

    assert numbers(report) == (0, 2, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        assert (by_mis_id(session, 1).upn, count(session, Pupil)) == (upn(2), 2)


def test_an_old_mis_id_given_to_a_new_pupil_does_not_hand_over_the_profile(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(1))

    report = take(
        sessions,
        school.id,
        roster(row(1, upn=upn(9), forename="Somebody", surname="Else"), row(2)),
    )

    assert numbers(report) == (1, 0, 0, 0, 0)
    assert "a pupil of another name" in report.rejected[0].reason
    with transaction(sessions, school.id) as session:
        assert by_mis_id(session, 1).surname == "Surname1"


def test_without_a_upn_names_and_birthday_together_say_that_an_mis_id_is_somebody_elses(
    sessions: Sessions, school: MadeSchool
) -> None:
    header = f"{HEADER},Date of birth"
    born, later = {"date_of_birth": "2011-09-04"}, {"date_of_birth": "2013-05-06"}
    before = [row(n, upn="", **born) for n in (1, 2, 3)]
    take(sessions, school.id, roster(*before, row(4, upn="", date_of_birth=""), header=header))
    other = {"upn": "", "forename": "Somebody", "surname": "Else"}

    report = take(
        sessions,
        school.id,
        roster(
            row(1, **other, **later),
            row(2, **other, **born),  # born on the same day: renamed
            row(3, upn="", surname="Else", **later),  # a date put right
            row(4, **other, **later),  # nothing says that it is the same pupil
            header=header,
        ),
    )

    assert [fault.row for fault in report.rejected] == [2, 5]
    with transaction(sessions, school.id) as session:
        names = [by_mis_id(session, n).full_name for n in (1, 2, 3, 4)]
    assert names == [
        "Forename1 Surname1",
        "Somebody Else",
        "Forename3 Else",
        "Forename4 Surname4",
    ]


def test_a_kind_of_address_that_is_switched_off_is_not_taken_in(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, roster(row(1, home_email="first@home.example")))
    with transaction(sessions, school.id) as session:
        by = session.get_one(StaffMember, (school.id, school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(home_email=False), by, now())

    report = take(
        sessions,
        school.id,
        roster(row(1, home_email=""), row(2, home_email="second@home.example")),
    )

    assert numbers(report) == (1, 0, 1, 0, 0)
    [told] = report.warnings
    assert "“Home email” is switched off on the Data sharing page" in told.reason
    with transaction(sessions, school.id) as session:
        homes = select(PupilAddress.address).where(PupilAddress.kind == AddressKind.HOME)
        assert session.scalars(homes).all() == ["first@home.example"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_while_the_connection_is_revoked_no_file_is_taken_in(
    sessions: Sessions, school: MadeSchool, dry_run: bool
) -> None:
    with transaction(sessions, school.id) as session:
        agreement(session).source_revoked = True

    with pytest.raises(Refusal, match="The connection is revoked"):
        take(sessions, school.id, many(1), dry_run=dry_run)

    with transaction(sessions, school.id) as session:
        assert count(session, Pupil) == 0


def test_two_rows_that_are_one_pupil_are_told_apart_by_row(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(1))

    report = take(sessions, school.id, roster(row(1, upn=""), row(1, mis_id=5)))

    assert numbers(report) == (0, 1, 0, 0, 0)
    [fault] = report.rejected
    assert (fault.row, "Row 3" in fault.reason) == (2, True)


@pytest.mark.parametrize(
    ("again", "column"),
    [({"upn": upn(1), "mis_id": 18}, "UPN"), ({"upn": "", "mis_id": 1}, "MIS ID")],
    ids=["upn", "mis id"],
)
def test_a_repeated_identifier_rejects_the_later_row_and_names_the_earlier(
    sessions: Sessions, school: MadeSchool, again: dict[str, object], column: str
) -> None:
    report = take(sessions, school.id, roster(row(1), row(3, **again)))

    [fault] = report.rejected
    assert (report.added, fault.row, fault.column) == (1, 3, column)
    assert "Row 2" in fault.reason


def test_two_pupils_of_one_name_are_two_pupils(sessions: Sessions, school: MadeSchool) -> None:
    twins = [
        row(n, forename="Sam", surname="Reed", work_email="", home_email="r@home.example")
        for n in (1, 2)
    ]

    assert numbers(take(sessions, school.id, roster(*twins))) == (2, 0, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        assert [reason_of(session, n) for n in (1, 2)] == [None, None]


def test_who_has_left_is_counted_once_and_not_mailed(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(2))
    content = roster(row(1, leaving_date=london_date(now()).isoformat()), row(2))

    assert numbers(take(sessions, school.id, content)) == (0, 1, 1, 1, 0)
    assert numbers(take(sessions, school.id, content)) == (0, 0, 2, 0, 0)
    with transaction(sessions, school.id) as session:
        assert (reason_of(session, 1), reason_of(session, 2)) == (Reason.LEFT_SCHOOL, None)


def test_a_part_of_the_roster_makes_nobody_missing(sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(3))

    assert numbers(take(sessions, school.id, many(1))) == (0, 0, 1, 0, 0)


def test_who_is_not_in_a_full_roster_is_missing_and_a_returner_is_back(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(3))

    assert numbers(take(sessions, school.id, many(2), is_full=True)) == (0, 0, 2, 0, 1)
    assert numbers(take(sessions, school.id, many(2), is_full=True)) == (0, 0, 2, 0, 0)
    with transaction(sessions, school.id) as session:
        assert reason_of(session, 3) is Reason.MISSING_FROM_SYNC
    assert numbers(take(sessions, school.id, roster(row(3)))) == (0, 1, 0, 0, 0)
    with transaction(sessions, school.id) as session:
        assert reason_of(session, 3) is None


def test_a_pupil_whose_row_is_bad_is_not_absent(sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(4))

    content = roster(row(1), row(2, year="ten"), row(3, upn="X"), row(4, forename="", mis_id=""))
    report = take(sessions, school.id, content, is_full=True)

    assert (report.missing, report.rejected_rows) == (0, 3)


def test_a_full_roster_that_drops_too_many_is_refused_until_confirmed(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(30))
    content = roster(*(row(n, surname="New") for n in range(1, 24)))

    with pytest.raises(DropRefused, match="drop 7 of 30 pupils"):
        take(sessions, school.id, content, is_full=True)
    with pytest.raises(DropRefused):
        take(sessions, school.id, content, is_full=True, dry_run=True)
    with transaction(sessions, school.id) as session:
        assert by_mis_id(session, 1).surname == "Surname1"
        assert all(pupil.missing_since is None for pupil in session.scalars(select(Pupil)))
    report = take(sessions, school.id, content, is_full=True, confirm_drop=True)
    assert numbers(report) == (0, 23, 0, 0, 7)


@pytest.mark.parametrize(("before", "after"), [(30, 24), (3, 2)])
def test_a_fifth_or_one_pupil_may_go_unasked(
    sessions: Sessions, school: MadeSchool, before: int, after: int
) -> None:
    take(sessions, school.id, many(before))

    assert take(sessions, school.id, many(after), is_full=True).missing == before - after


def test_a_refusal_caught_by_a_page_leaves_nothing_to_commit(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(30))
    with transaction(sessions, school.id) as session:
        from outreach.pupils.roster.importing import import_roster

        with pytest.raises(DropRefused):
            import_roster(
                session,
                roster(row(1, surname="New")),
                source="csv",
                is_full=True,
                confirm_drop=False,
                dry_run=False,
                staff_id=None,
                now=now(),
            )
    with transaction(sessions, school.id) as session:
        assert by_mis_id(session, 1).surname == "Surname1"


def test_a_dry_run_counts_the_same_and_changes_nothing(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(8))
    content = roster(row(1, surname="New"), *(row(n) for n in (3, 4, 5, 6, 7, 8, 9)))

    dry = take(sessions, school.id, content, is_full=True, dry_run=True)

    with transaction(sessions, school.id) as session:
        assert (count(session, Pupil), count(session, RosterImport)) == (8, 1)
        assert by_mis_id(session, 1).surname == "Surname1"
    real = take(sessions, school.id, content, is_full=True)
    assert numbers(dry) == numbers(real) == (1, 1, 6, 0, 1)


@pytest.mark.parametrize("content", [roster(row(1, year="ten")), roster()])
def test_a_file_of_which_nothing_can_be_taken_is_refused(
    sessions: Sessions, school: MadeSchool, content: bytes
) -> None:
    with pytest.raises(NothingImported):
        take(sessions, school.id, content)
    with transaction(sessions, school.id) as session:
        assert count(session, RosterImport) == 0


def test_a_bad_header_is_refused_with_its_columns(sessions: Sessions, school: MadeSchool) -> None:
    with pytest.raises(Refusal, match="Year, UPN or MIS ID"):
        take(sessions, school.id, b"Forename,Surname\nOla,Nowak\n")


def test_an_import_is_recorded_and_queued_mail_is_looked_at_again(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(2), staff_id=school.staff[Role.ADMIN], is_full=True)

    with transaction(sessions, school.id) as session:
        [past] = past_imports(session)
        assert (past.by, past.is_full, past.counts["added"]) == ("Test admin", True, 2)
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "roster.imported")
        ).one()
        assert (event.actor_id, event.detail["added"]) == (school.staff[Role.ADMIN], 2)
        assert session.get(DueWork, (school.id, Work.DELIVER)) is not None


def test_two_imports_at_once_give_each_pupil_once(sessions: Sessions, school: MadeSchool) -> None:
    reports = []
    threads = [
        threading.Thread(target=lambda: reports.append(take(sessions, school.id, many(50))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(report.added for report in reports) == [0, 0, 50]
    assert sorted(report.unchanged for report in reports) == [0, 50, 50]


def test_two_schools_may_have_the_same_pupils(sessions: Sessions, school: MadeSchool) -> None:
    other = make_school(sessions)
    take(sessions, school.id, many(2))

    assert numbers(take(sessions, other.id, many(2))) == (2, 0, 0, 0, 0)
    assert numbers(take(sessions, school.id, many(2), is_full=True)) == (0, 0, 2, 0, 0)


def test_a_large_import_refreshes_what_the_planner_believes(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, many(300))

    with transaction(sessions, school.id) as session:
        known = session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'pupil'"))
    assert known is not None
    assert known >= 300


def test_a_pupil_is_found_by_either_identifier_and_not_in_another_school(
    sessions: Sessions, school: MadeSchool
) -> None:
    other = make_school(sessions)
    take(sessions, school.id, many(1))

    with transaction(sessions, school.id) as session:
        assert find_pupil(session, upn=upn(1).lower()).id == find_pupil(session, mis_id="1").id
        with pytest.raises(NotFound):
            find_pupil(session, upn=upn(2))
    with transaction(sessions, other.id) as session, pytest.raises(NotFound):
        find_pupil(session, upn=upn(1))


def test_the_list_is_narrowed_by_year_group_and_name(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(
        sessions,
        school.id,
        roster(
            row(1, surname="O'Neill", reg_group="10B"),
            row(2, year=9, reg_group="9A"),
            row(3, surname="100%"),
        ),
    )

    def names(**narrowed: object) -> list[str | None]:
        with transaction(sessions, school.id) as session:
            found = list_pupils(session, now=now(), seen=WHOLE_SCHOOL, **narrowed).pupils
            return [pupil.name.split()[0] for pupil in found]

    assert names() == ["Forename3", "Forename1", "Forename2"]
    assert names(year=9) == ["Forename2"]
    assert names(group=TEN_B) == ["Forename1"]
    assert names(search="o'ne") == ["Forename1"]
    assert names(search="forename1 neill") == ["Forename1"]
    assert names(search="%") == ["Forename3"]
    assert names(search=upn(2)) == ["Forename2"]
    assert names(year=9, search="neill") == []


def test_a_registration_group_counts_up_to_the_last_day_in_it(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, roster(row(1, reg_group="10B")))

    for last_day, group in ((london_date(now()), "10B"), (date(2020, 7, 20), None)):
        with transaction(sessions, school.id) as session:
            session.execute(update(GroupMember).values(ends_on=last_day))
            pupil = by_mis_id(session, 1)
            assert [
                one.group for one in list_pupils(session, now=now(), seen=WHOLE_SCHOOL).pupils
            ] == [group]
            assert len(
                list_pupils(session, group=TEN_B, now=now(), seen=WHOLE_SCHOOL).pupils
            ) == bool(group)
            assert [name for _, name in groups_of(session, pupil.id, now())] == [group] * bool(
                group
            )


def test_the_list_says_why_somebody_cannot_be_mailed(
    sessions: Sessions, school: MadeSchool
) -> None:
    take(sessions, school.id, roster(row(1, work_email=""), row(2)))

    with transaction(sessions, school.id) as session:
        listed = list_pupils(session, now=now(), seen=WHOLE_SCHOOL).pupils
    assert [pupil.why and pupil.why.reason for pupil in listed] == [Reason.NO_ADDRESS, None]


def test_a_long_list_has_pages(sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(120))

    with transaction(sessions, school.id) as session:
        pages = [
            list_pupils(session, now=now(), seen=WHOLE_SCHOOL, page=page) for page in (1, 2, 3, 9)
        ]
    assert [len(page.pupils) for page in pages] == [50, 50, 20, 20]
    assert pages[3].page == 3
    assert len({pupil.id for page in pages for pupil in page.pupils}) == 120
