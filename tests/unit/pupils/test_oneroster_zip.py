"""A OneRoster zip as a roster: both versions, zips that are none, and zips that mean harm."""

import io
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from outreach.mail.addresses import check
from outreach.practice.oneroster_zip import oneroster_zip, zipped
from outreach.practice.people import PracticePupil, practice_pupils
from outreach.pupils.sources.file_roster import UnreadableFile
from outreach.pupils.sources.oneroster_zip import OneRosterZip
from outreach.pupils.sources.records import CellFault, Field, PupilRecord

TODAY = date(2026, 11, 21)
USERS = "sourcedId,status,orgSourcedIds,role,userIds,givenName,familyName,email,grades"


def pupils_of_practice(count: int = 30) -> list[PracticePupil]:
    return list(practice_pupils(count, today=TODAY))


def read(content: bytes) -> tuple[list[PupilRecord], OneRosterZip]:
    roster = OneRosterZip(content, today=TODAY, check_address=check)
    return list(roster), roster


def read_users(*rows: str, **files: str) -> tuple[list[PupilRecord], OneRosterZip]:
    others = {f"{name}.csv": text for name, text in files.items()}
    return read(zipped({"users.csv": "\n".join([USERS, *rows]), **others}))


def refusal_of(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as told:
        read(content)
    return told.value.words


def changed(content: bytes, files: Mapping[str, str | None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return zipped({name: text for name, text in (texts | files).items() if text is not None})


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_school_is_read_from_a_zip_of_either_version(version: str) -> None:
    known = pupils_of_practice()

    records, roster = read(oneroster_zip(known, version))

    assert len(records) == roster.row_count == 30
    for record, pupil in zip(records, known, strict=True):
        assert (record.upn, record.mis_id) == (pupil.upn, f"or-{pupil.id}")
        assert (record.forename, record.surname) == (pupil.forename, pupil.surname)
        assert (record.year, record.date_of_birth) == (pupil.year, pupil.date_of_birth)
        assert (record.gender, record.work_email) == (pupil.gender, pupil.work_email)
        assert record.reg_group == pupil.registration_group
    assert '["teaching", "7A/En", null, null]' in (records[0].groups or "")
    assert not roster.rejected
    assert not roster.ignored
    assert not roster.notes
    assert roster.heading_of(Field.DATE_OF_BIRTH) == "birthDate (demographics.csv)"


def test_what_the_zip_lacks_is_not_given_so_that_nothing_is_cleared() -> None:
    whole = oneroster_zip(pupils_of_practice())
    bare = changed(whole, {"demographics.csv": None, "enrollments.csv": None, "manifest.csv": None})

    records, roster = read(bare)

    assert len(records) == 30
    left_out = {Field.DATE_OF_BIRTH, Field.GENDER, Field.REG_GROUP, Field.GROUPS}
    assert not left_out & roster.fields
    assert Field.PREFERRED_FORENAME not in roster.fields


def test_files_may_lie_in_a_folder_and_rows_may_be_short() -> None:
    text = f"{USERS}\r\n1,,s,student,,Zoë,O’Brien,,07\r\n2,active,s,student,,Ada,Byron\r\n"
    records, roster = read(
        zipped({"export/users.csv": "\ufeff" + text, "__MACOSX/export/users.csv": "x"})
    )

    assert [(record.row, record.forename, record.year) for record in records] == [(2, "Zoë", 7)]
    assert [(fault.row, fault.column) for fault in roster.rejected] == [(3, "grades")]


def test_a_bad_cell_is_told_by_row_and_column_and_its_pupil_is_not_absent() -> None:
    records, roster = read_users(
        "1,,s,student,{UPN:B801200005002},Ola,Nowak,ola@hill.example,10",
        "2,,s,student,,Ola,Nowak,not-an-address,10",
        "3,,s,student,,Ola,Nowak,,KG",
        '4,,s,student,,Ola,Nowak,,"KG,9",more',
        '5,,s,student,,Ola,Nowak,,"PK,9"',
    )

    assert [record.mis_id for record in records] == ["2", "5"]
    assert [(fault.row, fault.column) for fault in roster.rejected] == [
        (2, "UPN"),
        (4, "grades"),
        (5, ""),
    ]
    assert [pupil.mis_id for pupil in roster.rejected_pupils] == ["1", "3", "4"]
    assert records[0].work_fault
    assert records[1].year == 9


def test_those_who_left_and_those_who_are_no_students_are_left_out() -> None:
    records, roster = read_users(
        "1,tobedeleted,s,student,,Ola,Nowak,,10",
        "2,active,s,teacher,,Tess,Teacher,,",
        "3,active,s,,,No,Role,,10",
        "4,active,s,student,,Ola,Nowak,,10",
    )

    assert [record.mis_id for record in records] == ["4"]
    assert [(fault.row, fault.reason.split(",")[0]) for fault in roster.warnings] == [
        (2, "The record is marked as deleted or left")
    ]


def test_the_roles_of_1_2_say_who_is_a_student_now() -> None:
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    roles = "\n".join(
        [
            "userSourcedId,roleType,role,endDate,orgSourcedId",
            "1,primary,student,,s",
            f"2,primary,student,{yesterday},s",
            "3,primary,teacher,,s",
            "3,secondary,student,,s",
        ]
    )
    users = "sourcedId,givenName,familyName,grades\n" + "\n".join(
        f"{number},Ola,Nowak,10" for number in range(1, 5)
    )

    records, roster = read(zipped({"users.csv": users, "roles.csv": roles}))

    assert [record.mis_id for record in records] == ["1"]
    assert [fault.row for fault in roster.warnings] == [3]


def test_enrolments_that_are_over_or_of_nobody_make_no_group() -> None:
    records, _ = read_users(
        "1,,s,student,,Ola,Nowak,,10",
        classes="sourcedId,status,title,classType\nh,,10A,homeroom\nm,,10/Ma,scheduled\ne,,10/En,\n"
        "x,tobedeleted,Gone,scheduled\nb,,\x07bell,scheduled\n",
        enrollments="classSourcedId,userSourcedId,role,endDate\nh,1,student,\nm,1,student,2026-07-01\n"
        "e,1,student,\nx,1,student,\nb,1,student,\nm,9,student,\nm,1,teacher,\n",
    )

    assert records[0].reg_group == "10A"
    assert records[0].groups == '[["teaching", "10/En", null, null]]'


def test_pupils_of_several_schools_are_not_mixed_but_one_may_be_at_two() -> None:
    orgs = "sourcedId,type\ns,school\nt,school\nd,district\n"
    two = '2,,"s,t,d",student,,Ola,Nowak,,10'
    records, _ = read_users('1,,"s,d",student,,Ola,Nowak,,10', two, orgs=orgs)
    assert len(records) == 2

    rows = [USERS, "1,,s,student,,Ola,Nowak,,10", two, "3,,t,student,,Ola,Nowak,,10"]
    words = refusal_of(zipped({"users.csv": "\n".join(rows), "orgs.csv": orgs}))
    assert "pupils of 2 schools" in words


def test_a_zip_of_changes_says_so() -> None:
    manifest = "propertyName,value\noneroster.version,1.1\nfile.users,delta\n"

    _, roster = read_users("1,,s,student,,Ola,Nowak,,10", manifest=manifest)

    assert "changes only" in roster.notes[0]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"manifest.csv": "a,b\n"}, "no users.csv"),
        ({"users.csv": ""}, "no column for: sourcedId, givenName, familyName, grades"),
        ({"users.csv": "sourcedId,givenName,familyName,grades\n"}, "who is a student"),
        ({"users.csv": f'{USERS}\n1,,s,student,,"Ola,N,,10\n'}, "Row 2 of users.csv"),
        ({"users.csv": f"{USERS}\n{'x' * 200_000}\n"}, "longer than any pupil's"),
        ({"users.csv": USERS, "a/users.csv": USERS}, "two files of the same name"),
        ({"users.csv": USERS, "inner.zip": "PK"}, "another zip"),
        ({"users.csv": USERS} | {f"{n}.csv": "" for n in range(100)}, "more than 100 files"),
        ({"users.csv": USERS + "\n" + "0" * 5_000_000}, "more tightly"),
    ],
)
def test_a_zip_that_is_none_or_means_harm_is_refused_in_words(
    files: dict[str, str], words: str
) -> None:
    assert words in refusal_of(zipped(files))


