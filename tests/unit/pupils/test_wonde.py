"""Wonde over a real socket: whole rosters, changes, and every way in which it can fail."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from outreach.errors import Refusal
from outreach.mail.addresses import check
from outreach.practice.people import practice_pupils
from outreach.practice.server import PracticeServer, Reply, Request, serving
from outreach.practice.wonde import WondePractice
from outreach.practice.wonde_school import WondeSchool
from outreach.pupils.models import SourceKind, SourceState
from outreach.pupils.sources import mapping as mapping_files
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.mapping import MappingFault
from outreach.pupils.sources.reading import RecordReader
from outreach.pupils.sources.records import Field, GroupPlace, PupilRecord
from outreach.pupils.sources.source import (
    Access,
    Declined,
    Leaver,
    Nonsense,
    NotApproved,
    PutOff,
    Revoked,
    SourcePage,
    Unreachable,
)
from outreach.pupils.sources.wonde import WondeSource
from outreach.pupils.sources.wonde_client import SchoolList, WondeClient

TODAY = date(2026, 11, 21)
THEN = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SCHOOL, TOKEN, APP = "A1930499544", "school-token-5f7c", "app-token-91be"
EVERYTHING = frozenset(Field)


class Wonde(WondePractice):
    """With the one school that most tests ask for, and what was waited for."""

    def __init__(self) -> None:
        super().__init__(APP)
        self.now = THEN
        self.clock = lambda: self.now
        self.waits: list[float] = []
        self.school = self.add_school(
            SCHOOL, "Hill School", TOKEN, practice_pupils(450, today=TODAY)
        )

    def queries(self, ending: str) -> list[dict[str, str]]:
        return [dict(asked.query) for asked in self.asked if asked.path.endswith(ending)]


@pytest.fixture
def wonde() -> Wonde:
    return Wonde()


@pytest.fixture
def school(wonde: Wonde) -> WondeSchool:
    return wonde.school


@pytest.fixture
def server(wonde: Wonde) -> Iterator[PracticeServer]:
    with serving({"wonde": wonde}) as server:
        yield server


def patience_of(wonde: Wonde) -> Patience:
    return Patience(
        connect_seconds=2,
        read_seconds=2,
        whole_seconds=4,
        first_wait=0.01,
        sleep=wonde.waits.append,
    )


def source_of(server: PracticeServer, wonde: Wonde, secret: str = TOKEN) -> WondeSource:
    access = Access(SourceKind.WONDE, SCHOOL, secret)
    return WondeSource(access, server.url("wonde"), patience_of(wonde))


@pytest.fixture
def source(server: PracticeServer, wonde: Wonde) -> WondeSource:
    return source_of(server, wonde)


@pytest.fixture
def app_source(server: PracticeServer, wonde: Wonde) -> WondeSource:
    """Asked with the application's own token, which sees schools of every state."""
    return source_of(server, wonde, APP)


def whole(source: WondeSource, wanted: frozenset[Field] = EVERYTHING) -> list[SourcePage]:
    return list(source.pages(wanted, changed_since=None, cursor=None))


def read(source: WondeSource, pages: list[SourcePage]) -> tuple[list[PupilRecord], RecordReader]:
    reader = RecordReader(source.fields, today=TODAY, check_address=check)
    pupils = [pupil for page in pages for pupil in page.pupils]
    records = [
        reader.read(row, pupil.cells, pupil.groups, pupil.faults)
        for row, pupil in enumerate(pupils, start=1)
    ]
    return [record for record in records if record is not None], reader


def failing_at(path: str, reply: Reply, times: int = 1_000, after: int = 0) -> object:
    """The reply, for so many of the requests for this path, once `after` were let through."""
    count = 0

    def trouble(request: Request) -> Reply | None:
        nonlocal count
        if not request.path.endswith(path):
            return None
        count += 1
        return reply if after < count <= after + times else None

    return trouble


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


def test_an_address_of_another_kind_is_never_taken_for_the_school_s(
    source: WondeSource, wonde: Wonde
) -> None:
    only_home = wonde.school.pupils[70_003].but(work_email=None, home_email="mum@home.example")
    wonde.school.pupils = {only_home.id: only_home}

    [[record], _] = read(source, whole(source))

    assert (record.work_email, record.home_email) == (None, "mum@home.example")


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


