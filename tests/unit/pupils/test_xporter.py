"""Reading a school from Xporter over a real socket: whole, changed, refused, broken and hostile."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outreach.mail.addresses import check
from outreach.practice.people import practice_pupils
from outreach.practice.server import PracticeServer, Reply, Request, serving
from outreach.practice.xporter import XporterPractice
from outreach.practice.xporter_school import XporterSchool
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.mapping import FOLDER
from outreach.pupils.sources.reading import RecordReader
from outreach.pupils.sources.records import Field, GroupPlace, PupilRecord
from outreach.pupils.sources.source import (
    Access,
    Leaver,
    Nonsense,
    Paused,
    PutOff,
    Revoked,
    SourcePage,
    SourcePupil,
    Unreachable,
)
from outreach.pupils.sources.xporter import XporterSource
from outreach.pupils.sources.xporter_hooks import is_fresh_notice, parse_authorisation
from outreach.pupils.sync.models import SourceKind, SourceState

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ESTAB, SECRET = "9984001", "a-school-secret"
ALL = frozenset(Field)
NAMES = frozenset({Field.MIS_ID, Field.UPN, Field.FORENAME, Field.SURNAME, Field.YEAR})


@dataclass
class Desk:
    """A practice Xporter with one school of 123 pupils, and the source that reads it."""

    practice: XporterPractice
    server: PracticeServer
    now: datetime = NOW
    waits: tuple[float, ...] = ()

    @property
    def school(self) -> XporterSchool:
        return self.practice.schools[ESTAB]

    def source(self, **changes: Any) -> XporterSource:
        access = Access(SourceKind.XPORTER, ESTAB, SECRET)
        return XporterSource(
            replace(access, **changes),
            f"{self.server.url('xporter')}/api/v1",
            f"{self.server.url('xporter')}/api/oauth/GetToken",
            "outreach",
            lambda: self.now,
            Patience(read_seconds=5, tries=3, first_wait=0.0, longest_wait=2, sleep=self._wait),
        )

    def read(self, wanted: frozenset[Field] = ALL, **changes: Any) -> list[SourcePage]:
        return list(self.source(**changes).pages(wanted, changed_since=None, cursor=None))

    def changes(self, mark: str | None, wanted: frozenset[Field] = ALL) -> list[SourcePage]:
        source = self.source(mark=mark)
        return list(source.pages(wanted, changed_since=self.now, cursor=None))

    def asked(self) -> list[str]:
        """The kinds of data that were asked for, in turn."""
        return [request.path.strip("/").split("/")[-1] for request in self.practice.asked]

    def fail(self, is_meant: Callable[[Request], bool], *replies: Reply) -> None:
        """Answer the requests meant with these replies, then as usual."""
        left = list(replies)

        def answer(request: Request) -> Reply | None:
            return left.pop(0) if left and is_meant(request) else None

        self.practice.trouble = answer

    def bend(self, path: str, bend: Callable[[dict[str, Any]], None]) -> None:
        """Change every document of one kind of data on its way."""

        def answer(request: Request) -> Reply | None:
            if not request.path.endswith(path):
                return None
            reply = self.practice.answer(request)
            document = json.loads(json.dumps(reply.document))
            bend(document)
            return replace(reply, document=document)

        self.practice.trouble = answer

    def _wait(self, seconds: float) -> None:
        self.waits += (seconds,)


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with serving({}) as running:
        yield running


@pytest.fixture
def desk(server: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """With an operator's own mapping file, so that small schools have several pages."""
    text = (FOLDER / "xporter.yaml").read_text(encoding="utf-8")
    assert "page_size: 500\nids_at_once: 100 " in text
    (tmp_path / "mappings").mkdir()
    text = text.replace("page_size: 500\nids_at_once: 100 ", "page_size: 50\nids_at_once: 20 ")
    (tmp_path / "mappings" / "xporter.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    school = XporterSchool(ESTAB, SECRET, "Hill School", list(practice_pupils(123, today=TODAY)))
    desk = Desk(XporterPractice(school), server)
    desk.practice.clock = lambda: desk.now
    server.integrators = {"xporter": desk.practice}
    return desk


def pupils(pages: list[SourcePage]) -> list[SourcePupil]:
    return [pupil for page in pages for pupil in page.pupils]


def by_id(pages: list[SourcePage]) -> dict[str, SourcePupil]:
    return {pupil.cells[Field.MIS_ID]: pupil for pupil in pupils(pages)}


def records(desk: Desk, pages: list[SourcePage]) -> tuple[list[PupilRecord], RecordReader]:
    reader = RecordReader(desk.source().fields, today=TODAY, check_address=check)
    read = [
        reader.read(n, p.cells, p.groups, p.faults) for n, p in enumerate(pupils(pages), start=1)
    ]
    return [record for record in read if record is not None], reader


def is_page(number: int) -> Callable[[Request], bool]:
    return lambda asked: asked.path.endswith("Students/") and asked.query["page"] == str(number)


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_whole_school_is_read_page_by_page_with_all_that_is_joined(
    desk: Desk, is_plain: bool
) -> None:
    desk.practice.is_plain = is_plain

    pages = desk.read()

    assert [len(page.pupils) for page in pages] == [50, 50, 23]
    assert [page.expected for page in pages] == [123] * 3
    assert [page.next_cursor is None for page in pages] == [False, False, True]
    found, reader = records(desk, pages)
    assert (len(found), reader.rejected, len(reader.warnings)) == (123, [], 1)  # 998 is nobody's
    for given, record in zip(desk.school.pupils, found, strict=True):
        assert (record.mis_id, record.upn, record.surname) == (
            str(given.id),
            given.upn,
            given.surname,
        )
        assert (record.year, record.reg_group) == (given.year, given.registration_group)
        assert (record.date_of_birth, record.start_date) == (given.date_of_birth, given.start_date)
        assert (record.work_email, record.home_email) == (given.work_email, given.home_email)
        assert (record.sen, record.fsm) == (given.sen, "yes" if given.fsm else "no")
        assert (record.ethnicity, record.first_language) == (given.ethnicity, given.first_language)
    first = pupils(pages)[0]
    assert GroupPlace("user_defined", "Robotics club", date(2026, 9, 1)) in (first.groups or ())
    assert {place.kind for place in first.groups or ()} == {"teaching", "user_defined"}


def test_only_data_that_are_wanted_are_asked_for(desk: Desk) -> None:
    pages = desk.read(NAMES)

    assert set(desk.asked()) == {"GetToken", "Students"}
    assert pupils(pages)[0].groups is None
    assert set(pupils(pages)[0].cells) == NAMES


def test_where_identifiers_are_not_heeded_the_data_are_read_through_once_a_page(
    desk: Desk,
) -> None:
    desk.practice.heeds_ids = False
    expected = {pupil.id: pupil.work_email for pupil in desk.school.pupils}

    pages = desk.read(NAMES | {Field.WORK_EMAIL})

    given = {int(k): p.cells.get(Field.WORK_EMAIL) for k, p in by_id(pages).items()}
    assert given == expected
    assert desk.asked().count("PersonComms") == 1 + 1 + 3 * 4  # mark, first try, read through


def test_a_field_that_the_school_does_not_share_stays_empty(desk: Desk) -> None:
    desk.school.granted = ("Student", "StudentExtended")
    desk.school.gives_home_email = False

    source, pages = desk.source(), desk.read()
    standing = source.standing()

    assert standing.granted is not None
    assert standing.asked - standing.granted == {
        Field.HOME_EMAIL,
        Field.SEN,
        Field.ETHNICITY,
        Field.FIRST_LANGUAGE,
    }
    cells = {field for pupil in pupils(pages) for field in pupil.cells}
    assert Field.WORK_EMAIL in cells
    assert cells.isdisjoint({Field.HOME_EMAIL, Field.SEN, Field.ETHNICITY})


def test_of_several_rows_the_one_of_today_counts(desk: Desk) -> None:
    pupil = desk.school.pupils[0]

    def bend(document: dict[str, Any]) -> None:
        rows = document["StudentSENProvisionHistory"]
        base = {"StudentId": pupil.id, "Id": 0}
        rows[:] = [row for row in rows if row["StudentId"] != pupil.id]
        for code, starts, ends in (
            ("N", "2020-09-01", "2024-09-01T00:00:00"),
            ("E", "2026-09-01", None),
            ("K", "2024-09-01", "2027-01-01"),
            ("A", "2027-01-01", None),
        ):
            days = {"SENProvisionStartDate": starts, "SENProvisionEndDate": ends}
            rows.append(base | {"SENProvisionCode": code} | days)
        document.pop("__pagination__")

    desk.bend("SEN/", bend)

    assert by_id(desk.read(NAMES | {Field.SEN}))[str(pupil.id)].cells[Field.SEN] == "E"


def test_an_opted_out_pupil_does_not_arrive(desk: Desk) -> None:
    away = desk.school.pupils[7].id
    desk.school.opted_out = {away}

    pages = desk.read()

    assert len(pupils(pages)) == 122
    assert str(away) not in by_id(pages)


def test_changes_name_those_who_changed_and_those_who_are_gone(desk: Desk) -> None:
    mark = desk.read(NAMES)[-1].mark
    people = desk.school.pupils
    renamed, gone = people[3].but(surname="Newname"), people[20]
    desk.school.pupils = [renamed if p.id == renamed.id else p for p in people if p.id != gone.id]

    pages = desk.changes(mark, NAMES)

    assert {key: p.cells[Field.SURNAME] for key, p in by_id(pages).items()} == {
        str(renamed.id): "Newname"
    }
    assert [key for page in pages for key in page.gone] == [str(gone.id)]
    assert pages[-1].mark != mark
    assert pages[0].expected is None
    [nothing] = desk.changes(pages[-1].mark, NAMES)
    assert (nothing.pupils, nothing.gone, nothing.next_cursor) == ((), (), None)
    assert nothing.mark == pages[-1].mark


def test_a_changed_address_alone_is_a_change_of_the_pupil(desk: Desk) -> None:
    mark = desk.read()[-1].mark
    people = desk.school.pupils
    moved = people[90].but(work_email="new@hill.example")
    desk.school.pupils = [moved if p.id == moved.id else p for p in people]

    [pupil] = pupils(desk.changes(mark))

    assert pupil.cells[Field.WORK_EMAIL] == "new@hill.example"
    assert pupil.cells[Field.MIS_ID] == str(moved.id)


def test_an_address_that_was_taken_away_is_noticed(desk: Desk) -> None:
    mark = desk.read()[-1].mark
    people = desk.school.pupils
    moved = people[6].but(work_email=None)
    desk.school.pupils = [moved if p.id == moved.id else p for p in people]

    found = by_id(desk.changes(mark))

    assert Field.WORK_EMAIL not in found[str(moved.id)].cells


@pytest.mark.parametrize("mark", [None, "{}", "not json", '{"Students/": "unknown"}'])
def test_without_a_mark_that_is_known_the_whole_school_is_read(
    desk: Desk, mark: str | None
) -> None:
    pages = desk.changes(mark)

    assert (len(pupils(pages)), pages[0].expected) == (123, 123)
    assert pages[-1].mark


def test_other_fields_than_last_time_mean_a_whole_reading(desk: Desk) -> None:
    mark = desk.read(NAMES)[-1].mark

    assert len(pupils(desk.changes(mark, ALL))) == 123


def test_a_reading_goes_on_where_it_stopped(desk: Desk) -> None:
    first = next(desk.source().pages(ALL, changed_since=None, cursor=None))
    assert first.next_cursor

    rest = list(desk.source().pages(ALL, changed_since=None, cursor=first.next_cursor))

    assert [len(page.pupils) for page in rest] == [50, 23]
    assert [*by_id([first, *rest])] == [str(pupil.id) for pupil in desk.school.pupils]


def test_a_roster_that_changes_while_it_is_read_is_not_taken_for_whole(desk: Desk) -> None:
    first = next(desk.source().pages(ALL, changed_since=None, cursor=None))
    del desk.school.pupils[0]

    with pytest.raises(Unreachable, match="changed at Groupcall Xporter while"):
        list(desk.source().pages(ALL, changed_since=None, cursor=first.next_cursor))


def test_leavers_are_those_who_have_left_lately_and_nobody_else(desk: Desk) -> None:
    left = list(practice_pupils(4, today=TODAY, seed=2))
    days = [date(2026, 7, 20), date(2019, 7, 20), date(2027, 7, 20), None]
    desk.school.leavers = [p.but(leaving_date=day) for p, day in zip(left, days, strict=True)]

    assert list(desk.source().leavers()) == [
        Leaver(str(left[0].id), days[0]),
        Leaver(str(left[1].id), None),
        Leaver(str(left[3].id), None),
    ]

    desk.practice.trouble = lambda asked: (
        desk.practice.answer(replace(asked, query={**asked.query, "studentStatus": "OnRoll"}))
        if asked.path.endswith("Students/")
        else None
    )
    assert list(desk.source().leavers()) == []


def test_a_school_that_shares_stands_as_authorised_with_its_name(desk: Desk) -> None:
    standing = desk.source().standing()

    assert (standing.state, standing.school_name) == (SourceState.AUTHORISED, "Hill School")
    assert standing.asked == standing.granted == ALL

    desk.fail(lambda asked: asked.path.endswith(("TokenDetails", "SchoolInfo")), *[Reply(404)] * 2)
    standing = desk.source().standing()
    assert (standing.state, standing.granted) == (SourceState.AUTHORISED, None)


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize(("state", "words"), [("paused", "paused"), ("revoked", "withdrawn")])
def test_paused_and_revoked_are_told_apart_by_the_words_of_the_exception(
    desk: Desk, state: str, words: str, status: int
) -> None:
    desk.school.state, desk.practice.refusal_status = state, status

    standing = desk.source().standing()

    assert standing.state is SourceState(state)
    assert words in standing.words


def test_a_wrong_secret_or_number_is_a_revoked_permission(desk: Desk) -> None:
    assert desk.source(secret="wrong").standing().state is SourceState.REVOKED
    assert desk.source(external_id="1").standing().state is SourceState.REVOKED


@pytest.mark.parametrize("reply", [{"token": None, "ExceptionMessage": "Something new"}, [], None])
def test_an_unknown_reason_takes_no_permission_away(desk: Desk, reply: Any) -> None:
    desk.fail(lambda asked: asked.path.endswith("GetToken"), Reply(200, reply))

    with pytest.raises(Nonsense, match="a reason that this service does not know"):
        desk.source().standing()


def test_a_token_is_kept_until_it_runs_out(desk: Desk) -> None:
    source = desk.source()
    list(source.pages(NAMES, changed_since=None, cursor=None))
    assert desk.asked().count("GetToken") == 1

    desk.now += timedelta(seconds=3600)
    list(source.pages(NAMES, changed_since=None, cursor=None))

    assert desk.asked().count("GetToken") == 2


def test_a_token_that_ended_early_is_renewed_in_the_middle(desk: Desk) -> None:
    reading = desk.source().pages(NAMES, changed_since=None, cursor=None)
    next(reading)
    desk.practice.tokens.clear()

    assert sum(len(page.pupils) for page in reading) == 73
    assert desk.asked().count("GetToken") == 2


def test_a_token_that_is_given_and_not_accepted_does_not_revoke_the_school(desk: Desk) -> None:
    desk.fail(is_page(2), *[Reply(401)] * 9)

    with pytest.raises(Unreachable, match="does not accept it"):
        desk.read(NAMES)


@pytest.mark.parametrize(("state", "trouble"), [("paused", Paused), ("revoked", Revoked)])
def test_a_permission_taken_back_in_mid_sync_ends_it(
    desk: Desk, state: str, trouble: type[Exception]
) -> None:
    reading = desk.source().pages(ALL, changed_since=None, cursor=None)
    next(reading)
    desk.school.state = state

    with pytest.raises(trouble):
        list(reading)


def test_a_school_that_withdraws_its_pupils_alone_is_revoked_too(desk: Desk) -> None:
    desk.school.granted = ("School",)

    with pytest.raises(Revoked, match="no longer shares its pupils"):
        desk.read()


def test_a_short_wait_that_is_asked_for_is_waited(desk: Desk) -> None:
    desk.fail(is_page(2), Reply(429, headers={"Retry-After": "1"}))

    assert len(pupils(desk.read(NAMES))) == 123
    assert 1.0 in desk.waits


def test_a_long_wait_puts_the_sync_off(desk: Desk) -> None:
    desk.fail(is_page(2), Reply(429, headers={"Retry-After": "600"}))

    with pytest.raises(PutOff) as put_off:
        desk.read(NAMES)
    assert put_off.value.seconds == 600


def test_a_page_that_is_cut_off_is_asked_for_again_and_given_up_in_the_end(desk: Desk) -> None:
    whole = Reply(200, {"Students": [{"Id": 1}] * 50})
    desk.fail(is_page(2), replace(whole, cut_after=100))
    assert len(pupils(desk.read(NAMES))) == 123

    desk.fail(is_page(2), *[replace(whole, cut_after=100)] * 9)
    with pytest.raises(Unreachable, match="cut off"):
        desk.read(NAMES)


def test_stale_data_are_not_read_and_xporter_is_asked_to_call(desk: Desk) -> None:
    desk.school.db_status = "Updating"
    calls: list[Request] = []
    desk.server.integrators = {
        "xporter": desk.practice,
        "us": lambda asked: calls.append(asked) or Reply(202),
    }
    address = f"{desk.server.url('us')}/hooks/fresh"
    source = desk.source(callback_url=address)

    with pytest.raises(Unreachable, match="not up to date"):
        list(source.pages(ALL, changed_since=None, cursor=None))

    assert desk.practice.refresh(ESTAB) == 1
    assert is_fresh_notice(calls[0].document)
    assert not is_fresh_notice({"__dbstatus__": [{"Id": "XodSchoolData", "Status": "Updating"}]})
    list(source.pages(NAMES, changed_since=None, cursor=None))
    assert desk.practice.refresh(ESTAB) == 0, "no call is asked for while data are fresh"


def _cut_page(document: dict[str, Any]) -> None:
    if document["__pagination__"][0]["PageNumber"] == 1:
        del document["Students"][17:]


def _cut_last(document: dict[str, Any]) -> None:
    if document["__pagination__"][0]["PageNumber"] == 3:
        del document["Students"][17:]


def _no_counts(document: dict[str, Any]) -> None:
    page = document["__pagination__"][0]
    document["Pagination"] = {"PageNumber": page["PageNumber"], "PageCount": page["PageCount"]}
    del document["__pagination__"]
    if page["PageNumber"] == 2:
        document["Students"] = []


@pytest.mark.parametrize("cut", [_cut_page, _cut_last, _no_counts])
def test_a_roster_that_is_shorter_than_announced_is_no_roster(
    desk: Desk, cut: Callable[[dict[str, Any]], None]
) -> None:
    desk.bend("Students/", cut)

    with pytest.raises(Unreachable, match="the answer is not whole"):
        desk.read(NAMES)


def test_addresses_that_are_fewer_than_announced_are_no_addresses(desk: Desk) -> None:
    desk.bend("PersonComms/", lambda document: document["PersonComms"].pop())

    with pytest.raises(Unreachable, match="PersonComms"):
        desk.read(NAMES | {Field.WORK_EMAIL})


def test_without_paging_the_data_end_with_a_page_that_is_not_full(desk: Desk) -> None:
    desk.bend("Students/", lambda document: document.pop("__pagination__"))

    pages = desk.read(NAMES)

    assert [len(page.pupils) for page in pages] == [50, 50, 23]
    assert pages[0].expected is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"Pupils": []},
        {"Students": [], "Pagination": {"PageNumber": 7, "PageCount": 9}},
    ],
)
def test_an_answer_of_another_shape_is_told(desk: Desk, document: Any) -> None:
    desk.fail(is_page(1), *[Reply(200, document)] * 9)

    with pytest.raises(Nonsense, match="another shape"):
        desk.read(NAMES)


