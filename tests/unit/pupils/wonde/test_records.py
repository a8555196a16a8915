"""Single records from Wonde: odd, hostile, and groups of every kind."""

from dataclasses import replace
from datetime import date

from outreach.practice.server import Reply
from outreach.practice.wonde_school import WondeSchool
from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sources.wonde import WondeSource
from tests.unit.pupils.wonde.asking import EVERYTHING, THEN, Wonde, failing_at, read, whole


def test_an_address_of_another_kind_is_never_taken_for_the_school_s(
    source: WondeSource, wonde: Wonde
) -> None:
    only_home = wonde.school.pupils[70_003].but(work_email=None, home_email="mum@home.example")
    wonde.school.pupils = {only_home.id: only_home}

    [[record], _] = read(source, whole(source))

    assert (record.work_email, record.home_email) == (None, "mum@home.example")


def test_a_hostile_record_costs_only_itself(source: WondeSource, school: WondeSchool) -> None:
    good = {
        "forename": "Ola",
        "surname": "Nowak",
        "education_details": {"data": {"current_nc_year": "9"}},
    }
    school.pupils = dict([*school.pupils.items()][:1])
    school.odd_records = [
        "no object",
        None,
        {**good},
        {**good, "id": ["A1"]},
        {**good, "id": "A2", "surname": ["Nowak"]},
        {**good, "id": "A3", "forename": "x" * 1_000_000},
        {**good, "id": "A4", "forename": "Ola\u0000\u001b[31m"},
        {**good, "id": "A5", "forename": "\ud800"},
        {**good, "id": "A6", "date_of_birth": {"date": {"date": "2011-09-04"}}},
        {**good, "id": "A7", "education_details": {"data": {"current_nc_year": "R"}}},
        {**good, "id": "A8", "education_details": {"data": []}},
        {**good, "id": "A9", "contact_details": {"data": {"emails": {"work": ["a@b.example"]}}}},
        {**good, "id": "A10", "classes": {"data": [{"name": "9A/\u0000Ma"}]}},
        {**good, "id": "A11", "classes": {"data": [{"name": f"C{n}"} for n in range(500)]}},
        {**good, "id": "A12", "extended_details": {"data": {"free_school_meals": {"a": 1}}}},
        {**good, "id": 10**30},
        {**good, "id": "A13", "date_of_birth": "2012-02-30T00:00:00+00:00"},
        {**good, "id": "A14", "gender": True, "date_of_birth": "2012-03-04T12:30:00Z"},
        {**good, "id": None, "education_details": {"data": {"upn": "B801200005001"}}},
    ]  # fmt: skip

    pages = whole(source)
    records, reader = read(source, pages)

    assert [record.mis_id for record in records[1:]] == ["A9", "A12", "A14"]
    assert sum(len(page.malformed) for page in pages) == 5
    assert {pupil.mis_id for pupil in reader.rejected_pupils if pupil.mis_id} == {
        "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A10", "A11", "A13",
    }  # fmt: skip
    assert [pupil.upn for pupil in reader.rejected_pupils if not pupil.mis_id] == ["B801200005001"]
    assert all(
        len(cell) <= 2_000 for page in pages for p in page.pupils for cell in p.cells.values()
    )
    assert records[1].work_fault
    assert records[3].date_of_birth == date(2012, 3, 4)


def test_of_two_registration_groups_the_lasting_one_counts(
    source: WondeSource, school: WondeSchool
) -> None:
    pupil = next(iter(school.pupils.values()))
    form = replace(pupil.groups[0], name="6B", ends_on=date(2026, 8, 31))
    school.pupils = {pupil.id: pupil.but(groups=(*pupil.groups, form))}

    [[record], _] = read(source, whole(source))

    assert record.reg_group == "7A"


def test_without_groups_in_the_answer_nothing_is_said_of_them(
    source: WondeSource, wonde: Wonde
) -> None:
    rows = [
        {"id": "A1", "forename": "Ola", "surname": "Nowak"},
        {"id": "A2", "classes": {"data": []}},
    ]
    wonde.trouble = failing_at("/students", Reply(200, {"data": rows}))

    [page] = whole(source)

    assert [pupil.groups for pupil in page.pupils] == [None, ()]


def test_a_group_carries_its_kind_and_days(source: WondeSource, wonde: Wonde) -> None:
    groups = [
        {"name": "Duke of Edinburgh", "type": "USER", "end_date": {"date": "2027-07-20 00:00:00.000000"}},
        {"name": "Year 9", "type": "YEAR"},
        {"name": "9B", "type": "Registration", "start_date": "2026-09-01"},
    ]  # fmt: skip
    rows = [{"id": "A1", "groups": {"data": groups}}]
    wonde.trouble = failing_at("/students", Reply(200, {"data": rows}))

    [[pupil]] = [page.pupils for page in whole(source)]

    assert pupil.groups == (
        GroupPlace("user_defined", "Duke of Edinburgh", None, date(2027, 7, 20)),
    )
    assert pupil.cells[Field.REG_GROUP] == "9B"


def test_a_restored_student_or_a_deleted_class_is_not_a_pupil_who_is_gone(
    source: WondeSource, wonde: Wonde
) -> None:
    rows = [
        {"id": "A1", "type": "student", "restored_at": {"date": "2026-11-20 04:00:00"}},
        {"id": "A2", "type": "class", "restored_at": None},
        {"id": "A3", "type": "STUDENT"},
        {"id": ["A4"], "type": "student"},
        "A5",
        {"id": "A6\u0000", "type": "student"},
    ]
    wonde.trouble = failing_at("/deletions", Reply(200, {"data": rows}))

    pages = list(source.pages(EVERYTHING, changed_since=THEN, cursor=None))

    assert [gone for page in pages for gone in page.gone] == ["A3"]