def test_leavers_come_with_the_day(source: WondeSource, wonde: Wonde) -> None:
    wonde.school.leave(70_005, date(2026, 10, 23))
    wonde.school.leavers[70_006] = wonde.school.pupils.pop(70_006)

    assert list(source.leavers()) == [
        Leaver("A70005", date(2026, 10, 23)),
        Leaver("A70006", None),
    ]


@pytest.mark.parametrize("path", ["/students-leaver", "/deletions", "/counts"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_list_that_the_school_did_not_open_is_done_without(
    source: WondeSource, wonde: Wonde, path: str, status: int
) -> None:
    wonde.trouble = failing_at(path, Reply(status))

    assert list(source.leavers()) == []
    assert sum(len(page.pupils) for page in whole(source)) == 450
    assert list(source.pages(EVERYTHING, changed_since=THEN, cursor=None))[-1].gone == []


def test_an_approved_school_has_its_name(source: WondeSource) -> None:
    standing = source.standing()

    assert (standing.state, standing.school_name) == (SourceState.AUTHORISED, "Hill School")
    assert Field.WORK_EMAIL in standing.asked
    assert standing.granted is None


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    [
        ("pending", SourceState.PENDING, "not decided yet"),
        ("audited", SourceState.PENDING, "not decided yet"),
        ("declined", SourceState.DECLINED, "declined the request"),
        ("revoked", SourceState.REVOKED, "took its permission back"),
        (None, SourceState.PENDING, "does not show this school"),
    ],
)
def test_the_lists_say_why_a_school_is_not_open(
    app_source: WondeSource,
    school: WondeSchool,
    state: str | None,
    expected: SourceState,
    words: str,
) -> None:
    school.state = state

    standing = app_source.standing()

    assert standing.state is expected
    assert words in standing.words


def test_a_school_is_found_on_a_later_page_of_a_list(
    app_source: WondeSource, wonde: Wonde, school: WondeSchool
) -> None:
    del wonde.schools[SCHOOL]
    for number in range(250):
        wonde.add_school(f"A{number}", "Other School", f"t{number}", state="declined")
    wonde.schools[SCHOOL] = school
    school.state = "declined"

    assert app_source.standing().state is SourceState.DECLINED


def test_a_token_that_is_refused_says_who_can_mend_it(server: PracticeServer, wonde: Wonde) -> None:
    standing = source_of(server, wonde, "stale").standing()

    assert standing.state is SourceState.REVOKED
    assert "Wonde administrator" in standing.words


@pytest.mark.parametrize(
    ("state", "trouble"),
    [("revoked", Revoked), ("declined", Declined), ("pending", NotApproved), (None, NotApproved)],
)
def test_a_permission_that_ends_in_mid_sync_is_told_as_what_it_is(
    app_source: WondeSource, school: WondeSchool, state: str | None, trouble: type[Exception]
) -> None:
    pages = app_source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)
    school.state = state

    with pytest.raises(trouble):
        next(pages)


def test_a_school_that_is_shown_and_not_open_is_looked_for_in_the_lists(
    app_source: WondeSource, wonde: Wonde, school: WondeSchool
) -> None:
    school.state = "declined"
    wonde.trouble = failing_at(f"/schools/{SCHOOL}", Reply(200, {"data": {"id": SCHOOL}}))

    with pytest.raises(Declined):
        whole(app_source)


def test_a_question_that_wonde_does_not_understand_leads_to_the_mapping_file(
    source: WondeSource, wonde: Wonde
) -> None:
    wonde.trouble = failing_at("/students", Reply(422, {"error": "include"}))

    with pytest.raises(Nonsense, match=r"wonde\.yaml"):
        whole(source)


def test_a_school_s_own_token_is_refused_in_mid_sync(
    source: WondeSource, school: WondeSchool
) -> None:
    pages = source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)
    school.state = "revoked"

    with pytest.raises(Revoked, match="does not accept the school's token"):
        next(pages)