def test_an_answer_that_is_no_json_or_leads_elsewhere_is_told(desk: Desk) -> None:
    desk.fail(is_page(1), *[Reply(200, content=b"<html>log in</html>")] * 2)
    with pytest.raises(Nonsense, match="not JSON"):
        desk.read(NAMES)

    desk.fail(is_page(1), *[Reply(302, headers={"Location": "http://127.0.0.1:1/"})] * 2)
    with pytest.raises(Nonsense, match="answered 302"):
        desk.read(NAMES)


HOSTILE: tuple[Any, ...] = (
    "a text",
    None,
    17,
    ["a", "list"],
    {},
    {"Id": None, "Forename": "No identifier"},
    {"Id": {"$gt": ""}, "Forename": "Ada"},
    {"Id": True, "UPN": "B801200005001", "Forename": "Ada", "Surname": "Low", "YearGroup": "9"},
    {"Id": "1\x00", "Forename": "Nul"},
    {"Id": 90_001, "Forename": ["Ada"], "Surname": {"a": 1}, "YearGroup": 9},
    {"Id": 90_002, "Forename": "A" * 100_000, "Surname": "B", "YearGroup": 9},
    {"Id": 90_003, "Forename": "Ada\x00", "Surname": "\u202eB", "YearGroup": 9},
    {"Id": 90_004, "Forename": "\ud800", "Surname": "B", "YearGroup": 10**30},
    {"Id": 90_005, "Forename": True, "Surname": "B", "YearGroup": 9},
    {"Id": 90_006, "Forename": "Ada", "Surname": "B", "YearGroup": 9.5},
    {"Id": 90_007, "Forename": "Ada", "Surname": "B", "YearGroup": 9, "GroupIds": {"a": [1]}},
    {"Id": 90_009, "Forename": "A", "Surname": "B", "YearGroup": 9, "WorkEmail": ["a@b.example"]},
    {
        "Id": 90_008,
        "Forename": "Ada",
        "Surname": "B",
        "YearGroup": 9,
        "LeavingDate": "0001-01-01T00:00:00",
        "EntryDate": "2018-09-03T08:45:00.000Z",
        "WorkEmail": "a@hill.example\nBcc: b@hill.example",
        "FsmEligible": "perhaps",
        "GroupIds": ["nobody's", 5, None],
        "formula": "=HYPERLINK(1)",
    },
)


