"""Reading a roster file: bytes, rows and cells, and what is said of each bad one."""

from datetime import date

import pytest

from outreach.mail.addresses import check
from outreach.pupils.sources.file_roster import FileRoster, UnreadableFile
from outreach.pupils.sources.files import open_roster
from outreach.pupils.sources.records import PupilRecord

TODAY = date(2026, 11, 21)
HEADER = "UPN,MIS ID,Forename,Surname,Date of birth,Year,Reg group,Work email,FSM"
GOOD = "B801200005001,17,Ola,Nowak,04/09/2011,Year 10,10A,ola@hill.example,Y"


def read(text: str | bytes, encoding: str = "utf-8") -> tuple[list[PupilRecord], FileRoster]:
    content = text if isinstance(text, bytes) else text.encode(encoding)
    roster = open_roster(content, today=TODAY, check_address=check)
    return list(roster), roster


def read_row(row: str, header: str = HEADER) -> tuple[list[PupilRecord], FileRoster]:
    return read(f"{header}\n{row}\n")


def reason_for(row: str, header: str = HEADER) -> tuple[str, str, str]:
    records, roster = read_row(row, header)
    assert not records
    [fault] = roster.rejected
    assert fault.row == 2
    return fault.column, fault.value, fault.reason


def test_a_good_row_becomes_a_typed_record() -> None:
    [pupil], roster = read_row(GOOD)

    assert (pupil.row, pupil.upn, pupil.mis_id) == (2, "B801200005001", "17")
    assert (pupil.forename, pupil.surname, pupil.year) == ("Ola", "Nowak", 10)
    assert (pupil.date_of_birth, pupil.reg_group) == (date(2011, 9, 4), "10A")
    assert (pupil.work_email, pupil.work_fault, pupil.fsm) == ("ola@hill.example", None, "yes")
    assert not roster.rejected
    assert not roster.warnings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_usual_way_of_writing_the_file_reads_alike(
    encoding: str, delimiter: str, ending: str
) -> None:
    text = "MIS ID,Forename,Surname,Year\n17,Zoë,O’Brien-Müller,9\n".replace(",", delimiter)

    [pupil], _ = read(text.replace("\n", ending), encoding)

    assert (pupil.forename, pupil.surname, pupil.year) == ("Zoë", "O’Brien-Müller", 9)


@pytest.mark.parametrize("name", ["محمد", "李小龍", "Łukasz", "Ngọc Ánh", "Siân-Marie", "ਹਰਪ੍ਰੀਤ"])
def test_a_name_may_be_in_any_script(name: str) -> None:
    [pupil], _ = read_row(f"17,{name},Nowak,9", "MIS ID,Forename,Surname,Year")

    assert pupil.forename == name


def test_a_name_written_in_two_pieces_is_composed() -> None:
    [pupil], _ = read_row("17,Zoe\u0308,Nowak,9", "MIS ID,Forename,Surname,Year")

    assert pupil.forename == "Zoë"


def test_blank_lines_are_skipped_and_rows_counted_as_a_spreadsheet_does() -> None:
    records, roster = read(f"{HEADER}\n\n{GOOD}\n,,,,,,,,\n,18,Ola,,,9,,,\n")

    assert [pupil.row for pupil in records] == [3]
    assert [fault.row for fault in roster.rejected] == [5]


def test_a_cell_that_holds_the_delimiter_is_quoted() -> None:
    [pupil], _ = read_row('17,Ola,"Nowak, Jr",9', "MIS ID,Forename,Surname,Year")

    assert pupil.surname == "Nowak, Jr"


def test_the_line_by_which_excel_names_the_delimiter_is_understood() -> None:
    [pupil], _ = read("sep=;\nMIS ID;Forename;Surname;Year\n17;Ola;Nowak;9\n")

    assert pupil.mis_id == "17"


@pytest.mark.parametrize(
    "text", ["Year 10", "10", "Y10", "y 10", "Yr 10", "NC Year 10", "Year group 10", "10.0"]
)
def test_a_year_is_understood_however_it_is_written(text: str) -> None:
    [pupil], _ = read_row(f"17,Ola,Nowak,{text}", "MIS ID,Forename,Surname,Year")

    assert pupil.year == 10


