"""Promises that belong to no single room: compression, alerts, export on record, empty databases."""

import gzip

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import event

from outreach import web
from outreach.audit import AuditEvent
from outreach.cli.entry import outreach
from outreach.database import transaction
from outreach.pupils.finding import MOST_WORDS, list_pupils
from outreach.pupils.viewing import WHOLE_SCHOOL
from outreach.schools.models import Connection, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, Role, make_pupil, make_school, signed_in


@pytest.mark.parametrize("name", ["app.css", "app.js", "progress.js"])
def test_style_and_scripts_leave_compressed(app: Flask, name: str) -> None:
    with app.test_client().get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.data) < 0.8 * len(gzip.decompress(answer.data))


def test_a_static_name_cannot_leave_its_folder(app: Flask) -> None:
    for name in ("..%2fapp.py", "%2e%2e/app.py", "..\\app.py"):
        assert app.test_client().get(f"/static/{name}").status_code == 404


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)


def test_a_campaign_page_says_that_nothing_goes_out_while_the_school_has_paused(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
        campaign_id = launch_campaign(session, wired.library, wired.clock())
        by = session.get_one(StaffMember, (school.id, school.staff[Role.ADMIN]))
        page = signed_in(app, school).get(f"/staff/campaigns/{campaign_id}").text
        assert "No mail goes out" not in page
        change_sharing(session, SharingChanges(connection=Connection.PAUSED), by, wired.clock())

    assert "No mail goes out" in signed_in(app, school).get(f"/staff/campaigns/{campaign_id}").text


def test_a_draft_for_other_years_says_so(app: Flask, wired: web.Parts, school: MadeSchool) -> None:
    from outreach.campaigns.creating import create_campaign

    with transaction(wired.sessions, school.id) as session:
        make_pupil(session, year=9)
        campaign = create_campaign(
            session,
            wired.library,
            name="Year 9",
            questionnaire="gcse",
            years=[9],
            groups=[],
            closes_on=None,
            created_by=None,
            now=wired.clock(),
        )
        campaign_id = campaign.id

    page = signed_in(app, school).get(f"/staff/campaigns/{campaign_id}").text
    assert "Written for other years" in page


def test_small_numbers_are_hidden_from_those_who_may_not_see_single_responses(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    from tests.factories import run_workers

    now = wired.clock()
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session).id for _ in range(7)]
        campaign_id = launch_campaign(session, wired.library, now)
    with transaction(wired.sessions, school.id) as session:
        for place, pupil_id in enumerate(pupils):
            destination = "apprenticeship" if place < 2 else "school_sixth_form"
            answer_and_submit(
                session,
                wired.library,
                campaign_id,
                pupil_id,
                now,
                destination_intended=destination,
            )
    run_workers(wired)
    address = f"/staff/campaigns/{campaign_id}/results"

    start = '<th scope="row">Start an apprenticeship</th><td class="num">'
    assert f"{start}not shown" in signed_in(app, school, Role.VIEWER).get(address).text
    assert f"{start}2<" in signed_in(app, school, Role.CAREERS_LEADER).get(address).text


def test_an_export_is_on_record_before_its_first_byte(
    wired: web.Parts, school: MadeSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from outreach.reports import export_files

    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
        campaign_id = launch_campaign(session, wired.library, wired.clock())

    def broken(_rows: object) -> object:
        raise BrokenPipeError

    monkeypatch.setattr(export_files, "write_json", broken)
    CliRunner().invoke(outreach, ["results", "export", str(campaign_id), "--format", "json"])

    with transaction(wired.sessions, school.id) as session:
        actions = [row.action for row in session.query(AuditEvent)]
    assert "results.exported" in actions


def test_null_characters_are_refused_kindly(app: Flask, wired: web.Parts) -> None:
    client = signed_in(app, make_school(wired.sessions), Role.ADMIN)

    assert client.get("/staff/campaigns?page=%00").status_code == 400
    assert app.test_client().get("/staff/sign-in?next=%00").status_code == 400


def test_only_a_static_file_of_its_own_version_is_kept_for_long(app: Flask) -> None:
    client = app.test_client()
    address = client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]

    def kept(of: str) -> str:
        with client.get(of) as answer:
            return answer.headers["Cache-Control"]

    assert "immutable" in kept(address)
    assert kept(address[:-2] + "00") == "no-store"
    assert kept("/static/nope.css") == "no-store"


def test_a_search_of_thousands_of_words_is_answered_at_once(app: Flask, wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    statements: list[str] = []
    with transaction(wired.sessions, school.id) as session:

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(session.connection(), "before_cursor_execute", note)
        list_pupils(session, search="ab " * 5000, now=wired.clock(), seen=WHOLE_SCHOOL)

    assert max(one.count("pupil.forename") for one in statements) <= MOST_WORDS + 4
