"""The Data sharing page: switches of items and purposes, deletion, receipts, both words, the annex."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.cli.entry import outreach
from outreach.clock import in_london, now
from outreach.database import transaction
from outreach.pupils import characteristics
from outreach.pupils.characteristics import Purpose, left_out
from outreach.pupils.models import Item, PupilCharacteristic
from outreach.pupils.sources.records import Field
from outreach.pupils.sync.connecting import connect, move_state
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.models import RosterSync, SourceKind, SourceState, SyncState
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.sync.shared_fields import fields_shared
from outreach.schools.contacts import ContactDetails, change_contacts
from outreach.schools.models import Connection, Role
from outreach.schools.past_changes import history
from outreach.schools.sharing import agreement
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in

SHARING = "/staff/sharing"
CONTACT = ContactDetails(protection_name="Trust DPO", protection_email="dpo@trust.example")


@dataclass(frozen=True)
class Scene:
    """A school that shares everything, with one pupil of whom two special items are held."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    dpo: FlaskClient

    def check(self, **chosen: str) -> TestResponse:
        seen = re.search(r'name="seen" value="([^"]+)"', self.dpo.get(SHARING).text)
        assert seen is not None
        return self.dpo.get(f"{SHARING}/check", query_string={"seen": seen.group(1), **chosen})

    def change(self, why: str = "", **chosen: str) -> str:
        """Through the page that says what it does. Gives the words of the page after it."""
        page = self.check(**{name.replace("__", "."): value for name, value in chosen.items()})
        fields = dict(
            re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page.text)
        )
        answer = self.dpo.post(SHARING, data=fields | {"why": why}, follow_redirects=True)
        assert "Sharing was changed." in answer.text
        return words(answer)

    def held(self) -> set[Item]:
        with transaction(self.wired.sessions, self.school.id) as session:
            return set(session.scalars(select(PupilCharacteristic.item)))

    def connect(self, state: SourceState = SourceState.AUTHORISED) -> None:
        with transaction(self.wired.sessions, self.school.id) as session:
            connection = connect(
                session,
                Sealer(self.wired.settings.secret_keys),
                kind=SourceKind.WONDE,
                external_id="A1",
                secret="token",
                url=None,
                may_be_private=True,
                actor=OPERATOR,
                now=now(),
            )
            move_state(session, connection, state, None, now())

    def status_of(self, item: str) -> str:
        page = words(self.dpo.get(SHARING)).split("Every data item")[1]
        found = re.search(rf" {item} (Shared|Not shared|Held, not used) ", page)
        assert found is not None, item
        return found.group(1)


def words(answer: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, school.id) as session:
        pupil = make_pupil(session, home="family@home.example")
        session.add_all(
            PupilCharacteristic(
                school_id=school.id, pupil_id=pupil.id, item=item, value=value, changed_at=now()
            )
            for item, value in ((Item.SEN, "K"), (Item.FSM, "yes"))
        )
    return Scene(app, wired, school, signed_in(app, school, Role.DATA_PROTECTION))


def cli(*arguments: str) -> Result:
    return CliRunner().invoke(outreach, arguments, catch_exceptions=False)


def test_a_special_item_switched_off_is_deleted_at_once_and_the_change_is_kept(
    scene: Scene,
) -> None:
    check = words(scene.check(**{"item.sen": "off"}))
    assert "From On to Off. Not taken from the roster any more." in check
    assert "Deleted at once, for every pupil: special educational needs." in check
    assert scene.held() == {Item.SEN, Item.FSM}

    page = scene.change(why=" DPIA review,\n autumn ", item__sen="off")

    assert scene.held() == {Item.FSM}
    assert scene.status_of("Special educational needs") == "Not shared"
    assert scene.status_of("Free school meals") == "Shared"
    assert "Test data_protection Special educational needs On Off DPIA review, autumn" in page
    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert left_out(session) == {
            Item.SEN: (
                "Not shared: “Special educational needs” is switched off on the Data sharing page."
            )
        }
        assert Field.SEN not in fields_shared(session)
        events = {one.action: one.detail for one in session.scalars(select(AuditEvent))}
    assert events["characteristics.deleted"] == {"item": "sen", "pupils": 1}
    assert "DPIA" not in str(events)


def test_a_purpose_switched_off_shuts_the_door_and_deletes_what_nothing_else_needs(
    scene: Scene,
) -> None:
    page = scene.change(purpose__comparing_groups="off")

    assert scene.held() == {Item.SEN}
    assert "Comparing results between groups (off)" in page
    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert characteristics.readable(session, Purpose.COMPARING_GROUPS) == frozenset()
        assert characteristics.readable(session, Purpose.GUIDING_PUPIL) == {
            Item.SEN,
            Item.FIRST_LANGUAGE,
        }
        assert "all that “Free school meals” would be used for" in left_out(session)[Item.FSM]