def test_hostile_records_harm_only_themselves(desk: Desk) -> None:
    def bend(document: dict[str, Any]) -> None:
        document["Students"] = [*HOSTILE, *document["Students"]]
        document["__pagination__"] = [{"PageNumber": 1, "PageCount": 1}]

    def bend_comms(document: dict[str, Any]) -> None:
        del document["__pagination__"]
        document["PersonComms"] += ["text", None, {"PersonId": [1]}, {"Value": {"a": 1}}]

    del desk.school.pupils[40:]
    desk.bend("Students/", bend)
    pages = desk.read()
    found, reader = records(desk, pages)

    good = {str(pupil.id) for pupil in desk.school.pupils}
    assert {record.mis_id for record in found} == good | {"90007", "90008", "90009"}
    assert len(pages[0].malformed) == 8
    assert not any("Ada" in words or "Nul" in words for words in pages[0].malformed)
    kept = {rejected.mis_id or rejected.upn for rejected in reader.rejected_pupils}
    assert kept == {"B801200005001", *(str(90_000 + n) for n in range(1, 7))}
    last = next(record for record in found if record.mis_id == "90008")
    assert (last.leaving_date, last.fsm, last.groups) == (None, None, "[]")
    assert last.work_fault
    assert last.start_date == date(2018, 9, 3)
    json.dumps([list(record) for record in found], default=str).encode()

    desk.bend("PersonComms/", bend_comms)
    given = by_id(desk.read(NAMES | {Field.WORK_EMAIL}))
    assert (
        given[str(desk.school.pupils[0].id)].cells[Field.WORK_EMAIL]
        == "student1@practice-school.example"
    )


