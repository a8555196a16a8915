"""Connecting in the browser, watching the sync, confirming a drop, disconnecting."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from outreach import web
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.practice.server import serving
from outreach.pupils.sources import making
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.models import SourceKind, SourceState, SyncState
from outreach.pupils.sync.syncing import sync
from outreach.schools.models import Role
from tests.factories import MadeSchool, make_school, signed_in
from tests.journeys.source_systems import BRISK, IDS, Connected, connected, make_system
from tests.journeys.staff_pages import submit

PAGE = "/staff/source"


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PATIENCE", BRISK)


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions)


@pytest.fixture
def admin(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.ADMIN)


@pytest.fixture
def served(app: Flask, wired: web.Parts, school: MadeSchool) -> Iterator[dict[SourceKind, object]]:
    """Every kind of system on one server, and the app's settings lead there."""
    systems = {kind: make_system(kind, 20, london_date(now())) for kind in SourceKind}
    systems[SourceKind.WONDE].schools["A1"].urn = school.urn
    with serving({kind.value: system for kind, system in systems.items()}) as server:
        settings = replace(
            wired.settings,
            wonde_url=server.url("wonde"),
            wonde_app_token="practice-app",
            xporter_url=f"{server.url('xporter')}/api/v1",
            xporter_token_url=f"{server.url('xporter')}/api/oauth/GetToken",
        )
        app.extensions["outreach"] = replace(wired, settings=settings)
        yield systems | {"oneroster_url": server.url("oneroster")}
        app.extensions["outreach"] = wired


def connect(client: FlaskClient, kind: SourceKind, served: dict, **changes: str):
    external_id, secret = IDS[kind]
    fields = {"kind": kind.value, "external_id": external_id, "secret": secret}
    if kind is SourceKind.ONEROSTER:
        fields["url"] = str(served["oneroster_url"])
    page = f"{PAGE}/connect?kind={kind.value}"
    return submit(client, page, f"{PAGE}/connect", **(fields | changes))


@pytest.mark.parametrize("kind", list(SourceKind), ids=lambda kind: kind.value)
def test_a_school_is_connected_and_its_first_sync_is_watched(
    app: Flask, admin: FlaskClient, school: MadeSchool, served: dict, kind: SourceKind
) -> None:
    assert "Connect your information system" in admin.get(PAGE).text
    assert connect(admin, kind, served).status_code == 303
    waiting = admin.get(PAGE).text
    assert "data-every" in waiting
    assert "Waiting" in waiting

    sync(app.extensions["outreach"], school.id)

    done = admin.get(PAGE).text
    assert "data-every" not in done
    assert re.search(r"Added</dt><dd class=\"stat-value\">20", done)
    assert "Authorised" in done
    assert IDS[kind][1] not in done


def test_without_a_token_the_school_is_asked_for_access(
    app: Flask, admin: FlaskClient, school: MadeSchool, served: dict
) -> None:
    served[SourceKind.WONDE].schools["A1"].state = None

    assert connect(admin, SourceKind.WONDE, served, secret="").status_code == 303

    assert "has not decided yet" in admin.get(PAGE).text
    assert served[SourceKind.WONDE].schools["A1"].state == "pending"
    served[SourceKind.WONDE].approve("A1")
    sync(app.extensions["outreach"], school.id)
    assert "up to date" in admin.get(PAGE).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"external_id": ""}, "Enter the LA and establishment number"),
        ({"secret": ""}, "Enter the school secret"),
        ({"secret": "a\x07b"}, "hidden character"),
        ({"external_id": "9" * 200}, "Enter"),
    ],
)
def test_what_is_missing_is_told_beside_its_field_and_nothing_is_kept(
    wired: web.Parts,
    admin: FlaskClient,
    school: MadeSchool,
    served: dict,
    changes: dict[str, str],
    words: str,
) -> None:
    answer = connect(admin, SourceKind.XPORTER, served, **changes)

    assert answer.status_code == 422
    assert words.casefold() in answer.text.casefold()
    with transaction(wired.sessions, school.id) as session:
        assert connection_of(session) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x.example",
        "javascript:alert(1)",
        "https://user:pw@x.example",
        "http://[",
        "https://x.example\\@y.example",
    ],
)
def test_an_address_that_is_none_is_refused(admin: FlaskClient, served: dict, url: str) -> None:
    answer = connect(admin, SourceKind.ONEROSTER, served, url=url)

    assert answer.status_code == 422
    assert "whole address" in answer.text