def test_revoked_while_the_leavers_are_read(source: WondeSource, school: WondeSchool) -> None:
    school.state = "revoked"

    with pytest.raises(Revoked):
        list(source.leavers())


def test_an_approval_that_leaves_the_students_out_is_told(
    source: WondeSource, wonde: Wonde
) -> None:
    wonde.trouble = failing_at("/students", Reply(403))

    with pytest.raises(NotApproved, match="not to see its students"):
        whole(source)


def test_one_refusal_that_is_taken_back_changes_nothing(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(401), times=1)

    with pytest.raises(Unreachable, match="next sync"):
        whole(source)


def test_a_short_retry_after_is_waited_for(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(429, headers={"Retry-After": "7"}), 1, after=1)

    assert sum(len(page.pupils) for page in whole(source)) == 450
    assert 7.0 in wonde.waits


def test_a_long_retry_after_puts_the_sync_off(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(429, headers={"Retry-After": "900"}), after=1)
    pages = source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)

    with pytest.raises(PutOff, match="15 minutes") as put_off:
        next(pages)
    assert put_off.value.seconds == 900


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_that_is_cut_off_is_asked_for_again(
    source: WondeSource, wonde: Wonde, times: int
) -> None:
    cut = Reply(200, {"data": [{"id": "A1"}] * 100}, cut_after=300)
    wonde.trouble = failing_at("/students", cut, times, after=1)

    pages = whole(source)

    assert sum(len(page.pupils) for page in pages) == 450
    assert len(wonde.waits) == times


def test_a_page_that_stays_cut_off_is_out_of_reach(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(200, {"data": []}, cut_after=3), after=1)
    pages = source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)

    with pytest.raises(Unreachable, match="cut off, 4 times"):
        next(pages)
    assert wonde.waits == sorted(wonde.waits)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, content=b"<html>Sign in</html>"),
        Reply(200, content=b"[" * 100_000),
        Reply(200, content=b'{"data": [' + b"9" * 5_000 + b"]}"),
        Reply(200, [1, 2]),
        Reply(200, {"data": {"id": "A1"}}),
        Reply(200, {"data": [], "meta": {"pagination": {"more": True, "next": None}}}),
        Reply(200, {"data": [], "meta": {"pagination": {"more": True, "next": "?page=\n2"}}}),
        Reply(302, headers={"Location": "http://127.0.0.1:9/"}),
    ],
)
def test_an_answer_that_makes_no_sense_ends_the_reading(
    source: WondeSource, wonde: Wonde, reply: Reply
) -> None:
    wonde.trouble = failing_at("/students", reply)

    with pytest.raises(Nonsense):
        whole(source)


@pytest.mark.parametrize(
    "following",
    ["http://127.0.0.1:9/next", "//evil.example/next", "http://[", "http://127.0.0.1:port/"],
)
def test_a_next_page_on_another_host_never_sees_the_token(
    source: WondeSource, wonde: Wonde, following: str
) -> None:
    pagination = {"pagination": {"more": True, "next": following}}
    wonde.trouble = failing_at("/students", Reply(200, {"data": [], "meta": pagination}))

    with pytest.raises(Nonsense, match="another host"):
        whole(source)


