"""What Wonde says of a school's permission, before a sync and in the middle of one."""

import pytest

from outreach.errors import Refusal
from outreach.practice.server import PracticeServer, Reply, Request, serving
from outreach.practice.wonde_school import WondeSchool
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import (
    Declined,
    NotApproved,
    Revoked,
    Unreachable,
)
from outreach.pupils.sources.wonde import WondeSource
from outreach.pupils.sources.wonde_client import SchoolList, WondeClient
from outreach.pupils.sync.models import SourceState
from tests.unit.pupils.wonde.asking import (
    APP,
    EVERYTHING,
    SCHOOL,
    THEN,
    Wonde,
    failing_at,
    patience_of,
    source_of,
    whole,
)


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


@pytest.mark.parametrize("path", ["/students-leaver", "/deletions", "/counts"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_list_that_the_school_did_not_open_is_done_without(
    source: WondeSource, wonde: Wonde, path: str, status: int
) -> None:
    wonde.trouble = failing_at(path, Reply(status))

    assert list(source.leavers()) == []
    assert sum(len(page.pupils) for page in whole(source)) == 450
    assert list(source.pages(EVERYTHING, changed_since=THEN, cursor=None))[-1].gone == []


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