@pytest.mark.parametrize("text", ["N1", "N2", "R", "X", "Reception", "Year R"])
def test_pupils_outside_years_1_to_14_are_rejected_with_a_way_out(text: str) -> None:
    column, value, reason = reason_for(f"17,Ola,Nowak,{text}", "MIS ID,Forename,Surname,NC Year")

    assert (column, value) == ("NC Year", text)
    assert "taught with" in reason


@pytest.mark.parametrize("text", ["0", "15", "ten", "10A", "Year", "-1", "2011"])
def test_what_is_no_year_is_rejected(text: str) -> None:
    assert "1 to 14" in reason_for(f"17,Ola,Nowak,{text}", "MIS ID,Forename,Surname,Year")[2]


@pytest.mark.parametrize(
    "text",
    [
        "04/09/2011",
        "4/9/2011",
        "2011-09-04",
        "04-09-2011",
        "04.09.2011",
        "2011-09-04T00:00:00",
        "04/09/2011 00:00",
    ],
)
def test_a_date_is_read_day_first_or_iso(text: str) -> None:
    [pupil], _ = read_row(f"17,Ola,Nowak,9,{text}", "MIS ID,Forename,Surname,Year,DOB")

    assert pupil.date_of_birth == date(2011, 9, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("31/02/2011", "no such day"),
        ("09/25/2011", "day comes first"),
        ("29/02/2011", "no such day"),
        ("04/09/11", "day/month/year"),
        ("4 Sept 2011", "day/month/year"),
        ("40790", "day/month/year"),
        ("04/09/0011", "not one that a pupil could have"),
        ("21/11/2026", "not in the past"),
        ("01/01/2030", "not in the past"),
    ],
)
def test_a_birth_date_that_cannot_be_is_rejected_by_its_rule(text: str, words: str) -> None:
    column, value, reason = reason_for(f"17,Ola,Nowak,9,{text}", "MIS ID,Forename,Surname,Year,DOB")

    assert (column, value) == ("DOB", text)
    assert words in reason


def test_a_upn_is_taken_in_small_letters_and_with_blanks() -> None:
    [pupil], _ = read_row("b801 2000 05001,,Ola,Nowak,,9,,,")

    assert pupil.upn == "B801200005001"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C801200005001", "does not fit its digits"),
        ("B80120000500", "12 digits"),
        ("I801200005001", "never I, O or S"),
    ],
)
def test_a_upn_that_cannot_be_is_rejected_even_beside_a_good_mis_id(text: str, words: str) -> None:
    column, value, reason = reason_for(f"{text},17,Ola,Nowak,,9,,,")

    assert (column, value) == ("UPN", text)
    assert words in reason


def test_an_unknown_authority_is_told_once_and_rejects_nobody() -> None:
    from outreach.pupils.roster.upn import check_letter

    upns = [check_letter(rest) + rest for rest in ("999200005001", "999200005002")]
    records, roster = read(f"{HEADER}\n" + "".join(f"{upn},,Ola,Nowak,,9,,,\n" for upn in upns))

    assert [pupil.upn for pupil in records] == upns
    [warning] = roster.warnings
    assert (warning.row, warning.column, warning.value) == (2, "UPN", upns[0])
    assert "999" in warning.reason


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",17,,Nowak,,9,,,", "Forename"),
        (",17,Ola,,,9,,,", "Surname"),
        (",17,Ola,Nowak,,,,,", "Year"),
        (",,Ola,Nowak,,9,,,", "UPN"),
    ],
)
def test_what_every_pupil_needs_is_asked_for(row: str, column: str) -> None:
    assert reason_for(row)[0] == column


def test_each_bad_cell_of_a_row_is_told() -> None:
    _, roster = read_row("C801200005001,17,Ola,Nowak,31/02/2011,ten,,,")

    assert [fault.column for fault in roster.rejected] == ["UPN", "Date of birth", "Year"]