def test_in_public_a_schools_address_may_not_lead_into_our_own_network(
    app: Flask, wired: web.Parts, admin: FlaskClient, school: MadeSchool, served: dict
) -> None:
    parts = app.extensions["outreach"]
    public = replace(parts.settings, public_url="https://questionnaires.hill.example")
    app.extensions["outreach"] = replace(parts, settings=public)

    plain = connect(admin, SourceKind.ONEROSTER, served, url="http://mis.hill.example")
    assert plain.status_code == 422
    address = str(served["oneroster_url"]).replace("http://", "https://")
    assert connect(admin, SourceKind.ONEROSTER, served, url=address).status_code == 422  # its port
    address = "https://127.0.0.1/oneroster"
    assert connect(admin, SourceKind.ONEROSTER, served, url=address).status_code == 303
    sync(app.extensions["outreach"], school.id)

    with transaction(wired.sessions, school.id) as session:
        assert connection_of(session).may_be_private is False
    assert served[SourceKind.ONEROSTER].asked == []
    assert "is not one that this service asks" in admin.get(PAGE).text


def test_only_a_oneroster_server_has_an_address_so_that_no_other_token_goes_to_one(
    admin: FlaskClient, served: dict
) -> None:
    answer = connect(admin, SourceKind.WONDE, served, secret="", url=str(served["oneroster_url"]))

    assert answer.status_code == 422
    assert served[SourceKind.ONEROSTER].asked == []


def test_a_careers_leader_syncs_and_does_not_connect(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    leader = signed_in(app, school, Role.CAREERS_LEADER)

    assert "An administrator of your school connects it" in leader.get(PAGE).text
    assert leader.get(f"{PAGE}/connect?kind=wonde").status_code == 403
    assert leader.get(f"{PAGE}/disconnect").status_code == 403


def test_a_held_sync_is_confirmed_on_the_page(app: Flask, wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as made:
        app.extensions["outreach"] = made.wired
        client = signed_in(app, made.school, Role.CAREERS_LEADER)
        made.sync()
        made.remove(*made.people[:10])
        made.sync()
        held = client.get(PAGE).text
        assert "would drop 10 of 30" in held

        assert submit(client, PAGE, f"{PAGE}/sync", do="confirm").status_code == 303
        sync(made.wired, made.school.id)

        assert made.latest.state is SyncState.DONE
        assert made.latest.report["missing"] == 10
        app.extensions["outreach"] = wired


def test_two_presses_are_one_sync(app: Flask, wired: web.Parts) -> None:
    with connected(wired, SourceKind.WONDE) as made:
        client = signed_in(app, made.school, Role.ADMIN)
        for do in ("changes", "full", "full"):
            submit(client, PAGE, f"{PAGE}/sync", do=do)

        assert made.latest.state is SyncState.WAITING
        assert made.latest.is_full
        sync(made.wired, made.school.id)
        with transaction(wired.sessions, made.school.id) as session:
            assert connection_of(session).state is SourceState.AUTHORISED


def test_what_could_not_be_read_is_shown_to_those_who_keep_the_roster(
    app: Flask, wired: web.Parts
) -> None:
    with connected(wired, SourceKind.WONDE) as made:
        made.system.schools["A1"].odd_records = [
            {"id": "A9", "forename": "<b>Robin</b>", "surname": "", "date_of_birth": None}
        ]
        made.sync()
        page = signed_in(app, made.school, Role.CAREERS_LEADER).get(PAGE).text

        assert "This is needed for every pupil" in page
        assert "<b>Robin</b>" not in page


def test_disconnecting_says_what_it_does_and_does_it(
    app: Flask, wired: web.Parts, made: Connected
) -> None:
    client = signed_in(app, made.school, Role.ADMIN)
    made.sync()

    assert "No mail goes to students" in client.get(f"{PAGE}/disconnect").text
    assert submit(client, f"{PAGE}/disconnect").status_code == 303

    assert "Connect your information system" in client.get(PAGE).text
    assert len(made.pupils) == 30


@pytest.fixture
def made(wired: web.Parts) -> Iterator[Connected]:
    with connected(wired, SourceKind.XPORTER) as school:
        yield school
