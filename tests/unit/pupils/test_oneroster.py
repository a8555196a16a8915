"""OneRoster over REST, against a practice server and against servers with habits of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outreach.practice.oneroster import OneRosterPractice
from outreach.practice.people import practice_pupils
from outreach.practice.server import Reply, Request, serving
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.oneroster import OneRosterSource
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import (
    Access,
    Nonsense,
    PutOff,
    Revoked,
    SourcePage,
    SourcePupil,
    Unreachable,
)
from outreach.pupils.sync.models import SourceKind, SourceState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUICK = Patience(read_seconds=5, tries=3, first_wait=0.01, longest_wait=0.05, sleep=lambda _: None)
CLIENT = ("practice-client", "practice-oneroster-secret")
BASIC = {Field.MIS_ID, Field.FORENAME, Field.SURNAME, Field.YEAR, Field.WORK_EMAIL}


class Moment:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def practice(count: int, **settings: Any) -> OneRosterPractice:
    return OneRosterPractice(practice_pupils(count, today=date(2026, 11, 21)), **settings)


@contextmanager
def source_of(
    server: Callable[[Request], Reply],
    *,
    path: str = "",
    client: tuple[str, str] = CLIENT,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Iterator[OneRosterSource]:
    with serving({"roster": server}) as running:
        url = running.url("roster") + path
        access = Access(SourceKind.ONEROSTER, *client, url=url, may_be_private=True)
        yield OneRosterSource(access, QUICK, clock)


def read_all(
    source: OneRosterSource, since: datetime | None = None, wanted: set[Field] | None = None
) -> tuple[list[SourcePupil], list[SourcePage]]:
    pages = list(source.pages(wanted or set(source.fields), changed_since=since, cursor=None))
    assert pages[-1].next_cursor is None
    assert all(page.next_cursor for page in pages[:-1])
    return [pupil for page in pages for pupil in page.pupils], pages


def asked_for(server: OneRosterPractice, end: str) -> list[Request]:
    return [request for request in server.asked if request.path.endswith(end)]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("takes_secret", [True, False], ids=["bearer", "client credentials"])
def test_a_school_is_read_in_either_version_and_with_either_proof(
    version: str, takes_secret: bool
) -> None:
    server = practice(230, version=version)
    server.ways.takes_secret_as_token = takes_secret
    with source_of(server) as source:
        standing = source.standing()
        pupils, pages = read_all(source)

    assert (standing.state, standing.school_name) == (
        SourceState.AUTHORISED,
        "Hillside Demo School",
    )
    assert len({pupil.cells[Field.MIS_ID] for pupil in pupils}) == len(pupils) == 230
    assert [page.expected for page in pages] == [230, 230, 230]
    known = server.pupils[70_003]
    [cells] = [p.cells for p in pupils if p.cells[Field.MIS_ID] == "or-70003"]
    assert cells[Field.UPN] == known.upn
    assert (cells[Field.FORENAME], cells[Field.SURNAME]) == (known.forename, known.surname)
    assert cells[Field.YEAR] == "10"
    assert cells[Field.WORK_EMAIL] == known.work_email
    assert cells[Field.DATE_OF_BIRTH] == known.date_of_birth.isoformat()
    assert cells[Field.GENDER] == known.gender
    assert Field.HOME_EMAIL not in cells
    assert len(server.tokens) == (0 if takes_secret else 1)


def test_birth_dates_are_not_asked_for_where_they_are_not_shared() -> None:
    server = practice(3)
    with source_of(server) as source:
        source.standing()
        server.asked.clear()
        [first, *_], _ = read_all(source, wanted=BASIC)

    assert set(first.cells) == BASIC
    assert not [request for request in server.asked if "demographics" in request.path]


@pytest.mark.parametrize("habit", ["no filter", "passes the filter over"])
def test_a_server_without_filters_gives_birth_dates_singly(habit: str) -> None:
    server = practice(12)
    if habit == "no filter":
        server.ways.filters = False
    else:
        without = practice(12)

        def unfiltered(request: Request) -> Reply | None:
            if not request.query.get("filter"):
                return None
            query = {key: value for key, value in request.query.items() if key != "filter"}
            without.tokens = server.tokens
            return without.answer(Request(**vars(request) | {"query": query}))

        server.trouble = unfiltered
    with source_of(server) as source:
        pupils, _ = read_all(source)

    born = {pupil.cells[Field.MIS_ID]: pupil.cells[Field.DATE_OF_BIRTH] for pupil in pupils}
    assert born == {
        f"or-{pupil.id}": pupil.date_of_birth.isoformat() for pupil in server.pupils.values()
    }


def test_a_server_that_keeps_demographics_back_leaves_birth_dates_as_they_are() -> None:
    server = practice(3)
    server.trouble = lambda asked: Reply(403) if "demographics" in asked.path else None
    with source_of(server) as source:
        assert source.standing().state is SourceState.AUTHORISED
        assert not {Field.DATE_OF_BIRTH, Field.GENDER} & set(source.fields)
        pupils, _ = read_all(source)

    assert len(pupils) == 3


def test_fields_that_a_server_does_not_fill_are_not_given_so_that_nothing_is_cleared() -> None:
    server = practice(0)
    server.odd_records = [{"sourcedId": "1", "givenName": "A", "familyName": "B", "grades": ["9"]}]
    with source_of(server) as source:
        fields = source.fields

    assert Field.UPN not in fields
    assert Field.PREFERRED_FORENAME not in fields


@pytest.mark.parametrize(
    ("counts", "links", "most"),
    [(True, False, 40), (False, True, 40), (False, False, 1_000), (False, False, 40)],
)
def test_the_last_page_is_found_by_count_by_link_or_by_its_emptiness(
    counts: bool, links: bool, most: int
) -> None:
    server = practice(105)
    server.ways.counts, server.ways.links, server.ways.most_in_page = counts, links, most
    with source_of(server) as source:
        pupils, _ = read_all(source, wanted=BASIC)

    assert len({pupil.cells[Field.MIS_ID] for pupil in pupils}) == len(pupils) == 105


def test_a_server_that_gives_everything_each_time_is_read_once() -> None:
    server = practice(130)
    server.ways.counts = server.ways.links = False

    def whole(request: Request) -> Reply | None:
        if not request.path.endswith("/students"):
            return None
        return Reply(200, {"users": server._students()})

    server.trouble = whole
    with source_of(server, client=("x", "y")) as source:
        pupils, _ = read_all(source, wanted=BASIC)

    assert len(pupils) == 130


def test_a_page_larger_than_was_asked_for_is_taken_in_pieces_between_which_a_sync_may_stop() -> (
    None
):
    server = practice(250)
    server.trouble = lambda request: (
        Reply(200, {"users": server._students()}, headers={"X-Total-Count": "250"})
        if request.path.endswith("/students")
        else None
    )
    with source_of(server) as source:
        first, *rest = source.pages(BASIC, changed_since=None, cursor=None)
        asked = len(asked_for(server, "/students"))
        again = list(source.pages(BASIC, changed_since=None, cursor=first.next_cursor))

    assert [len(page.pupils) for page in (first, *rest)] == [100, 100, 50]
    assert [page.pupils for page in again] == [page.pupils for page in rest]
    assert len(asked_for(server, "/students")) == asked + 1


def test_a_server_that_counts_on_and_repeats_its_page_is_not_followed_for_ever() -> None:
    server = practice(130)

    def stuck(request: Request) -> Reply | None:
        if not request.path.endswith("/students"):
            return None
        return Reply(200, {"users": server._students()[:10]}, headers={"X-Total-Count": "130"})

    server.trouble = stuck
    with source_of(server) as source, pytest.raises(Nonsense, match="same page again"):
        read_all(source, wanted=BASIC)


def test_pages_that_begin_with_what_is_no_record_are_not_taken_for_one_page() -> None:
    server = practice(0)
    server.odd_records = [None if number % 100 == 0 else {} for number in range(250)]
    with source_of(server) as source:
        _, pages = read_all(source, wanted=BASIC)

    assert [len(page.malformed) for page in pages] == [100, 100, 50]


def test_a_next_page_on_another_host_is_never_asked_for() -> None:
    server = practice(130)
    server.ways.counts = server.ways.links = False

    def elsewhere(request: Request) -> Reply | None:
        if not request.path.endswith("/students"):
            return None
        link = {"Link": '<http://127.0.0.9:1/students?offset=100>; rel="next"'}
        return Reply(200, {"users": server._students()[:100]}, headers=link)

    server.trouble = elsewhere
    with source_of(server) as source, pytest.raises(Nonsense, match="another host"):
        read_all(source, wanted=BASIC)


def test_a_sync_goes_on_from_its_cursor_with_a_new_object() -> None:
    server = practice(250)
    with source_of(server) as source:
        first = next(iter(source.pages(BASIC, changed_since=None, cursor=None)))
        access = Access(
            SourceKind.ONEROSTER, *CLIENT, url=source._server.address, may_be_private=True
        )
        again = OneRosterSource(access, QUICK, lambda: NOW)
        rest = list(again.pages(BASIC, changed_since=None, cursor=first.next_cursor))

    assert [len(page.pupils) for page in [first, *rest]] == [100, 100, 50]


def test_changes_are_asked_for_by_date_and_deletions_come_with_them() -> None:
    server = practice(50)
    server.put(server.pupils[70_001].but(forename="Renamed"), NOW)
    server.delete(70_002, NOW)
    with source_of(server) as source:
        pupils, pages = read_all(source, NOW - timedelta(minutes=10))

    [changed] = pupils
    assert changed.cells[Field.FORENAME] == "Renamed"
    assert [page.gone for page in pages] == [["or-70002"]]
    assert pages[0].expected is None


def test_a_full_read_leaves_out_the_deleted_and_says_how_many_are_to_come() -> None:
    server = practice(120)
    for number in range(70_000, 70_020):
        server.delete(number, NOW)
    with source_of(server) as source:
        pupils, pages = read_all(source, wanted=BASIC)

    assert len(pupils) == pages[-1].expected == 100


def test_a_server_that_cannot_filter_by_date_is_read_in_full() -> None:
    server = practice(150)
    server.ways.filters = False
    with source_of(server) as source:
        pupils, _ = read_all(source, NOW, wanted=BASIC)

    assert len(pupils) == 150


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_server_without_a_list_of_students_gives_them_out_of_its_users(version: str) -> None:
    server = practice(30, version=version)
    server.ways.has_students = False
    server.ways.filters = version == "1.1"
    with source_of(server) as source:
        pupils, _ = read_all(source, wanted=BASIC)

    assert len(pupils) == 30


def test_the_address_may_lead_to_the_version_itself() -> None:
    server = practice(2)
    server.base = "/odd/place/v1p1"
    with source_of(server, path="/odd/place/v1p1/") as source:
        assert len(read_all(source)[0]) == 2


def test_another_base_path_and_token_path_can_be_told_in_a_mapping_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from outreach.pupils.sources import mapping

    text = (mapping.FOLDER / "oneroster.yaml").read_text(encoding="utf-8")
    text = text.replace("- oneroster/v1p1", "- very/own/path").replace(
        "email_is: work", "email_is: home"
    )
    text = text.replace("    - token\n", "    - get/one\n")
    text = text.replace("classes_of_each_pupil: false", "classes_of_each_pupil: true")
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "oneroster.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    server = practice(3)
    server.base, server.ways.token_path = "/very/own/path", "/get/one"
    with source_of(server) as source:
        [first, *_], _ = read_all(source)

    assert first.cells[Field.HOME_EMAIL] == server.pupils[70_000].work_email
    assert first.cells[Field.REG_GROUP] == "7A"
    assert first.groups is not None
    assert {group.name for group in first.groups} == {"7A/En", "7A/Ma", "7A/Sc", "Robotics club"}


def test_a_server_of_several_schools_must_be_told_which() -> None:
    server = practice(4)
    server.schools["school-2"] = "Another School"
    with source_of(server) as source, pytest.raises(Nonsense, match="holds 2 schools"):
        source.standing()

    with source_of(server, path="/ims/oneroster/v1p1/schools/school-1") as source:
        assert len(read_all(source)[0]) == 4
    assert asked_for(server, "/schools/school-1/students")


def test_a_school_that_is_named_by_the_connections_id_is_the_one_that_is_read() -> None:
    server = practice(4)
    server.schools["school-2"] = "Another School"
    server.ways.takes_secret_as_token = True
    with source_of(server, client=("partner|school-2", CLIENT[1])) as source:
        standing = source.standing()
        read_all(source)

    assert standing.school_name == "Another School"
    assert not asked_for(server, "/v1p1/schools/school-1/students")


@pytest.mark.parametrize("in_body", [False, True])
def test_a_token_is_renewed_when_it_ends_and_bought_where_the_server_wants(in_body: bool) -> None:
    server, moment = practice(250), Moment()
    server.ways.token_seconds, server.ways.wants_client_in_body = 600, in_body
    with source_of(server, clock=moment) as source:
        pages = source.pages(BASIC, changed_since=None, cursor=None)
        next(pages)
        assert len(server.tokens) == 1
        moment.now += timedelta(seconds=599)
        next(pages)
        assert len(server.tokens) == 2
        server.tokens.clear()  # ended early: the server says 401, and another one is bought
        next(pages)

    assert len(server.tokens) == 1


def test_a_secret_that_is_refused_or_a_permission_taken_back_is_revoked() -> None:
    server = practice(250)
    with source_of(server, client=("practice-client", "wrong")) as source:
        assert source.standing().state is SourceState.REVOKED
    with source_of(server) as source:
        pages = source.pages(BASIC, changed_since=None, cursor=None)
        next(pages)
        server.is_revoked = True
        with pytest.raises(Revoked) as told:
            next(pages)
    assert CLIENT[1] not in told.value.words


def test_a_busy_server_is_waited_for_and_one_that_names_a_long_time_puts_us_off() -> None:
    server = practice(20)
    waits = iter([Reply(429, headers={"Retry-After": "0"}), Reply(503)])
    server.trouble = lambda asked: next(waits, None) if "students" in asked.path else None
    with source_of(server) as source:
        assert len(read_all(source, wanted=BASIC)[0]) == 20

    server.trouble = lambda _: Reply(429, headers={"Retry-After": "900"})
    with source_of(server) as source, pytest.raises(PutOff) as told:
        source.standing()
    assert told.value.seconds == 900


def test_an_answer_cut_off_is_asked_for_again_and_in_the_end_out_of_reach() -> None:
    server = practice(120)
    whole = server.answer
    cuts = [True, True, False]

    def cut(request: Request) -> Reply | None:
        if request.query.get("offset") != "100" or not cuts.pop(0):
            return None
        reply = whole(request)
        return Reply(200, reply.document, headers=reply.headers, cut_after=500)

    server.trouble = cut
    with source_of(server) as source:
        assert len(read_all(source, wanted=BASIC)[0]) == 120

    cuts[:] = [True] * 9
    with source_of(server) as source, pytest.raises(Unreachable, match="cut off"):
        read_all(source, wanted=BASIC)


def test_no_server_and_no_oneroster_are_said_apart() -> None:
    url = "http://127.0.0.1:9/roster"
    access = Access(SourceKind.ONEROSTER, *CLIENT, url=url, may_be_private=True)
    with pytest.raises(Unreachable):
        OneRosterSource(access, QUICK, lambda: NOW).standing()

    with (
        source_of(lambda _: Reply(404, {})) as source,
        pytest.raises(Nonsense, match="no OneRoster"),
    ):
        source.standing()
    with (
        source_of(lambda _: Reply(200, content=b"<html>Log in</html>")) as source,
        pytest.raises(Nonsense, match="not JSON"),
    ):
        source.standing()


def test_hostile_records_are_told_and_do_not_stop_the_others() -> None:
    server = practice(3)
    server.odd_records = [
        None,
        "text",
        [1, 2],
        {},
        {"sourcedId": {"a": 1}, "givenName": "No", "familyName": "Id", "grades": ["9"]},
        {"sourcedId": "\x00\x1b", "givenName": "Control", "familyName": "Id", "grades": ["9"]},
        {
            "sourcedId": "x'1",
            "givenName": ["Ada"],
            "familyName": "=cmd()",
            "grades": [{"year": 9}],
            "email": {"work": "a@b.example"},
            "userIds": "none",
            "role": "student",
        },
        {"sourcedId": "x" * 500, "givenName": "Long", "familyName": "Id", "grades": ["9"]},
        {"sourcedId": "g", "givenName": "A", "familyName": "B", "grades": ["KG", "07"], "roles": 7},
        {"sourcedId": "t", "givenName": "A", "familyName": "B", "role": "teacher"},
        {
            "sourcedId": "over",
            "roles": [{"roleType": "primary", "role": "student", "endDate": "2026-07-31"}],
        },
    ]
    with source_of(server) as source:
        pupils, [page] = read_all(source)

    assert len(page.malformed) == 3 + 4
    assert page.gone == ["over"]
    odd = {pupil.cells[Field.MIS_ID]: pupil.cells for pupil in pupils}
    assert len(odd) == 5
    assert odd["x'1"][Field.FORENAME] == ""
    assert odd["x'1"][Field.YEAR] == odd["x'1"][Field.WORK_EMAIL] == "(not text)"
    assert odd["g"][Field.YEAR] == "07"
