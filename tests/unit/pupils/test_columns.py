"""Headings of a roster file, as each MIS writes them."""

import pytest

from outreach.pupils.sources.columns import HeaderFault, read_header, vocabulary
from outreach.pupils.sources.records import Field

CONTRACT = (
    "UPN, MIS ID, Admission number, Forename, Preferred forename, Surname, Date of birth, Gender, "
    "Year, Reg group, Work email, Home email, SEN, FSM, Pupil premium, Ethnicity, First language, "
    "Start date, Leaving date"
).split(", ")


def test_every_heading_of_the_contract_is_known() -> None:
    assert set(read_header(CONTRACT).places) == set(Field) - {Field.GROUPS}


def test_order_capitals_and_punctuation_do_not_matter() -> None:
    header = read_header(["surname", "REG_GROUP", "Mis-Id", "year ", " fore name"])

    assert header.places[Field.REG_GROUP] == 1
    assert header.places[Field.MIS_ID] == 2


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Unique Pupil Number", Field.UPN),
        ("Adno", Field.ADMISSION_NUMBER),
        ("Legal Forename", Field.FORENAME),
        ("Preferred Name", Field.PREFERRED_FORENAME),
        ("Last name", Field.SURNAME),
        ("DOB", Field.DATE_OF_BIRTH),
        ("Sex", Field.GENDER),
        ("NC Year", Field.YEAR),
        ("Reg", Field.REG_GROUP),
        ("Tutor group", Field.REG_GROUP),
        ("School email", Field.WORK_EMAIL),
        ("Personal email", Field.HOME_EMAIL),
        ("SEN status", Field.SEN),
        ("FSM eligible", Field.FSM),
        ("Pupil Premium Indicator", Field.PUPIL_PREMIUM),
        ("Date of admission", Field.START_DATE),
        ("Date of leaving", Field.LEAVING_DATE),
    ],
)
def test_the_words_of_the_usual_mis_are_understood(heading: str, field: Field) -> None:
    assert vocabulary().fields[heading.casefold().replace(" ", "")] is field


def test_a_missing_column_is_named() -> None:
    with pytest.raises(HeaderFault, match="no column for: Year, UPN or MIS ID"):
        read_header(["Forename", "Surname", "Yeer"])


def test_headings_that_were_not_understood_are_named_beside_the_missing() -> None:
    with pytest.raises(HeaderFault, match="“Yeer”"):
        read_header(["UPN", "Forename", "Surname", "Yeer"])


def test_two_columns_for_one_thing_are_both_named() -> None:
    with pytest.raises(HeaderFault, match="Surname: “Surname” and “Last name”"):
        read_header(["UPN", "Forename", "Surname", "Year", "Last name"])


def test_an_unknown_column_is_left_out_and_told() -> None:
    header = read_header(["UPN", "Forename", "Surname", "Year", "House"])

    assert header.ignored == ("House",)


def test_a_column_called_email_is_never_guessed_at() -> None:
    header = read_header(["UPN", "Forename", "Surname", "Year", "Email"])

    assert Field.WORK_EMAIL not in header.places
    assert Field.HOME_EMAIL not in header.places
    assert header.unclear[0][0] == "Email"
