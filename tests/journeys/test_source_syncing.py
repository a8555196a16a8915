"""A sync with each information system, from the first page to a state that a person can read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from outreach import web
from outreach.audit import OPERATOR
from outreach.clock import london, london_date, now
from outreach.database import transaction
from outreach.practice.server import Reply, Request
from outreach.pupils.gate import Reason, gate
from outreach.pupils.models import GroupKind, MissingReason, RosterGroup
from outreach.pupils.roster import staged_pages
from outreach.pupils.roster.models import StagedPupil
from outreach.pupils.sources import making
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import disconnect
from outreach.pupils.sync.models import RosterSync, SourceKind, SourceState, SyncFault, SyncState
from outreach.pupils.sync.syncing import run_sync, sync
from outreach.queues import Work
from outreach.schools.models import Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.journeys.source_systems import BRISK, Connected, connected, cut_off

KINDS = list(SourceKind)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PATIENCE", BRISK)


@pytest.fixture(autouse=True)
def night_is_far_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A school's own night ends what a source puts off: it must not depend on when tests run."""
    monkeypatch.setattr(syncs, "NIGHT", london(now() + timedelta(hours=6)).time())


@pytest.fixture
def school(wired: web.Parts, kind: SourceKind) -> Iterator[Connected]:
    with connected(wired, kind) as made:
        yield made


def is_after(count: int):
    """Trouble from the request after so many on."""
    seen = 0

    def passed(_request: Request) -> bool:
        nonlocal seen
        seen += 1
        return seen > count

    return passed


def reasons(school: Connected) -> dict[Reason | None, int]:
    with transaction(school.wired.sessions, school.school.id) as session:
        asked = gate().subquery()
        rows = session.execute(select(asked.c.reason, func.count()).group_by(asked.c.reason))
        return {row.reason: row[1] for row in rows}