def test_without_the_schools_permission_nothing_is_read_but_a_pupils_own_copy(scene: Scene) -> None:
    scene.change(connection="paused")

    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert characteristics.readable(session, Purpose.GUIDING_PUPIL) == frozenset()
        assert characteristics.readable(session, Purpose.ANSWERING_ACCESS_REQUEST) == set(Item)
    assert scene.status_of("Special educational needs") == "Held, not used"
    assert scene.held() == {Item.SEN, Item.FSM}


@pytest.mark.parametrize("state", [SourceState.AUTHORISED, SourceState.PAUSED])
def test_what_is_newly_shared_is_asked_of_a_source_that_may_be_asked(
    scene: Scene, state: SourceState
) -> None:
    scene.change(item__ethnicity="off", home_email="off")
    scene.connect(state)

    page = scene.change(item__ethnicity="on", home_email="on")

    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert {Field.ETHNICITY, Field.HOME_EMAIL} <= fields_shared(session)
        syncs = session.scalars(select(RosterSync)).all()
    assert [(one.is_full, one.state) for one in syncs] == (
        [(True, SyncState.WAITING)] if state is SourceState.AUTHORISED else []
    )
    assert ("The whole roster is being fetched again" in page) == bool(syncs)


def test_an_undecided_kind_of_address_is_held_and_not_used_and_a_refused_one_is_not_asked_for(
    app: Flask, wired: web.Parts
) -> None:
    school = make_school(wired.sessions, *Role, is_sharing=False)
    scene = Scene(app, wired, school, signed_in(app, school, Role.DATA_PROTECTION))
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session, home="family@home.example")
        assert {Field.WORK_EMAIL, Field.HOME_EMAIL} <= fields_shared(session)
    scene.change(connection="authorised", student_email="on", work_email="on")
    assert scene.status_of("Home email") == "Held, not used"

    page = scene.change(home_email="off")

    assert "Home email Not decided Off" in page
    with transaction(wired.sessions, school.id) as session:
        assert Field.HOME_EMAIL not in fields_shared(session)
        assert Field.WORK_EMAIL in fields_shared(session)


def test_a_receipt_goes_to_the_contact_with_what_who_when_and_why(
    scene: Scene, mailbox: Catcher
) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        change_contacts(session, CONTACT, OPERATOR, now())
    scene.change(why="Asked by governors", item__sen="off", student_email="off")
    run_workers(scene.wired)

    [mail] = mailbox.mails
    assert mail.recipient == "dpo@trust.example"
    assert mail.message["Subject"] == "Receipt: data sharing was changed at Hill Test School"
    with transaction(scene.wired.sessions, scene.school.id) as session:
        at = history(session)[0].at
    html = mail.message.get_body(("html",))
    assert html is not None
    for text in (mail.text, re.sub(r"<[^>]+>", "", html.get_content())):
        for said in (
            in_london(at),
            "Test data_protection",
            "Asked by governors",
            "Special educational needs: from On to Off.",
            "Student email: from On to Off.",
            "Queued mail stops.",
            "As it stands now: No mail goes to students, because student email is off.",
            "http://127.0.0.1:8000/staff/sharing",
        ):
            assert said in text, said
        assert "Ashdown" not in text


def test_without_a_contact_the_receipt_goes_to_staff_with_that_role_or_else_to_administrators(
    scene: Scene, mailbox: Catcher
) -> None:
    alone = make_school(scene.wired.sessions, Role.VIEWER, is_sharing=False)
    scene.change(home_email="off")
    cli(
        "sharing",
        "set",
        "--school",
        alone.urn,
        "--work-email",
        "on",
        "--by",
        alone.emails[Role.ADMIN],
    )
    run_workers(scene.wired)

    assert [mail.recipient for mail in mailbox.mails] == [
        scene.school.emails[Role.DATA_PROTECTION],
        alone.emails[Role.ADMIN],
    ]