def test_no_secret_token_or_name_is_ever_shown(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = desk.source()
    desk.read(NAMES)
    desk.school.state = "revoked"
    standing = source.standing()

    shown = f"{source!r} {vars(source)['_access']!r} {standing!r} {caplog.text}"
    assert SECRET not in shown
    assert not any(token in shown for token in desk.practice.tokens)
    assert desk.school.pupils[0].surname not in caplog.text


def test_an_authorisation_is_posted_with_a_new_secret(desk: Desk) -> None:
    posted: list[Request] = []
    desk.server.integrators = {
        "xporter": desk.practice,
        "us": lambda asked: posted.append(asked) or Reply(202),
    }
    desk.school.state, desk.school.granted = "revoked", ("Student", "StudentExtended", "Unheard")

    assert desk.practice.authorise(ESTAB, f"{desk.server.url('us')}/hooks/xporter") == 202
    agreed = parse_authorisation(posted[0].form)

    assert agreed is not None
    assert (agreed.estab, agreed.school_name, agreed.app_id) == (ESTAB, "Hill School", "outreach")
    assert agreed.asked - agreed.granted == {Field.SEN, Field.ETHNICITY, Field.FIRST_LANGUAGE}
    assert agreed.secret not in repr(agreed)
    assert desk.source(secret=agreed.secret).standing().state is SourceState.AUTHORISED
    assert desk.source().standing().state is SourceState.REVOKED


@pytest.mark.parametrize(
    "change",
    [{"schoolId": "12"}, {"schoolSecret": ""}, {"schoolSecret": "é"}, {"thirdParty": "Other"}],
)
def test_a_form_that_is_no_authorisation_is_none(change: dict[str, str]) -> None:
    form = {"schoolId": ESTAB, "schoolSecret": "s", "scopes": "Student"}
    assert parse_authorisation(form) is not None
    assert parse_authorisation(form | change) is None
    assert parse_authorisation({}) is None