def rows_of(school: Connected, table: type) -> int:
    with transaction(school.wired.sessions, school.school.id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@each_kind
def test_a_first_sync_brings_everybody_with_addresses_and_groups(school: Connected) -> None:
    done = school.sync()

    assert (done.state, done.reason) == (SyncState.DONE, None)
    assert done.report["added"] == len(school.people) == len(school.pupils)
    with_address = sum(person.work_email is not None for person in school.people)
    assert reasons(school)[None] >= with_address
    assert school.connection.state is SourceState.AUTHORISED
    assert rows_of(school, StagedPupil) == 0
    person = school.people[0]
    pupil = school.pupil_of(person)
    assert (pupil.forename, pupil.surname, pupil.year) == (
        person.forename, person.surname, person.year,
    )  # fmt: skip
    with transaction(school.wired.sessions, school.school.id) as session:
        kinds = set(session.scalars(select(RosterGroup.kind)))
    if school.kind is not SourceKind.ONEROSTER:
        assert kinds >= {GroupKind.REGISTRATION, GroupKind.TEACHING}


@each_kind
def test_a_second_sync_changes_nothing_and_one_of_changes_brings_the_change(
    school: Connected,
) -> None:
    school.sync()
    again = school.sync()
    school.change(school.people[3].but(surname="Newname"))
    changes = school.sync(is_full=False)

    assert again.report["unchanged"] == len(school.people)
    assert changes.state is SyncState.DONE
    assert changes.report["changed"] == 1
    assert school.pupil_of(school.people[3]).surname == "Newname"


@each_kind
def test_who_stops_arriving_is_not_mailed_and_is_back_when_they_return(school: Connected) -> None:
    school.sync()
    person = next(p for p in school.people if p.work_email)
    before = reasons(school)[None]

    school.remove(person)
    gone = school.sync()

    assert gone.report["missing"] == 1
    assert school.pupil_of(person).missing_reason is MissingReason.ABSENT
    assert reasons(school)[None] == before - 1
    if school.kind is SourceKind.XPORTER:
        school.system.schools["9984001"].opted_out.clear()
    else:
        school.change(person)
    school.sync()
    assert school.pupil_of(person).missing_since is None
    assert reasons(school)[None] == before


def test_a_leaver_is_told_from_one_who_is_absent(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        school.sync()
        leaver, absent = school.people[0], school.people[1]
        school.system.schools["A1"].leave(leaver.id, london_date(now()) - timedelta(days=1))
        school.remove(absent)
        done = school.sync()

        assert (done.report["left"], done.report["missing"]) == (1, 1)
        assert school.pupil_of(leaver).missing_since is None
        assert reasons(school)[Reason.LEFT_SCHOOL] == 1
        assert reasons(school)[Reason.MISSING_FROM_SYNC] == 1


def test_what_the_source_deleted_is_gone_with_a_sync_of_changes(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        school.sync()
        person = school.people[0]
        school.system.schools["A1"].delete(person.id, now())
        school.sync(is_full=False)

        assert school.pupil_of(person).missing_reason is MissingReason.DELETED


@each_kind
def test_a_sync_that_would_drop_many_is_held_until_somebody_confirms(school: Connected) -> None:
    school.sync()
    school.remove(*school.people[:12])

    held = school.sync()
    assert held.state is SyncState.HELD
    assert "would drop 12 of 30" in held.reason
    assert Reason.MISSING_FROM_SYNC not in reasons(school)

    assert school.sync(confirm_drop=True).state is SyncState.DONE
    assert reasons(school)[Reason.MISSING_FROM_SYNC] == 12


@each_kind
def test_revoked_in_mid_sync_leaves_the_roster_and_stops_all_mail(school: Connected) -> None:
    school.sync()
    before = school.pupils
    school.change(school.people[0].but(surname="Newname"))
    passed = is_after(3)

    def revoke(request: Request) -> Reply | None:
        if passed(request):
            school.revoke()
        return None

    school.system.trouble = revoke
    ended = school.sync()

    assert ended.state is SyncState.REVOKED
    assert ended.reason
    assert {k: p.surname for k, p in school.pupils.items()} == {
        k: p.surname for k, p in before.items()
    }
    assert reasons(school) == {Reason.REVOKED: len(before)}
    assert school.agreement.deletes_at is not None
    assert rows_of(school, StagedPupil) == 0


def test_paused_stops_mail_deletes_nothing_and_ends_by_itself(wired: web.Parts) -> None:
    with connected(wired, SourceKind.XPORTER) as school:
        school.sync()
        school.system.schools["9984001"].state = "paused"
        school.system.tokens.clear()
        paused = school.sync()

        assert paused.state is SyncState.PAUSED
        assert reasons(school) == {Reason.PAUSED: 30}
        assert school.agreement.deletes_at is None
        school.system.schools["9984001"].state = "valid"
        assert school.sync().state is SyncState.DONE
        assert reasons(school)[None] > 0


@each_kind
def test_a_source_that_is_busy_for_a_moment_is_waited_for(school: Connected) -> None:
    answers = [Reply(429, headers={"Retry-After": "0"}), Reply(503), None]
    school.system.trouble = lambda _: answers.pop(0) if answers else None

    assert school.sync().state is SyncState.DONE


@each_kind
def test_a_source_that_is_busy_for_long_is_come_back_to_after_the_last_page(
    school: Connected,
) -> None:
    passed = is_after(2)
    school.system.trouble = lambda request: (
        Reply(429, headers={"Retry-After": "600"}) if passed(request) else None
    )
    waiting = school.sync()

    assert waiting.state in syncs.UNDER_WAY
    assert "10 minutes" in waiting.reason
    assert waiting.due_at > now() + timedelta(minutes=9)
    assert not school.pupils


def put_off_for_ever(school: Connected) -> RosterSync:
    passed = is_after(3)
    school.system.trouble = lambda request: (
        Reply(503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"})
        if passed(request)
        else None
    )
    return school.sync()


def ask(school: Connected, *, by: UUID | None, at: datetime) -> None:
    with transaction(school.wired.sessions, school.school.id) as session:
        syncs.ask_for_sync(session, is_full=True, asked_by=by, now=at)


def test_a_source_cannot_put_a_school_off_beyond_the_night_nor_against_a_persons_word(
    wired: web.Parts,
) -> None:
    with connected(wired, SourceKind.WONDE, 450) as school:
        waiting = put_off_for_ever(school)
        assert (waiting.state, waiting.lease_until) == (SyncState.FETCHING, None)
        assert waiting.due_at == syncs.next_night(now(), school.school.id)

        ask(school, by=None, at=now())
        sync(school.wired, school.school.id)
        assert school.latest.due_at == waiting.due_at

        school.system.trouble = None
        ask(school, by=school.school.staff[Role.ADMIN], at=now())
        sync(school.wired, school.school.id)
        assert (school.latest.id, school.latest.state) == (waiting.id, SyncState.DONE)


def test_a_sync_that_was_put_off_to_another_day_is_begun_anew(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE, 450) as school:
        waiting = put_off_for_ever(school)
        school.system.trouble = None
        school.system.asked.clear()
        with transaction(wired.sessions, school.school.id) as session:
            old = session.merge(waiting)
            old.started_at, old.due_at = now() - timedelta(days=1), now()
        sync(school.wired, school.school.id)

        assert (school.latest.state, school.latest.records) == (SyncState.DONE, 450)
        assert school.latest.id != waiting.id
        assert rows_of(school, StagedPupil) == 0


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [
        ("MOST_PAGES", 1, "2 pages"),
        ("MOST_RECORDS", 250, "297 pupils"),
        ("MOST_TEXT", 10_000, "MB of text"),
        ("MOST_GONE", 2, "more than 2 leavers"),
    ],
)
def test_a_source_that_sends_more_than_a_school_can_have_is_not_read_on(
    wired: web.Parts, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, words: str
) -> None:
    with connected(wired, SourceKind.WONDE, 300) as school:
        for person in school.people[:3]:
            school.system.schools["A1"].leave(person.id, london_date(now()))
        monkeypatch.setattr(staged_pages, limit, most)
        failed = school.sync()

        assert failed.state is SyncState.FAILED
        assert words in failed.reason
        assert not school.pupils
        assert rows_of(school, StagedPupil) == 0


@each_kind
def test_a_page_that_is_cut_off_once_is_asked_for_again(school: Connected) -> None:
    answers = [None, None, "cut"]
    school.system.trouble = lambda request: cut_off(request) if answers and answers.pop(0) else None

    assert school.sync().state is SyncState.DONE


@each_kind
def test_pages_that_are_always_cut_off_end_in_words_with_the_roster_as_before(
    school: Connected,
) -> None:
    school.sync()
    school.system.trouble = cut_off
    failed = school.sync()

    assert failed.state is SyncState.FAILED
    assert "cut off" in failed.reason
    assert reasons(school)[None] > 0
    assert school.connection.state is SourceState.AUTHORISED


def test_fewer_pupils_than_were_announced_are_a_faulty_sync(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        school.sync()
        school.system.schools["A1"].counted = 60
        failed = school.sync()

        assert failed.state is SyncState.FAILED
        assert "announced 60 pupils and gave 30" in failed.reason


def test_malformed_records_are_told_and_the_others_go_in(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        bad = [
            7,
            None,
            {"id": ["A"], "forename": {}},
            {"id": "A99", "forename": "x" * 100_000, "surname": "Birch"},
            {"id": "A98", "forename": "Ro\u202ebin", "surname": "\x00Birch"},
            {"id": "A97", "forename": "=HYPERLINK(1)", "surname": "Birch",
             "education_details": {"data": {"current_nc_year": "10"}}},
        ]  # fmt: skip
        school.system.schools["A1"].odd_records = bad
        done = school.sync()

        assert done.state is SyncState.DONE
        assert done.report["added"] >= 30
        assert done.report["rejected_rows"] >= 4
        assert rows_of(school, SyncFault) >= 4


@each_kind
def test_a_worker_that_dies_in_mid_sync_is_followed_by_one_that_finishes(
    school: Connected,
) -> None:
    """Its claim was committed and nothing else: what a kill leaves."""
    with transaction(school.wired.sessions, school.school.id) as session:
        syncs.begin_sync(session, is_full=True, confirm_drop=False, now=now() - timedelta(hours=1))

    sync(school.wired, school.school.id)

    assert (school.latest.state, school.latest.tries) == (SyncState.DONE, 2)
    assert len(school.pupils) == 30


def test_a_sync_goes_on_after_the_last_page_that_was_kept(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE, 450) as school:
        with transaction(wired.sessions, school.school.id) as session:
            claim = syncs.begin_sync(session, is_full=True, confirm_drop=False, now=now())
        run_sync(school.wired, school.school.id, claim, turn_seconds=0.0)
        first = school.latest
        sync(school.wired, school.school.id)

        assert (first.state, first.pages, first.records) == (SyncState.FETCHING, 1, 200)
        assert school.latest.state is SyncState.DONE
        assert len(school.pupils) == 450
        students = [r for r in school.system.asked if r.path.endswith("/students")]
        assert len(students) == 3


def test_a_school_disconnected_in_mid_sync_gets_nothing_more(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:

        def cut_the_cord(request: Request) -> None:
            if request.path.endswith("/students") and school_is_connected():
                with transaction(wired.sessions, school.school.id) as session:
                    disconnect(session, OPERATOR, now())

        def school_is_connected() -> bool:
            return school.latest.state in syncs.UNDER_WAY

        school.system.trouble = cut_the_cord
        with transaction(wired.sessions, school.school.id) as session:
            claim = syncs.begin_sync(session, is_full=True, confirm_drop=False, now=now())
        run_sync(school.wired, school.school.id, claim)

        assert school.latest.state is SyncState.FAILED
        assert not school.pupils
        assert school.agreement.connection is Connection.NOT_CONNECTED


def test_a_school_that_revoked_on_our_page_is_not_even_asked(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        with transaction(wired.sessions, school.school.id) as session:
            by = session.get_one(StaffMember, (school.school.id, school.school.staff[Role.ADMIN]))
            change_sharing(session, SharingChanges(connection=Connection.REVOKED), by, now())

        assert school.sync().state is SyncState.REVOKED
        assert school.system.asked == []


def test_the_first_sync_of_a_new_school_connects_it_and_lets_nobody_be_mailed(
    wired: web.Parts,
) -> None:
    with connected(wired, SourceKind.WONDE, is_sharing=False) as school:
        school.sync()

        assert school.agreement.connection is Connection.AUTHORISED
        assert reasons(school) == {Reason.STUDENT_EMAIL_OFF: 30}


def test_a_night_begins_a_full_sync_by_itself(wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as school:
        school.sync()
        due = syncs.next_night(now(), school.school.id)
        with transaction(wired.sessions, school.school.id) as session:
            assert syncs.next_due(session, now()) == due
        from dataclasses import replace

        night = replace(school.wired, clock=lambda: due + timedelta(seconds=1))
        sync(night, school.school.id)

        assert school.latest.is_full
        assert school.latest.state is SyncState.DONE
        assert school.latest.asked_by is None


def test_a_secret_is_stored_sealed_and_renewed_under_a_new_key(wired: web.Parts) -> None:
    from dataclasses import replace

    with connected(wired, SourceKind.WONDE) as school:
        sealed = school.connection.secret
        assert b"wonde-token" not in sealed
        keys = ("n" * 40, *school.wired.settings.secret_keys)
        school.wired = replace(
            school.wired, settings=replace(school.wired.settings, secret_keys=keys)
        )
        assert school.sync().state is SyncState.DONE
        assert school.connection.secret != sealed
        only_new = replace(school.wired.settings, secret_keys=keys[:1])
        school.wired = replace(school.wired, settings=only_new)
        assert school.sync().state is SyncState.DONE


def test_due_work_of_syncs_has_its_queue() -> None:
    assert Work.SYNC.queue == "rosters"
