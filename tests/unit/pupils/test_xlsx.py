"""Excel workbooks: typed cells as text, and workbooks that no spreadsheet program wrote."""

import io
import zipfile
from datetime import date

import pytest

from outreach.mail.addresses import check
from outreach.pupils.sources.file_roster import FileRoster, UnreadableFile
from outreach.pupils.sources.files import open_roster
from outreach.pupils.sources.records import PupilRecord
from tests.workbooks import MAIN, Cell, pack, sheet, sheet_of, workbook

TODAY = date(2026, 11, 21)
HEADER: list[Cell] = ["MIS ID", "Forename", "Surname", "Year", "DOB", "FSM", "Work email"]
GOOD: list[Cell] = [17, "Ola", "Nowak", 10, date(2011, 9, 4), True, "ola@hill.example"]


def read(content: bytes) -> tuple[list[PupilRecord], FileRoster]:
    roster = open_roster(content, today=TODAY, check_address=check)
    return list(roster), roster


def test_typed_cells_are_read_as_somebody_would_type_them() -> None:
    [pupil], roster = read(workbook([HEADER, GOOD]))

    assert roster.source == "xlsx"
    assert (pupil.row, pupil.mis_id, pupil.year, pupil.fsm) == (2, "17", 10, "yes")
    assert pupil.date_of_birth == date(2011, 9, 4)
    assert not roster.rejected


def test_rows_are_numbered_as_excel_shows_them() -> None:
    rows = [HEADER, [], GOOD, [18, "Ela", "Nowak", "ten"]]

    [pupil], roster = read(pack({"sheet1": sheet(rows, first_row=3)}))

    assert pupil.row == 5
    assert [(fault.row, fault.column, fault.value) for fault in roster.rejected] == [
        (6, "Year", "ten")
    ]


def test_the_first_sheet_with_something_in_it_is_read_and_others_are_told() -> None:
    _, roster = read(workbook([], [HEADER, GOOD], [["House"], ["Red"]]))

    assert roster.row_count == 1
    assert "“sheet2” was read" in roster.notes[0]


def test_what_a_formula_gave_is_taken_and_the_formula_is_not_worked_out() -> None:
    rows = sheet([HEADER]).replace("</sheetData></worksheet>", "")
    row = (
        '<row r="2"><c><v>17</v></c><c t="str"><f>UPPER("ola")</f><v>OLA</v></c>'
        '<c t="str"><f>WEBSERVICE("http://evil.example")</f><v>Nowak</v></c><c><f>5+5</f><v>10</v></c></row>'
    )

    [pupil], _ = read(pack({"sheet1": f"{rows}{row}</sheetData></worksheet>"}))

    assert (pupil.forename, pupil.surname, pupil.year) == ("OLA", "Nowak", 10)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example","x")', "@SUM(A1)", "+44", "-2"])
def test_text_that_begins_as_a_formula_is_no_name(text: str) -> None:
    records, roster = read(workbook([HEADER, [17, text, "Nowak", 10]]))

    assert not records
    [fault] = roster.rejected
    assert (fault.row, fault.column, fault.value) == (2, "Forename", text)
    assert roster.rejected_pupils[0].mis_id == "17"


def test_hidden_characters_and_huge_cells_are_told_by_cell() -> None:
    rows: list[list[Cell]] = [
        HEADER,
        [17, "O\u202ela", "Nowak", 10],
        [18, "x" * 40_000, "Nowak", 10],
    ]

    _, roster = read(workbook(rows))

    assert [(fault.row, fault.column) for fault in roster.rejected] == [
        (2, "Forename"),
        (3, "Forename"),
    ]
    assert all(len(fault.value) <= 200 for fault in roster.rejected)


def test_a_thousand_million_cells_in_a_small_file_are_refused() -> None:
    far = sheet_of(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )

    with pytest.raises(UnreadableFile, match="reach to row 1,048,576 and column 16,384"):
        read(pack({"sheet1": far}))


def test_one_long_text_shown_by_very_many_cells_is_refused() -> None:
    shared = f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'
    cells = "<row>" + '<c t="s"><v>0</v></c>' * 100 + "</row>"

    with pytest.raises(UnreadableFile, match="unpacks to more"):
        read(pack({"sheet1": sheet_of(cells * 100), "shared": shared}))


def test_a_part_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.pupils.sources.xlsx_check.LARGEST_UNPACKED", 1_000_000)
    content = pack({"sheet1": sheet_of(" " * 2_000_000)})
    assert len(content) < 10_000

    with pytest.raises(UnreadableFile, match="unpacks to more"):
        read(content)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (BOMB, "meant to do harm"),
        ("<worksheet><sheetData><row>", "damaged"),
        (sheet_of('<row r="0"/>'), "damaged"),
        (sheet_of('<row><c r="ZZZZ1"><v>1</v></c></row>'), "damaged"),
        (sheet_of(f'<row r="{"9" * 5000}"/>'), "damaged"),
        (sheet_of("<si><t>x</t></si>"), "meant to do harm"),
        (sheet_of('<row><c t="s"><v>1<x/>0</v></c></row>'), "damaged"),
        (sheet_of('<row><c t="s"><v>0<v>1</v></v></c></row>'), "damaged"),
        (sheet_of(""), "no sheet with anything"),
    ],
)
def test_a_sheet_that_no_program_writes_is_refused_in_words(part: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read(pack({"sheet1": part}))


def _with_member(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook([HEADER, GOOD])[:-200], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel workbook"),
        (_with_member("content.xml"), "neither an Excel workbook"),
        (_with_member("xl/workbook.xml"), "damaged"),
    ],
)
def test_what_is_no_workbook_is_told(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read(content)


def test_an_encrypted_part_is_refused() -> None:
    content = bytearray(workbook([HEADER, GOOD]))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 1)

    with pytest.raises(UnreadableFile, match="encrypted"):
        read(bytes(content))