def test_pages_that_lead_nowhere_come_to_an_end(
    source: WondeSource, wonde: Wonde, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.pupils.sources.wonde.MOST_PAGES", 20)

    def circle(request: Request) -> Reply | None:
        other = {"a": "b"}.get(request.query.get("turn", "a"), "a")
        meta = {
            "pagination": {"more": True, "next": f"{request.path.rpartition('/')[2]}?turn={other}"}
        }
        return Reply(200, {"data": [], "meta": meta}) if "students" in request.path else None

    wonde.trouble = circle

    with pytest.raises(Nonsense, match="do not come to an end"):
        whole(source)


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


def test_no_token_shows_in_logs_errors_or_reprs(
    server: PracticeServer, wonde: Wonde, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(SourceKind.WONDE, SCHOOL, TOKEN)
    source = WondeSource(access, server.url("wonde"), patience_of(wonde))
    wonde.trouble = failing_at("/students", Reply(500), after=1)

    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as trouble:
        whole(source)

    name = next(iter(wonde.school.pupils.values())).surname
    for text in (caplog.text, repr(access), repr(source), str(trouble.value)):
        assert TOKEN not in text
        assert name not in text


def test_an_id_that_is_no_wonde_id_is_never_put_in_an_address(
    server: PracticeServer, wonde: Wonde
) -> None:
    access = Access(SourceKind.WONDE, "../schools/all", TOKEN)
    source = WondeSource(access, server.url("wonde"), patience_of(wonde))

    with pytest.raises(Nonsense, match="ID is not one of Wonde's"):
        source.standing()
    assert not wonde.asked


def test_access_is_requested_and_given_back(server: PracticeServer, wonde: Wonde) -> None:
    wonde.add_school("A7", "Mill School", "t7", state=None, postcode="CB21 4AA")
    client = WondeClient(server.url("wonde"), APP, patience=patience_of(wonde))

    [found] = client.find_schools(SchoolList.ALL, postcode="cb21")
    client.request_access(found.id, [{"first_name": "Ada", "last_name": "Byron"}])

    assert (found.name, found.postcode) == ("Mill School", "CB21 4AA")
    assert [school.id for school in client.find_schools(SchoolList.PENDING)] == ["A7"]
    assert [school.id for school in client.find_schools()] == [SCHOOL]
    assert wonde.schools["A7"].contacts == [{"first_name": "Ada", "last_name": "Byron"}]
    client.revoke_access("A7")
    assert [school.id for school in client.find_schools(SchoolList.REVOKED)] == ["A7"]


@pytest.mark.parametrize(
    ("token", "school_id", "words"),
    [("stale", SCHOOL, "WONDE_APP_TOKEN"), (APP, "A404", "no school with this ID")],
)
def test_a_request_that_is_not_taken_says_what_to_do(
    server: PracticeServer, wonde: Wonde, token: str, school_id: str, words: str
) -> None:
    client = WondeClient(server.url("wonde"), token, patience=patience_of(wonde))

    with pytest.raises(Refusal, match=words):
        client.request_access(school_id)
    if token != APP:
        with pytest.raises(Refusal, match=words):
            list(client.find_schools())


def test_a_school_tells_what_it_did(wonde: Wonde) -> None:
    told: list[Request] = []

    def hook(request: Request) -> Reply:
        told.append(request)
        return Reply(202)

    with serving({"hook": hook}) as listener:
        wonde.hook_url = listener.url("hook")
        wonde.decline(SCHOOL)
        wonde.approve(SCHOOL, "new-token")
        wonde.migrate(SCHOOL)
        wonde.revoke(SCHOOL)

    kinds = ["accessDeclined", "schoolApproved", "schoolMigration", "accessRevoked"]
    assert [request.document["payload_type"] for request in told] == kinds
    assert {request.document["school_id"] for request in told} == {SCHOOL}
    assert told[1].document["school_token"] == "new-token"


def test_a_move_to_another_system_changes_every_id(source: WondeSource, wonde: Wonde) -> None:
    before, _ = read(source, whole(source))
    wonde.migrate(SCHOOL)
    after, _ = read(source, whole(source))

    assert not {record.mis_id for record in before} & {record.mis_id for record in after}
    assert {record.upn for record in before} == {record.upn for record in after}


@pytest.mark.parametrize(
    ("was", "is_now", "words"),
    [
        ("  mis_id: {called: id", "  mis_ident: {called: id", "fields"),
        ("  mis_id: {called: id, paths: [id]}\n", "", "mis_id is missing"),
        ("otherwise: teaching", "otherwise: learning", "otherwise"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where(
    server: PracticeServer,
    wonde: Wonde,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    was: str,
    is_now: str,
    words: str,
) -> None:
    text = (mapping_files.FOLDER / "wonde.yaml").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("DATA_DIR", str(folder))
    (folder / "mappings").mkdir()
    assert was in text
    (folder / "mappings" / "wonde.yaml").write_text(text.replace(was, is_now), encoding="utf-8")

    with pytest.raises(MappingFault, match=words):
        source_of(server, wonde)