def test_a_good_row_is_not_kept_out_by_an_earlier_bad_one_with_its_identifier() -> None:
    records, _ = read(f"{HEADER}\n,17,Ola,Nowak,,ten,,,\n,17,Ola,Nowak,,9,,,\n")

    assert [pupil.row for pupil in records] == [3]


def test_an_address_that_cannot_be_one_is_kept_with_its_fault() -> None:
    [pupil], roster = read_row(",17,Ola,Nowak,,9,,ola(at)hill.example,")

    assert pupil.work_email == "ola(at)hill.example"
    assert pupil.work_fault == "There is no @ in the address."
    [warning] = roster.warnings
    assert (warning.row, warning.column, warning.value) == (2, "Work email", "ola(at)hill.example")
    assert not roster.rejected


@pytest.mark.parametrize("hidden", ["\x00", "\x07", "\u202e", "\x1b"])
def test_hidden_characters_in_a_name_are_rejected(hidden: str) -> None:
    column, _, reason = reason_for(f"17,Ol{hidden}a,Nowak,9", "MIS ID,Forename,Surname,Year")

    assert column == "Forename"
    assert "hidden character" in reason


def test_an_address_with_a_hidden_character_is_kept_without_it() -> None:
    [pupil], _ = read_row(",17,Ola,Nowak,,9,,ola\x00@hill.example,")

    assert pupil.work_email == "ola\ufffd@hill.example"
    assert pupil.work_fault


def test_a_text_too_long_is_rejected() -> None:
    assert "200" in reason_for(f"17,{'O' * 201},Nowak,9", "MIS ID,Forename,Surname,Year")[2]


@pytest.mark.parametrize("text", ["=1+1", "+44", "-2", "@SUM(A1)"])
def test_what_looks_like_a_formula_is_data(text: str) -> None:
    [pupil], _ = read_row(f"17,{text},Nowak,9", "MIS ID,Forename,Surname,Year")

    assert pupil.forename == text


def test_a_yes_or_no_in_other_words_is_left_out_and_told() -> None:
    [pupil], roster = read_row(",17,Ola,Nowak,,9,,,perhaps")

    assert pupil.fsm is None
    assert [fault.value for fault in roster.warnings] == ["perhaps"]


def test_a_row_with_more_cells_than_headings_is_rejected() -> None:
    column, value, reason = reason_for("17,Ola,Nowak,Jr,9", "MIS ID,Forename,Surname,Year")

    assert (column, value) == ("", "9")
    assert "more cells than there are headings" in reason


def test_a_row_that_ends_early_has_empty_cells() -> None:
    [pupil], _ = read_row(",17,Ola,Nowak,,9")

    assert pupil.work_email is None


def test_a_stray_quotation_mark_costs_its_own_row_only() -> None:
    records, roster = read('MIS ID,Forename,Surname,Year\n17,"Ola"x,Nowak,9\n18,Ela,Nowak,9\n')

    assert [pupil.mis_id for pupil in records] == ["18"]
    assert [fault.row for fault in roster.rejected] == [2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"PK\x03\x04rest", "damaged"),
        (b"%PDF-1.7", "PDF"),
        (b'MIS ID,Forename,Surname,Year\n17,"Ola,Nowak,9\n', "row 2 is never closed"),
        ("MIS ID,Forename,Surname,Year\n17,Zoë,N,9\n".encode() + b"18,Zo\xeb,N,9\n", "mixes"),
        (b"MIS ID,Forename,Surname,Year\n17,Zo\x81,N,9\n", "could not be read"),
        (b"x" * (20 * 1024 * 1024 + 1), "20 MB"),
    ],
)
def test_a_file_that_is_no_roster_says_what_it_is(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read(content)


def test_a_file_with_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.pupils.sources.table_file.MOST_ROWS", 1)

    with pytest.raises(UnreadableFile, match="more than 1 rows"):
        read(f"{HEADER}\n{GOOD}\n,18,Ola,Nowak,,9,,,\n")