def test_a_zip_that_says_it_is_huge_is_refused_before_it_is_unpacked() -> None:
    content = bytearray(zipped({"users.csv": USERS}))
    entry = content.rindex(b"PK\x01\x02")
    huge = 300 * 1024 * 1024
    content[entry + 20 : entry + 28] = huge.to_bytes(4, "little") * 2
    assert "more than 200 MB" in refusal_of(bytes(content))


def test_damaged_and_encrypted_zips_are_refused() -> None:
    whole = oneroster_zip(pupils_of_practice(200))
    assert "damaged" in refusal_of(whole[: len(whole) // 2])
    assert "damaged" in refusal_of(b"PK\x03\x04" + b"\x00" * 100)

    spoilt = bytearray(whole)
    start = whole.index(b"users.csv") + 300
    spoilt[start : start + 40] = b"\xff" * 40
    assert "damaged" in refusal_of(bytes(spoilt))

    sealed = bytearray(zipped({"users.csv": USERS}))
    sealed[sealed.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal_of(bytes(sealed))

    latin = io.BytesIO()
    with zipfile.ZipFile(latin, "w") as archive:
        archive.writestr("users.csv", f"{USERS}\n1,,s,student,,Zoë,Nowak,,7\n".encode("cp1252"))
    assert "OneRoster is UTF-8" in refusal_of(latin.getvalue())


def test_a_row_of_hostile_text_is_rejected_alone() -> None:
    records, roster = read_users(
        "1,,s,student,,\x1b[31mRed,Nowak,,10",
        f"2,,s,student,,{'n' * 5_000},Nowak,,10",
        "3,,s,student,,Ola,Nowak,,10",
    )

    assert [record.mis_id for record in records] == ["3"]
    faults: list[CellFault] = roster.rejected
    assert [(fault.row, fault.column) for fault in faults] == [(2, "givenName"), (3, "givenName")]
    assert all(len(fault.value) <= 200 for fault in faults)
