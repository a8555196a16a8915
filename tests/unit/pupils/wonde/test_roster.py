"""A school's roster from Wonde: whole, and what has changed since."""

from datetime import date, timedelta, timezone

import pytest

from outreach.practice.server import Reply
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import (
    Leaver,
)
from outreach.pupils.sources.wonde import WondeSource
from tests.unit.pupils.wonde.asking import EVERYTHING, SCHOOL, THEN, Wonde, failing_at, read, whole


def test_a_whole_roster_comes_page_by_page(source: WondeSource, wonde: Wonde) -> None:
    pages = whole(source)

    assert [len(page.pupils) for page in pages] == [200, 200, 50]
    assert [page.expected for page in pages] == [450, 450, 450]
    assert pages[-1].next_cursor is None
    records, reader = read(source, pages)
    assert len({record.mis_id for record in records}) == 450
    assert not reader.rejected
    assert {warning.column for warning in reader.warnings} == {"upn"}  # of no real authority


def test_every_field_is_read_as_the_school_has_it(source: WondeSource, wonde: Wonde) -> None:
    given = next(iter(wonde.school.pupils.values()))

    [[record, *_], _] = read(source, whole(source))

    assert (record.mis_id, record.upn) == (f"A{given.id}", given.upn)
    assert (record.forename, record.surname, record.gender) == (
        given.forename,
        given.surname,
        given.gender,
    )
    assert (record.date_of_birth, record.year) == (given.date_of_birth, given.year)
    assert (record.reg_group, record.admission_number) == ("7A", "000001")
    assert (record.work_email, record.home_email) == (given.work_email, given.home_email)
    assert (record.sen, record.fsm) == (given.sen, "yes" if given.fsm else "no")
    assert (record.ethnicity, record.first_language) == (given.ethnicity, given.first_language)
    assert (record.start_date, record.leaving_date) == (given.start_date, None)
    assert record.groups is not None
    assert '["teaching", "7A/Ma", null, null]' in record.groups
    assert '["user_defined", "Robotics club", "2026-09-01", null]' in record.groups


def test_a_sync_goes_on_from_its_cursor(source: WondeSource) -> None:
    first = next(source.pages(EVERYTHING, changed_since=None, cursor=None))

    rest = list(source.pages(EVERYTHING, changed_since=None, cursor=first.next_cursor))

    assert [len(page.pupils) for page in rest] == [200, 50]
    assert rest[0].expected is None


@pytest.mark.parametrize(
    ("wanted", "includes"),
    [
        ({Field.MIS_ID, Field.FORENAME}, None),
        ({Field.UPN}, "education_details"),
        ({Field.WORK_EMAIL, Field.SEN}, "contact_details,extended_details"),
        ({Field.REG_GROUP}, "groups"),
        ({Field.GROUPS}, "classes,groups"),
    ],
)
def test_only_what_the_wanted_fields_need_is_asked_for(
    source: WondeSource, wonde: Wonde, wanted: set[Field], includes: str | None
) -> None:
    pages = whole(source, frozenset(wanted))

    assert {query.get("include") for query in wonde.queries("/students")} == {includes}
    given = {field for page in pages for pupil in page.pupils for field in pupil.cells}
    assert given <= wanted | {Field.MIS_ID}
    assert (pages[0].pupils[0].groups is None) == (Field.GROUPS not in wanted)


def test_a_change_sync_brings_what_changed_and_what_is_gone(
    source: WondeSource, wonde: Wonde
) -> None:
    wonde.now = THEN + timedelta(days=1)
    wonde.school.put(wonde.school.pupils[70_001].but(surname="Nowak"), wonde.now)
    wonde.school.delete(70_002, wonde.now)

    in_new_york = THEN.astimezone(timezone(timedelta(hours=-5)))
    pages = list(source.pages(EVERYTHING, changed_since=in_new_york, cursor=None))

    assert [pupil.cells[Field.SURNAME] for page in pages for pupil in page.pupils] == ["Nowak"]
    assert [gone for page in pages for gone in page.gone] == ["A70002"]
    assert [page.expected for page in pages] == [None, None]
    asked = wonde.queries("/students") + wonde.queries("/deletions")
    assert [query["updated_after"] for query in asked] == ["2026-11-20 03:00:00"] * 2


def test_a_change_sync_goes_on_with_the_deletions(source: WondeSource, wonde: Wonde) -> None:
    wonde.now = THEN + timedelta(days=1)
    for number in range(70_000, 70_300):
        wonde.school.delete(number, wonde.now)
    first, second = list(source.pages(EVERYTHING, changed_since=THEN, cursor=None))[:2]

    from_first = list(source.pages(EVERYTHING, changed_since=THEN, cursor=first.next_cursor))
    from_second = list(source.pages(EVERYTHING, changed_since=THEN, cursor=second.next_cursor))

    assert [len(page.gone) for page in from_first] == [200, 100]
    assert [len(page.gone) for page in from_second] == [100]


def test_leavers_come_with_the_day(source: WondeSource, wonde: Wonde) -> None:
    wonde.school.leave(70_005, date(2026, 10, 23))
    wonde.school.leavers[70_006] = wonde.school.pupils.pop(70_006)

    assert list(source.leavers()) == [
        Leaver("A70005", date(2026, 10, 23)),
        Leaver("A70006", None),
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"data": {"students": {"data": {"count": "31"}}}}, 31),
        ({"data": {"students": {"count": 31}}}, 31),
        ({"data": {"students": {"data": {"count": -1}}}}, None),
        ({"data": [{"students": 31}]}, None),
    ],
)
def test_the_count_is_taken_where_it_is_one(
    source: WondeSource, wonde: Wonde, document: object, expected: int | None
) -> None:
    wonde.trouble = failing_at("/counts", Reply(200, document))

    assert next(source.pages(EVERYTHING, changed_since=None, cursor=None)).expected == expected


def test_a_move_to_another_system_changes_every_id(source: WondeSource, wonde: Wonde) -> None:
    before, _ = read(source, whole(source))
    wonde.migrate(SCHOOL)
    after, _ = read(source, whole(source))

    assert not {record.mis_id for record in before} & {record.mis_id for record in after}
    assert {record.upn for record in before} == {record.upn for record in after}
