"""What leaves the school in lists obeys the objections register and the 28 days to object."""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.cli.entry import outreach
from outreach.clock import academic_year, london_date, now
from outreach.database import Sessions, school_of, transaction
from outreach.errors import Refusal
from outreach.profiles.models import ProfileEntry
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.models import AddressKind, Pupil, WrongAddress
from outreach.pupils.objections.models import Instructor, ObjectionScope, SharingWindow
from outreach.pupils.objections.objecting import lift, record_objection
from outreach.pupils.objections.rules import Instruction
from outreach.pupils.objections.telling import DAYS_TO_OBJECT, tell
from outreach.pupils.sync.connecting import connect
from outreach.pupils.sync.models import SourceKind, SourceState
from outreach.pupils.sync.sealing import Sealer
from outreach.reports.list_files import write_csv
from outreach.reports.lists_for_others import ListForOthers, Recipient, list_for
from outreach.schools.models import Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, agreement, change_sharing
from tests.factories import MadeSchool, make_pupil, make_school, set_address, signed_in
from tests.journeys.staff_pages import submit

LISTS = "/staff/lists"
BORN = date(2010, 3, 14)
AUTHORITY, POST_16 = Recipient.LOCAL_AUTHORITY, Recipient.POST_16


@dataclass(frozen=True)
class Scene:
    """A school with pupils of Year 11, each with a destination they named."""

    app: Flask
    wired: web.Parts
    school: MadeSchool

    @property
    def sessions(self) -> Sessions:
        return self.wired.sessions

    def pupil(
        self, forename: str, *, year: int = 11, start_date: date | None = None, **given
    ) -> UUID:
        with transaction(self.sessions, self.school.id) as session:
            pupil = make_pupil(
                session, forename=forename, year=year, date_of_birth=BORN, work=None, **given
            )
            address = f"{forename.lower()}@hill-test-school.example"
            set_address(session, pupil.id, AddressKind.WORK, address)
            pupil.start_date = start_date
            session.add(_said(self.school.id, pupil.id))
            return pupil.id

    def told(self, scope: ObjectionScope, *years: int, days_ago: int = DAYS_TO_OBJECT + 1) -> None:
        """By year group of today, whichever school year the telling fell in."""
        today = london_date(now())
        told_on = today - timedelta(days=days_ago)
        moved_up = academic_year(today) - academic_year(told_on)
        with transaction(self.sessions, self.school.id) as session:
            tell(session, scope, [year - moved_up for year in years], told_on, None, now())

    def objects(self, pupil_id: UUID, scope: ObjectionScope, *, lifted: bool = False) -> None:
        said = Instruction(Instructor.PUPIL, london_date(now()), "Letter")
        with transaction(self.sessions, self.school.id) as session:
            pupil = session.get_one(Pupil, (self.school.id, pupil_id))
            pupil.date_of_birth = None  # whoever instructs: ages are not this test's matter
            verb = lift if lifted else record_objection
            assert verb(session, pupil, scope, said, None, now()).is_change

    def listed(self, recipient: Recipient, *years: int) -> ListForOthers:
        with transaction(self.sessions, self.school.id) as session:
            return list_for(session, self.wired.library, recipient, years or (11,), now())

    def rows(self, recipient: Recipient, *years: int) -> dict[str, dict[str, str]]:
        """Each line of the file, by forename."""
        text = "".join(write_csv(self.listed(recipient, *years)))
        return {row["Forename"]: row for row in csv.DictReader(io.StringIO(text))}

    def switch(self, **changes: bool) -> None:
        with transaction(self.sessions, self.school.id) as session:
            by = session.get_one(StaffMember, (self.school.id, self.school.staff[Role.ADMIN]))
            change_sharing(session, SharingChanges(**changes), by, now())


def _said(school_id: UUID, pupil_id: UUID) -> ProfileEntry:
    return ProfileEntry(
        school_id=school_id,
        id=uuid4(),
        pupil_id=pupil_id,
        field="intended_destination",
        value="apprenticeship",
        source="questionnaire",
        recorded_at=now(),
        response_id=None,
        questionnaire="gcse",
        version=1,
        superseded_at=None,
    )


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER, Role.DATA_PROTECTION)
    return Scene(app, wired, school)


def is_whole(row: dict[str, str]) -> bool:
    return bool(row["School email"] and row["Intended destination"] and row["Said on"])