def test_a_revocation_says_what_is_held_and_until_when_and_is_undone(
    scene: Scene, mailbox: Catcher
) -> None:
    scene.change(deletion_days="12")
    check = words(scene.check(connection="revoked"))
    assert "is deleted 12 days from now" in check

    page = scene.change(connection="revoked")
    run_workers(scene.wired)

    with transaction(scene.wired.sessions, scene.school.id) as session:
        deletes_at = agreement(session).deletes_at
    assert deletes_at is not None
    assert timedelta(days=11) < deletes_at - now() <= timedelta(days=12)
    assert f"is deleted on {in_london(deletes_at)}" in page
    assert "Pupils 1 Email addresses 2 Special category items 2" in page
    receipt = mailbox.mails[-1].text
    assert "Still held: pupils 1, email addresses 2, special category items 2" in receipt
    assert in_london(deletes_at) in receipt
    assert "authorises the connection again" in receipt

    undo = re.search(r'href="(/staff/sharing/check\?[^"]+)"', scene.dpo.get(SHARING).text)
    assert undo is not None
    assert "The deletion that is planned is called off" in words(
        scene.dpo.get(undo.group(1).replace("&amp;", "&"))
    )
    assert "What is still held" not in scene.change(connection="authorised")


def test_the_integrators_word_stands_beside_the_schools_and_its_moves_have_receipts(
    scene: Scene, mailbox: Catcher
) -> None:
    scene.connect()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        move_state(
            session,
            require_connection(session),
            SourceState.REVOKED,
            "The school revoked it.",
            now(),
        )
    run_workers(scene.wired)

    page = words(scene.dpo.get(SHARING))
    assert "In force Revoked The school’s word here Authorised Integrator Wonde" in page
    assert "What the integrator says Revoked The school revoked it." in page
    assert "authorise the connection again with the integrator" in page
    assert "The integrator, on the school’s word there Permission at the integrator" in page
    assert "No mail goes to students, because the connection is not authorised." in page
    receipt = mailbox.mails[-1].text
    assert "Permission at the integrator: from Authorised to Revoked." in receipt
    assert "The integrator, on the school’s word there" in receipt
    assert "Still held: pupils 1" in receipt


@pytest.mark.parametrize("typed", ["0", "91", "-3", "ten", "²"])
def test_days_until_deletion_that_cannot_be_are_told_at_their_field(
    scene: Scene, typed: str
) -> None:
    page = scene.check(deletion_days=typed)

    assert page.status_code == 422
    assert "Enter a number from 1 to 90." in page.text
    assert f'value="{typed}"' in page.text


def test_the_annex_prints_the_same_table_as_the_page(scene: Scene) -> None:
    page, annex = scene.dpo.get(SHARING), scene.dpo.get(f"{SHARING}/annex")

    for label in ("Admission number", "Teaching and other groups", "Pupil premium", "Start date"):
        assert label in page.text
        assert label in annex.text
    assert "It is used to compare groups of students" in annex.text
    for role in (Role.VIEWER, Role.IT):
        assert signed_in(scene.app, scene.school, role).get(f"{SHARING}/annex").status_code == 403


def test_the_command_line_moves_items_and_purposes_and_shows_what_is_in_force(
    scene: Scene,
) -> None:
    by = ("--school", scene.school.urn, "--by", scene.school.emails[Role.ADMIN])
    done = cli(
        "sharing", "set", *by, "--item", "sen=off", "--item", "ethnicity=off",
        "--purpose", "guiding_pupil=off", "--why", "Review",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "deleted: sen of 1 pupils" in done.output
    scene.connect(SourceState.PAUSED)

    shown = json.loads(cli("sharing", "show", "--school", scene.school.urn, "--json").output)

    assert shown["connection"] == "paused"
    assert shown["source"] == {"kind": "wonde", "state": "paused", "synced_to": None}
    assert (shown["items"]["sen"], shown["items"]["fsm"]) == ("not_shared", "held_not_used")
    assert (shown["purposes"]["guiding_pupil"], shown["purposes"]["comparing_groups"]) == (
        False,
        True,
    )
    assert shown["deletes_at"] is None
    assert {"setting": "item.sen", "from": "on", "to": "off", "why": "Review"}.items() <= next(
        one for one in shown["history"] if one["setting"] == "item.sen"
    ).items()
    for wrong in ("sen", "sen=perhaps", "shoe_size=on"):
        refused = cli("sharing", "set", *by, "--item", wrong)
        assert refused.exit_code == 2
        assert "first_language" in refused.output


def test_a_new_school_has_special_items_off_and_purposes_on(wired: web.Parts) -> None:
    school = make_school(wired.sessions, is_sharing=False)
    with transaction(wired.sessions, school.id) as session:
        assert set(left_out(session)) == set(Item)
        assert agreement(session).connection is Connection.NOT_CONNECTED
    shown = json.loads(cli("sharing", "show", "--school", school.urn, "--json").output)
    assert shown["source"] is None
    assert shown["purposes"]["guiding_pupil"] is True
    assert shown["purposes"]["sending_mail"] is False
