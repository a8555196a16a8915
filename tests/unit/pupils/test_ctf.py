"""Common Transfer Files: pupils by their UPN, and XML that no export writes."""

from datetime import date
from pathlib import Path

import pytest

from outreach.mail.addresses import check
from outreach.pupils.sources.file_roster import FileRoster, UnreadableFile
from outreach.pupils.sources.files import open_roster
from outreach.pupils.sources.records import Field, PupilRecord

TODAY = date(2026, 11, 21)
HEADER = (
    "<Header><DocumentName>Common Transfer File</DocumentName><CTFversion>24.0</CTFversion>"
    "<SourceSchool><LEA>873</LEA><Estab>2004</Estab><SchoolName>Hill</SchoolName>"
    "<AcademicYear>2026</AcademicYear></SourceSchool>{destination}</Header>"
)
PUPIL = """<Pupil>
<UPN>{upn}</UPN><Surname>Nowak</Surname><Forename>Ola</Forename><DOB>2011-09-04</DOB><Sex>F</Sex>
<BasicDetails>
 <PreferredForename>Olka</PreferredForename><NCyearActual>{year}</NCyearActual><Ethnicity>WOTH</Ethnicity>
 <Languages><Type><LanguageType>H</LanguageType><Language>POL</Language></Type>
 <Type><LanguageType>F</LanguageType><Language>ENG</Language></Type></Languages>
</BasicDetails>
<FSMhistory><FSMinstance><FSMstartDate>2025-01-01</FSMstartDate>{fsm_end}</FSMinstance></FSMhistory>
<SEN><SENhistory><SEN><StartDate>2025-09-01</StartDate><SENprovision>K</SENprovision></SEN>
<SEN><StartDate>2022-09-01</StartDate><SENprovision>N</SENprovision></SEN></SENhistory></SEN>
<Email>parent@home.example</Email>
<Contacts><Contact><Surname>Parent</Surname><Forename>P</Forename></Contact></Contacts>
<SchoolHistory><School><LEA>873</LEA><Estab>2004</Estab><EntryDate>2022-09-01</EntryDate>
<LeavingDate>2026-07-20</LeavingDate></School></SchoolHistory>{more}
</Pupil>"""


def pupil(upn: str = "B801200005001", year: str = "10", fsm_end: str = "", more: str = "") -> str:
    return PUPIL.format(upn=upn, year=year, fsm_end=fsm_end, more=more)


def ctf(*pupils: str, destination: str = "", before: str = "") -> bytes:
    header = HEADER.format(destination=destination)
    body = f"<CTFpupilData>{''.join(pupils)}</CTFpupilData>"
    return f"{before}<CTfile>{header}{body}</CTfile>".encode()


def read(content: bytes) -> tuple[list[PupilRecord], FileRoster]:
    roster = open_roster(content, today=TODAY, check_address=check)
    return list(roster), roster


def test_a_pupil_of_a_ctf_becomes_a_record() -> None:
    [record], roster = read(ctf(pupil()))

    assert (roster.source, record.row, record.upn) == ("ctf", 1, "B801200005001")
    assert (record.forename, record.preferred_forename, record.surname) == ("Ola", "Olka", "Nowak")
    assert (record.date_of_birth, record.gender, record.year) == (date(2011, 9, 4), "F", 10)
    assert (record.sen, record.fsm, record.ethnicity) == ("K", "yes", "WOTH")
    assert record.first_language == "ENG"
    assert record.leaving_date == date(2026, 7, 20)
    assert Field.HOME_EMAIL not in roster.fields
    assert roster.notes == ("Common Transfer File 24.0, school year 2026, from Hill (873/2004).",)


def test_a_fault_names_the_pupils_place_and_the_element() -> None:
    records, roster = read(ctf(pupil(), pupil("C801200005001", year="R")))

    assert [record.row for record in records] == [1]
    assert [(fault.row, fault.column, fault.value) for fault in roster.rejected] == [
        (2, "UPN", "C801200005001"),
        (2, "NCyearActual", "R"),
    ]
    assert roster.row_name == "pupil"


def test_free_meals_that_have_ended_are_none() -> None:
    [record], _ = read(ctf(pupil(fsm_end="<FSMendDate>2026-01-31</FSMendDate>")))

    assert record.fsm is None


def test_whoever_left_their_old_school_is_no_leaver_of_the_new_one() -> None:
    new = "<DestSchool><LEA>873</LEA><Estab>4001</Estab></DestSchool>"

    [record], roster = read(ctf(pupil(), destination=new))

    assert record.leaving_date is None
    assert Field.LEAVING_DATE not in roster.fields


def test_an_unknown_destination_leaves_the_dates_of_the_school_it_comes_from() -> None:
    unknown = "<DestSchool><LEA>XXX</LEA><Estab>XXXX</Estab></DestSchool>"

    [record], _ = read(ctf(pupil(), destination=unknown))

    assert record.leaving_date == date(2026, 7, 20)


def test_a_former_upn_is_told() -> None:
    _, roster = read(ctf(pupil(more="<FormerUPN>H80120000500A</FormerUPN>")))

    assert [(fault.column, fault.value) for fault in roster.warnings] == [
        ("FormerUPN", "H80120000500A")
    ]


def test_a_namespace_changes_nothing() -> None:
    content = ctf(pupil()).replace(b"<CTfile>", b'<CTfile xmlns="http://www.example/ctf">')

    assert len(read(content)[0]) == 1


def test_an_operators_own_mapping_reads_the_email(data_dir_with_mapping: None) -> None:
    [record], _ = read(ctf(pupil()))

    assert record.work_email == "parent@home.example"


@pytest.fixture
def data_dir_with_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from outreach.pupils.sources.mapping import FOLDER

    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "mappings").mkdir()
    ours = (FOLDER / "ctf.yaml").read_text("utf-8")
    own = ours.replace("fields:\n", "fields:\n  work_email: [Email]\n", 1)
    (tmp_path / "mappings" / "ctf.yaml").write_text(own, "utf-8")


def test_a_huge_text_costs_its_own_pupil_only() -> None:
    huge = pupil().replace("<Forename>Ola", f"<Forename>{'O' * 3_000_000}")

    records, roster = read(ctf(huge, pupil()))

    assert [record.row for record in records] == [2]
    assert len(roster.rejected[0].value) <= 200


ENTITY_BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ctf(pupil(more="&b;"), before=ENTITY_BOMB), "meant to do harm"),
        (ctf(pupil(more="&a;"), before=OUTSIDE), "meant to do harm"),
        (ctf(pupil(more="<a>" * 200 + "</a>" * 200)), "meant to do harm"),
        (ctf(pupil(more="&b;")), "damaged or cut off at line 1"),
        (ctf(pupil(), pupil())[:-400], "damaged or cut off"),
        (ctf(pupil(more="\x07")), "damaged"),
        (b"<?xml version='1.0' encoding='no-such'?>" + ctf(pupil()), "damaged"),
        (b"<html><body>Please sign in</body></html>", "not a Common Transfer File"),
        (ctf(pupil().replace("NCyearActual", "X")), r"Year \(NCyearActual\)"),
        (ctf(pupil(more="<SEN><a/></SEN>" * 5_000)), "more than 5,000 entries for pupil 1"),
    ],
)
def test_what_no_export_writes_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read(content)


def test_more_pupils_than_a_school_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.pupils.sources.ctf_parts.MOST_PUPILS", 1)

    with pytest.raises(UnreadableFile, match="more than 1 pupils"):
        read(ctf(pupil(), pupil()))