def test_the_local_authority_gets_name_and_birth_date_always_and_the_rest_once_it_may(
    scene: Scene,
) -> None:
    scene.pupil("Free")
    objector = scene.pupil("Objector")
    scene.pupil("Young", year=10)
    scene.pupil("Gone", leaving_date=london_date(now()))
    scene.pupil("Missing", missing_since=now())
    scene.objects(objector, ObjectionScope.LOCAL_AUTHORITY)

    assert set(scene.rows(AUTHORITY)) == {"Free", "Objector"}
    untold = scene.rows(AUTHORITY)["Free"]
    assert (untold["Surname"], untold["Date of birth"]) == ("Ashdown", "2010-03-14")
    assert (untold["School email"], untold["Intended destination"], untold["Said on"]) == ("",) * 3
    assert untold["Withheld because"] == "Parents and pupils have not been told yet"

    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11, days_ago=DAYS_TO_OBJECT)
    waiting = scene.rows(AUTHORITY)["Free"]
    assert not is_whole(waiting)
    assert waiting["Withheld because"].startswith("Parents and pupils may object until")

    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)
    rows = scene.rows(AUTHORITY)
    assert rows["Free"] == {
        "Surname": "Ashdown",
        "Forename": "Free",
        "Date of birth": "2010-03-14",
        "School email": "free@hill-test-school.example",
        "Intended destination": "Start an apprenticeship",
        "Said on": london_date(now()).isoformat(),
        "Withheld because": "",
    }
    assert not is_whole(rows["Objector"])
    assert rows["Objector"]["Withheld because"] == "The pupil or a parent objected"
    scene.objects(objector, ObjectionScope.LOCAL_AUTHORITY, lifted=True)
    assert is_whole(scene.rows(AUTHORITY)["Objector"])


def test_a_post_16_list_leaves_out_whoever_objected_or_was_not_told_in_time(scene: Scene) -> None:
    scene.pupil("Free")
    scene.pupil("Late", start_date=london_date(now()))
    objector = scene.pupil("Objector")
    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)
    assert scene.listed(POST_16).rows == ()
    assert len(scene.listed(POST_16).left_out) == 3

    scene.told(ObjectionScope.POST_16_SHARING, 11)
    scene.objects(objector, ObjectionScope.POST_16_SHARING)

    assert scene.rows(POST_16) == {
        "Free": {
            "Surname": "Ashdown",
            "Forename": "Free",
            "Intended destination": "Start an apprenticeship",
        }
    }
    assert {one.forename for one in scene.listed(POST_16).left_out} == {"Late", "Objector"}


def test_an_objection_to_one_sharing_or_to_mail_says_nothing_of_another(scene: Scene) -> None:
    pupil_id = scene.pupil("Free")
    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)
    for scope in (ObjectionScope.POST_16_SHARING, ObjectionScope.MAIL):
        scene.objects(pupil_id, scope)

    assert is_whole(scene.rows(AUTHORITY)["Free"])


@pytest.mark.parametrize("switch", ["work_email", "student_email"])
def test_a_school_email_is_listed_only_while_the_school_shares_it(
    scene: Scene, switch: str
) -> None:
    pupil_id = scene.pupil("Free")
    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)

    scene.switch(**{switch: False})
    assert scene.rows(AUTHORITY)["Free"]["School email"] == ""
    scene.switch(**{switch: True})
    assert scene.rows(AUTHORITY)["Free"]["School email"] == "free@hill-test-school.example"

    with transaction(scene.sessions, scene.school.id) as session:  # it reached somebody else
        hashed = hash_address(address_key(session), "free@hill-test-school.example")
        wrong = {"pupil_id": pupil_id, "address_hash": hashed, "at": now()}
        session.add(WrongAddress(school_id=school_of(session), **wrong))
    assert scene.rows(AUTHORITY)["Free"]["School email"] == ""


def test_the_page_counts_what_is_withheld_and_the_download_is_on_record(scene: Scene) -> None:
    for forename in ("Free", "=Formula"):
        scene.pupil(forename.strip("="), surname=f"{forename[0]}shdown")
    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)
    leader = signed_in(scene.app, scene.school)

    page = leader.get(LISTS).text
    assert "Year 11" in page
    answer = submit(leader, LISTS, **{"to": "local_authority", "years-local_authority": "11"})

    assert answer.mimetype == "text/csv"
    assert answer.text.startswith('\ufeff"Surname","Forename","Date of birth"')
    assert "'=shdown" in answer.text
    assert "local-authority-list.csv" in answer.headers["Content-Disposition"]
    with transaction(scene.sessions, scene.school.id) as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "list.exported"))
        assert event.detail == {
            "to": "local_authority",
            "years": "11",
            "pupils": 2,
            "withheld": 0,
            "left_out": 0,
        }
    for fields, words in (
        ({"to": "local_authority", "years-local_authority": "7"}, "Years 9 to 14"),
        ({"to": "post_16"}, "Years 11 to 14"),
        ({"to": "anybody"}, "Choose for whom"),
    ):
        refused = submit(leader, LISTS, **fields)
        assert (refused.status_code, words in refused.text) == (422, True), words
    for role in (Role.VIEWER, Role.DATA_PROTECTION):
        assert signed_in(scene.app, scene.school, role).get(LISTS).status_code == 403


