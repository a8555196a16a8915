"""What two words on a connection come to: whose school it is, when mail stops, when the timer runs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from outreach import web
from outreach.audit import OPERATOR, staff_actor
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.practice.server import Reply, Request
from outreach.pupils.gate import Reason, gate
from outreach.pupils.roster.models import StagedPupil
from outreach.pupils.sources import making
from outreach.pupils.sync.connecting import connect, disconnect
from outreach.pupils.sync.hooks import hook_address
from outreach.pupils.sync.models import RosterSync, SourceKind, SourceState, SyncFault, SyncState
from outreach.pupils.sync.sealing import Sealer
from outreach.schools.models import AccountMail, Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.factories import MadeSchool, make_school
from tests.journeys.source_systems import BRISK, IDS, Connected, connected


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PATIENCE", BRISK)


@pytest.fixture
def wonde(wired: web.Parts) -> Iterator[Connected]:
    with connected(wired, SourceKind.WONDE) as school:
        school.sync()
        yield school


def reconnect(made: Connected, secret: str, *, by_staff: bool = False) -> None:
    external_id = IDS[made.kind][0]
    actor = staff_actor(made.school.staff[Role.ADMIN]) if by_staff else OPERATOR
    connect_as(made.wired, made.school, made.kind, external_id, secret, actor)


def connect_as(
    wired, school: MadeSchool, kind: SourceKind, external_id: str, secret, actor
) -> None:
    with transaction(wired.sessions, school.id) as session:
        connect(
            session,
            Sealer(wired.settings.secret_keys),
            kind=kind,
            external_id=external_id,
            secret=secret,
            url=None,
            may_be_private=True,
            actor=actor,
            now=now(),
        )


def say(made: Connected, connection: Connection) -> None:
    with transaction(made.wired.sessions, made.school.id) as session:
        by = session.get_one(StaffMember, (made.school.id, made.school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(connection=connection), by, now())


def deletes_at(made: Connected) -> datetime | None:
    return made.agreement.deletes_at


def mailable(made: Connected) -> int:
    with transaction(made.wired.sessions, made.school.id) as session:
        asked = gate().subquery()
        can = select(func.count()).select_from(asked).where(asked.c.reason.is_(None))
        return session.scalar(can) or 0


def test_what_staff_typed_must_lead_to_their_own_school(wonde: Connected) -> None:
    wonde.system.schools["A1"].urn = "999999"
    reconnect(wonde, "wonde-token", by_staff=True)
    refused = wonde.sync()
    wonde.system.schools["A1"].urn = wonde.school.urn
    taken = wonde.sync()

    assert refused.state is not SyncState.DONE
    assert "Wonde has URN 999999 under this id" in refused.reason
    assert refused.records == 0
    assert taken.state is SyncState.DONE


def test_an_id_that_is_no_id_never_becomes_part_of_an_address(wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    for external_id in ("..", "A1/../A2", "A1?x=1", "A 1", "", "A" * 200):
        with pytest.raises(Refusal, match="cannot be the id"):
            connect_as(wired, school, SourceKind.WONDE, external_id, "t", OPERATOR)


def test_a_new_secret_undoes_no_revocation_until_the_integrator_agrees(wonde: Connected) -> None:
    wonde.revoke()
    wonde.sync()
    began = deletes_at(wonde)
    reconnect(wonde, "junk", by_staff=True)

    assert wonde.connection.state is SourceState.REVOKED
    assert mailable(wonde) == 0
    assert deletes_at(wonde) == began is not None

    wonde.system.schools["A1"].state = "approved"
    reconnect(wonde, "wonde-token")
    assert wonde.sync().state is SyncState.DONE
    assert deletes_at(wonde) is None
    assert mailable(wonde) > 0


def test_a_yes_that_no_page_of_pupils_bears_out_is_none(wired: web.Parts) -> None:
    with connected(wired, SourceKind.XPORTER) as made:
        made.sync()
        school = made.system.schools["9984001"]
        granted, school.granted = school.granted, ("School",)
        made.sync()
        began = deletes_at(made)
        with transaction(wired.sessions, made.school.id) as session:
            receipts = session.scalar(select(func.count()).select_from(AccountMail))
        made.sync()

        assert made.connection.state is SourceState.REVOKED
        assert deletes_at(made) == began is not None
        with transaction(wired.sessions, made.school.id) as session:
            assert session.scalar(select(func.count()).select_from(AccountMail)) == receipts
        school.granted = granted
        made.sync()
        assert deletes_at(made) is None


def test_less_than_an_agreement_ends_no_revocation(wonde: Connected) -> None:
    wonde.revoke()
    wonde.sync()
    began = deletes_at(wonde)

    def not_found(request: Request) -> Reply:
        return Reply(404, {"error": "not_found"})

    wonde.system.trouble = not_found
    wonde.sync()

    assert wonde.connection.state is SourceState.REVOKED
    assert deletes_at(wonde) == began is not None


def test_the_timer_runs_as_long_as_either_word_is_a_revocation(wonde: Connected) -> None:
    wonde.revoke()
    wonde.sync()
    began = deletes_at(wonde)
    say(wonde, Connection.REVOKED)
    say(wonde, Connection.AUTHORISED)
    assert deletes_at(wonde) == began is not None

    wonde.system.schools["A1"].state = "approved"
    wonde.sync()
    assert deletes_at(wonde) is None


def test_a_revocation_outlives_a_disconnection_until_the_school_takes_it_back(
    wonde: Connected,
) -> None:
    wonde.revoke()
    wonde.sync()
    began = deletes_at(wonde)
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        disconnect(session, OPERATOR, now())

    assert wonde.agreement.connection is Connection.REVOKED
    assert deletes_at(wonde) == began is not None
    say(wonde, Connection.AUTHORISED)
    assert deletes_at(wonde) is None
    assert mailable(wonde) > 0


def test_a_secret_that_comes_by_itself_is_for_nobody_who_only_claims_the_id(
    client: FlaskClient, wired: web.Parts
) -> None:
    with connected(wired, SourceKind.XPORTER) as made:
        squatter = make_school(wired.sessions)
        with transaction(wired.sessions, made.school.id) as session:
            disconnect(session, OPERATOR, now())
        actor = staff_actor(squatter.staff[Role.ADMIN])
        connect_as(wired, squatter, SourceKind.XPORTER, "9984001", "junk", actor)
        form = {"schoolSecret": "xporter-secret", "schoolId": "9984001", "scopes": "Student"}
        client.post(hook_address(wired.signer, "", SourceKind.XPORTER), data=form)
        with transaction(wired.sessions, squatter.id) as session:
            assert session.scalars(select(RosterSync)).all() == []

        # Who has the secret takes the id over, and then it is theirs.
        connect_as(wired, made.school, SourceKind.XPORTER, "9984001", "xporter-secret", actor)
        assert made.sync().state is SyncState.DONE
        with pytest.raises(Refusal, match="Another school"):
            connect_as(wired, squatter, SourceKind.XPORTER, "9984001", "junk", actor)


def test_nothing_of_a_pupil_outlives_the_connection(wonde: Connected) -> None:
    wonde.system.schools["A1"].odd_records = [{"id": "A9", "forename": "Robin", "surname": ""}]
    wonde.system.schools["A1"].delete(wonde.people[0].id, now())
    wonde.sync(is_full=False)
    latest = wonde.latest
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        assert session.scalars(select(SyncFault)).first() is not None
        disconnect(session, OPERATOR, now())

    assert (latest.cursor, latest.mark) == (None, None)
    assert "gone" not in latest.report
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        assert session.scalars(select(SyncFault)).first() is None
        assert session.scalars(select(StagedPupil)).first() is None


def test_identifiers_of_another_system_match_nobody(wonde: Connected) -> None:
    before = {pupil.upn: pupil.id for pupil in wonde.pupils.values()}
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        disconnect(session, OPERATOR, now())
    school = wonde.system.schools.pop("A1")
    school.id, school.id_prefix, school.token = "A2", "C", "other-token"
    wonde.system.schools["A2"] = school
    connect_as(wonde.wired, wonde.school, SourceKind.WONDE, "A2", "other-token", OPERATOR)

    assert wonde.connection.ids_changed
    assert wonde.sync().state is SyncState.DONE
    assert {pupil.upn: pupil.id for pupil in wonde.pupils.values()} == before
    assert not wonde.connection.ids_changed


def test_reasons_of_both_words_stand_in_the_gate(wonde: Connected) -> None:
    wonde.revoke()
    wonde.sync()
    with transaction(wonde.wired.sessions, wonde.school.id) as session:
        reasons = set(session.execute(gate()).scalars(1))

    assert reasons == {Reason.REVOKED}
    assert timedelta(days=29) < deletes_at(wonde) - now() <= timedelta(days=30)
