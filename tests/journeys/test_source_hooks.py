"""What integrators say by themselves: who is believed, and what it does."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from outreach import web
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.sources import making
from outreach.pupils.sync import hook_views
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.hooks import hook_address
from outreach.pupils.sync.models import SourceKind, SourceState, SyncState
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.sync.syncing import callback_url, sync
from outreach.schools.models import School
from outreach.signing import Purpose
from tests.journeys.source_systems import BRISK, Connected, connected


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PATIENCE", BRISK)


@pytest.fixture
def wonde(wired: web.Parts) -> Iterator[Connected]:
    with connected(wired, SourceKind.WONDE) as made:
        yield made


def path(wired: web.Parts, kind: SourceKind) -> str:
    return hook_address(wired.signer, "", kind)


def secret_of(school: Connected) -> str:
    return Sealer(school.wired.settings.secret_keys).open(school.connection.secret)


def tell_wonde(client: FlaskClient, school: Connected, kind: str, **more: str) -> int:
    message = {"payload_type": kind, "school_id": "A1", "school_name": "Hill Test School"} | more
    return client.post(path(school.wired, SourceKind.WONDE), json=message).status_code


def test_an_approval_brings_a_token_and_a_full_sync(client: FlaskClient, wonde: Connected) -> None:
    wonde.system.schools["A1"].token = "the-new-token"

    assert tell_wonde(client, wonde, "schoolApproved", school_token="the-new-token") == 202
    sync(wonde.wired, wonde.school.id)

    assert secret_of(wonde) == "the-new-token"
    assert (wonde.latest.state, wonde.latest.is_full) == (SyncState.DONE, True)


@pytest.mark.parametrize(
    ("message", "state"),
    [("accessRevoked", SourceState.REVOKED), ("accessDeclined", SourceState.DECLINED)],
)
def test_a_revocation_is_obeyed_before_any_sync(
    client: FlaskClient, wonde: Connected, message: str, state: SourceState
) -> None:
    wonde.sync()

    assert tell_wonde(client, wonde, message) == 202

    assert wonde.connection.state is state
    assert wonde.agreement.deletes_at is not None


def test_a_school_that_moved_to_another_system_is_matched_by_upn(
    client: FlaskClient, wonde: Connected
) -> None:
    wonde.sync()
    before = {pupil.upn: pupil.id for pupil in wonde.pupils.values()}
    wonde.system.migrate("A1")

    assert tell_wonde(client, wonde, "schoolMigration", completed_at="2026-11-25") == 202
    sync(wonde.wired, wonde.school.id)

    assert wonde.latest.state is SyncState.DONE
    assert {pupil.upn: pupil.id for pupil in wonde.pupils.values()} == before
    assert all(key.startswith("B") for key in wonde.pupils)


def test_a_message_of_an_unknown_school_or_kind_changes_nothing(
    client: FlaskClient, wonde: Connected
) -> None:
    hook = path(wonde.wired, SourceKind.WONDE)
    for message in (
        {"payload_type": "accessRevoked", "school_id": "A2"},
        {"payload_type": "somethingNew", "school_id": "A1"},
        {"payload_type": ["accessRevoked"], "school_id": {"A1": 1}},
        {},
    ):
        assert client.post(hook, json=message).status_code == 202
    assert client.post(hook, data=b"\xff{", content_type="application/json").status_code == 400
    assert client.post(hook, json=[1]).status_code == 400
    assert client.post(hook, data=b'{"a":' * 100_000).status_code == 400
    strange = {"payload_type": "accessRevoked", "school_id": "A1\0\ud800"}
    assert client.post(hook, json=strange).status_code == 202
    half = {"payload_type": "schoolApproved", "school_id": "A1", "school_token": "\ud800"}
    assert client.post(hook, json=half).status_code == 202
    assert wonde.connection.state is SourceState.PENDING


def test_a_message_without_our_token_is_not_believed(client: FlaskClient, wonde: Connected) -> None:
    revoked = {"payload_type": "accessRevoked", "school_id": "A1"}
    signer = wonde.wired.signer
    others = [
        "x",
        path(wonde.wired, SourceKind.XPORTER).rpartition("/")[2],
        signer.sign(Purpose.SOURCE_HOOK, wonde.school.key, wonde.school.id),
        signer.sign(Purpose.LINK, b"\0" * 8, uuid4()),
    ]
    for token in others:
        assert client.post(f"/hooks/wonde/{token}", json=revoked).status_code == 404
    assert client.get(path(wonde.wired, SourceKind.WONDE)).status_code == 405
    assert wonde.connection.state is SourceState.PENDING


def test_a_school_that_authorises_anew_at_xporter_brings_a_new_secret(
    client: FlaskClient, wired: web.Parts
) -> None:
    with connected(wired, SourceKind.XPORTER) as school:
        school.sync()
        theirs = school.system.schools["9984001"]
        theirs.secret = "another-secret"
        school.system.tokens.clear()
        form = {
            "schoolSecret": "another-secret",
            "schoolId": "9984001",
            "templateScopes": "Student,SEN",
            "scopes": "Student",
            "thirdParty": "XporterOnDemand",
        }

        assert client.post(path(wired, SourceKind.XPORTER), data=form).status_code == 202
        assert client.post(path(wired, SourceKind.XPORTER), data={}).status_code == 202
        sync(school.wired, school.school.id)

        assert secret_of(school) == "another-secret"
        assert school.latest.state is SyncState.DONE


def test_fresh_data_are_fetched_and_not_again_for_every_call(
    app: Flask, client: FlaskClient, wonde: Connected
) -> None:
    wonde.sync()
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        address = callback_url(wonde.wired, session)
    hook = address[address.index("/hooks/") :]
    first = wonde.latest.id

    assert client.post(hook).status_code == 202
    assert wonde.latest.id == first  # a sync was asked for a moment ago
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        wonde_sync = session.merge(wonde.latest)
        wonde_sync.asked_at = now().replace(year=2025)
    assert client.post(hook).status_code == 202
    assert client.post(hook).status_code == 202

    assert wonde.latest.state is SyncState.WAITING
    assert not wonde.latest.is_full
    assert client.post("/hooks/fresh/x").status_code == 404
    assert client.post(hook, data=b"[" * 100_000).status_code == 400


def test_nothing_of_a_message_is_read_before_its_token_is_verified(
    client: FlaskClient, wonde: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(hook_views, "is_fresh_notice", read.append)
    signer = wonde.wired.signer
    strange = signer.sign(Purpose.SOURCE_HOOK, wonde.school.key, uuid4())

    for token in ("x", strange, signer.sign(Purpose.LINK, wonde.school.key, wonde.school.id)):
        assert client.post(f"/hooks/fresh/{token}", data=b"[" * 1_000).status_code == 404
    assert read == []


def test_the_fresh_address_of_one_school_names_no_other(wonde: Connected) -> None:
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        token = callback_url(wonde.wired, session).rpartition("/")[2]
        subject = wonde.wired.signer.verify(Purpose.SOURCE_HOOK, token)
        school = session.get_one(School, wonde.school.id)

        assert (subject.school_key, subject.row_id) == (school.key, school.id)
        assert require_connection(session).external_id not in token