def test_the_command_line_keeps_the_register_and_makes_the_lists(scene: Scene) -> None:
    objector = scene.pupil("Objector", year=12)
    scene.pupil("Free", year=12)
    by = scene.school.emails[Role.CAREERS_LEADER]
    with transaction(scene.sessions, scene.school.id) as session:
        mis_id = session.get_one(Pupil, (scene.school.id, objector)).mis_id or ""

    def run(*words: str):
        given = [*words[:2], "--school", scene.school.urn, *words[2:]]
        return CliRunner().invoke(outreach, given)

    said = ["--mis-id", mis_id, "--scope", "post_16_sharing", "--on", "2026-05-04"]
    said += ["--recorded-by", by]
    told = run(
        *("objection", "told", "--scope", "post_16_sharing", "--year", "12"),
        *("--on", london_date(now()).isoformat(), "--recorded-by", by),
    )
    assert told.exit_code == 0, told.output
    with transaction(scene.sessions, scene.school.id) as session:
        window = session.scalars(select(SharingWindow)).one()
        window.ends_on = london_date(now()) - timedelta(days=1)
    assert run("objection", "record", *said, "--by", "pupil").exit_code == 1
    recorded = run("objection", "record", *said, "--by", "pupil", "--evidence", "Letter")
    assert recorded.exit_code == 0, recorded.output
    assert '"in_force": true' in run("objection", "show", "--mis-id", mis_id, "--json").output

    listed = run("list", "export", "--to", "post_16")

    assert listed.exit_code == 0, listed.output
    assert [row["Forename"] for row in csv.DictReader(io.StringIO(listed.stdout))] == ["Free"]
    assert listed.stderr == "1 pupil, 1 left out.\n"
    assert run("objection", "lift", *said, "--by", "pupil", "--evidence", "Call").exit_code == 0
    assert run("list", "export", "--to", "post_16").stderr == "2 pupils, 0 left out.\n"
    assert run("list", "export", "--to", "post_16", "--year", "10").exit_code == 1


@pytest.mark.parametrize("word", ["ours", "integrator"])
def test_without_an_authorised_connection_there_are_no_lists(scene: Scene, word: str) -> None:
    scene.pupil("Free")
    with transaction(scene.sessions, scene.school.id) as session:
        if word == "ours":
            agreement(session).connection = Connection.PAUSED
        else:
            connect(
                session,
                Sealer(scene.wired.settings.secret_keys),
                kind=SourceKind.WONDE,
                external_id="A1",
                secret="secret",
                url=None,
                may_be_private=True,
                actor=OPERATOR,
                now=now(),
            ).state = SourceState.REVOKED
    leader = signed_in(scene.app, scene.school)

    for recipient in Recipient:
        with pytest.raises(Refusal, match="make the list from your MIS"):
            scene.listed(recipient)
    assert "make the list from your MIS" in leader.get(LISTS).text
    refused = submit(leader, LISTS, **{"to": "local_authority", "years-local_authority": "11"})
    assert (refused.status_code, "Ashdown" in refused.text) == (422, False)


def test_a_pupil_without_a_start_date_was_told_if_they_were_on_the_first_roster(
    scene: Scene,
) -> None:
    scene.pupil("First")
    joined = scene.pupil("Joined")
    scene.told(ObjectionScope.LOCAL_AUTHORITY, 11)
    a_year_ago, yesterday = now() - timedelta(days=365), now() - timedelta(days=1)
    with transaction(scene.sessions, scene.school.id) as session:
        for pupil in session.scalars(select(Pupil)):
            pupil.created_at = yesterday if pupil.id == joined else a_year_ago

    rows = scene.rows(AUTHORITY)

    assert is_whole(rows["First"])
    assert rows["Joined"]["Withheld because"] == "Parents and pupils have not been told yet"
