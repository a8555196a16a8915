"""“Who can be emailed”: every pupil counted once, by reason and who can mend it; lists of them."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import web
from outreach.audit import AuditEvent
from outreach.cli.context import CommandContext
from outreach.cli.pupil import pupil as pupil_commands
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.models import GroupKind, MissingReason, Pupil, SuppressionReason
from outreach.pupils.objections.objecting import object_to_mail
from outreach.pupils.reach.reaching import count_reach
from outreach.pupils.reach.reasons import Mender
from outreach.pupils.suppressing import note_wrong_person, suppress
from outreach.pupils.viewing import WHOLE_SCHOOL
from outreach.schools.models import Role
from tests.factories import MadeSchool, make_pupil, make_school, put_in_group, signed_in

PAGE = "/staff/reach"
DOMAIN = "@hill-test-school.example"


@dataclass(frozen=True)
class Troubled:
    """A pupil for each trouble, in Year 10; two in Year 9 who can be mailed, one of them in 9A."""

    app: Flask
    wired: web.Parts
    school: MadeSchool

    def text(self, address: str = PAGE, role: Role = Role.CAREERS_LEADER) -> str:
        answer = signed_in(self.app, self.school, role).get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return " ".join(answer.text.split())

    def work_list(self, mender: str = "") -> list[dict[str, str]]:
        answer = signed_in(self.app, self.school).get(f"{PAGE}/work-list.csv?mender={mender}")
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def trouble(session: Session) -> None:
    def bad(surname: str, **given) -> Pupil:
        return make_pupil(session, surname=surname, work=f"{surname.lower()}{DOMAIN}", **given)

    def hash_of(pupil: Pupil) -> bytes:
        return hash_address(address_key(session), f"{pupil.surname.lower()}{DOMAIN}")

    for surname, reason in (
        ("Bounced", SuppressionReason.BOUNCED),
        ("Complained", SuppressionReason.COMPLAINT),
    ):
        suppress(session, hash_of(bad(surname)), reason, "test", now())
    other = bad("Wrongperson")
    note_wrong_person(session, other.id, [hash_of(other)], now())
    make_pupil(session, surname="=Formula", forename="Invalid", work="no-at-sign.example")
    make_pupil(session, surname="Noaddress", work=None)
    bad("Left", leaving_date=london_date(now()) - timedelta(days=1))
    absent = bad("Absent", missing_since=now())
    absent.missing_reason = MissingReason.ABSENT
    object_to_mail(session, bad("Objected").id, "student", None, now())
    erased = bad("Erased")
    erased.erased_at = now()
    session.flush()


@pytest.fixture
def troubled(app: Flask, wired: web.Parts) -> Troubled:
    school = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, school.id) as session:
        trouble(session)
        well = make_pupil(session, year=9, surname="Well").id
        make_pupil(session, year=9, surname="Loose")
        put_in_group(session, "9A", well)
        put_in_group(session, "Ma1", well, kind=GroupKind.TEACHING)
        noaddress = session.scalars(select(Pupil.id).where(Pupil.surname == "Noaddress")).one()
        put_in_group(session, "10A", noaddress)
    return Troubled(app, wired, school)


def test_every_pupil_is_counted_once_with_the_person_who_can_mend_it(troubled: Troubled) -> None:
    with transaction(troubled.wired.sessions, troubled.school.id) as session:
        found = count_reach(session, GroupKind.REGISTRATION, now(), WHOLE_SCHOOL)

    assert {why.key: count for why, count in found.whole.whys.items()} == {
        "left_school": 1,
        "missing_from_sync.absent": 1,
        "objected": 1,
        "no_address": 1,
        "invalid_address": 1,
        "suppressed.bounced": 1,
        "suppressed.complaint": 1,
        "suppressed.wrong_person": 1,
    }
    assert (found.whole.pupils, found.whole.mailable) == (10, 2), "an erased pupil is nobody"
    assert found.whole.menders == {
        Mender.MIS_OFFICE: 4,
        Mender.STUDENT: 2,
        Mender.IT_TEAM: 1,
        Mender.NOBODY: 1,
    }
    for parts in (found.years, found.groups):
        assert sum(one.pupils for one in parts.values()) == 10
        assert sum(one.mailable for one in parts.values()) == 2
    assert {year: one.pupils for year, one in found.years.items()} == {9: 2, 10: 8}
    assert {name: one.pupils for name, one in found.groups.items()} == {"9A": 1, "10A": 1, None: 8}


def test_the_page_leads_from_each_number_to_its_pupils(troubled: Troubled) -> None:
    page = troubled.text()
    for words in ("Mail to this address came back", "The IT team", "Year 10", "10A"):
        assert words in page
    assert "Ma1" in troubled.text(f"{PAGE}?groups=teaching")

    only_bounced = troubled.text(f"{PAGE}/pupils?why=suppressed.bounced")
    assert "Bounced" in only_bounced
    assert "Complained" not in only_bounced
    office = troubled.text(f"{PAGE}/pupils?mender=mis_office&year=10")
    assert "4 pupils" in office
    assert "Wrongperson" in office
    assert "Left" not in office
    assert "1 pupil" in troubled.text(f"{PAGE}/pupils?group=10A")
    assert "7 pupils" in troubled.text(f"{PAGE}/pupils?no_group_of=registration")
    lost = signed_in(troubled.app, troubled.school).get(f"{PAGE}/pupils?why=made_up")
    assert lost.status_code == 404


def test_a_work_list_is_what_one_office_needs_to_mend_it(troubled: Troubled) -> None:
    rows = {row["Name"].split()[-1]: row for row in troubled.work_list("mis_office")}

    assert set(rows) == {"=Formula", "Noaddress", "Absent", "Wrongperson"}
    assert rows["=Formula"]["Email address"] == "no-at-sign.example"
    assert rows["=Formula"]["What is wrong"].startswith("The email address on the roster cannot")
    assert rows["=Formula"]["MIS ID"].startswith("M")
    assert rows["Noaddress"]["Registration group"] == "10A"
    assert rows["Noaddress"]["Email address"] == ""
    assert rows["Absent"]["Email address"] == "", "nothing is wrong with the address"
    assert all(row["What to do"] for row in rows.values())
    assert [row["Email address"] for row in troubled.work_list("it_team")] == [f"bounced{DOMAIN}"]
    assert len(troubled.work_list()) == 7, "all but the leaver, with whom nothing is to be done"
    with transaction(troubled.wired.sessions, troubled.school.id) as session:
        audited = session.scalars(
            select(AuditEvent.detail)
            .where(AuditEvent.action == "reach.exported")
            .order_by(AuditEvent.at)
        ).all()
    assert audited == [
        {"mender": "mis_office", "pupils": 4},
        {"mender": "it_team", "pupils": 1},
        {"mender": "anybody", "pupils": 7},
    ]


@pytest.mark.parametrize("role", [Role.IT, Role.DATA_PROTECTION], ids=lambda role: role.value)
def test_it_and_data_protection_read_counts_and_no_names(troubled: Troubled, role: Role) -> None:
    page = troubled.text(role=role)

    assert "Mail to this address came back" in page
    assert "Pupils by year and reason" in page
    assert f"{PAGE}/pupils" not in page
    assert "work-list" not in page
    browser = signed_in(troubled.app, troubled.school, role)
    assert browser.get(f"{PAGE}/pupils").status_code == 403
    assert browser.get(f"{PAGE}/work-list.csv").status_code == 403


def test_a_viewer_reads_why_and_neither_addresses_nor_the_work_list(troubled: Troubled) -> None:
    page = troubled.text(f"{PAGE}/pupils", Role.VIEWER)

    assert "Formula" in page
    assert "no-at-sign" not in page
    assert "work-list" not in troubled.text(role=Role.VIEWER)
    viewer = signed_in(troubled.app, troubled.school, Role.VIEWER)
    assert viewer.get(f"{PAGE}/work-list.csv").status_code == 403


def test_a_pupils_page_says_how_they_went_missing_and_who_can_mend_it(troubled: Troubled) -> None:
    with transaction(troubled.wired.sessions, troubled.school.id) as session:
        absent = session.scalars(select(Pupil.id).where(Pupil.surname == "Absent")).one()

    page = troubled.text(f"/staff/pupils/{absent}")

    assert "Was not in the last full roster, though no leaver" in page
    assert "Whoever keeps the MIS" in page


def test_the_command_line_counts_the_same(troubled: Troubled) -> None:
    arguments = ("reach", "--school", troubled.school.urn, "--json")
    with click.Context(pupil_commands) as context:
        ran = CliRunner().invoke(pupil_commands, arguments, obj=CommandContext(context))

    document = json.loads(ran.stdout)
    assert (document["pupils"], document["mailable"]) == (10, 2)
    assert sum(one["pupils"] for one in document["reasons"]) == 8
    assert {"reason": "suppressed", "detail": "bounced"}.items() <= next(
        one for one in document["reasons"] if one["mender"] == "it_team"
    ).items()
    assert document["menders"] == {"mis_office": 4, "student": 2, "it_team": 1, "nobody": 1}
    assert document["years"]["9"]["mailable"] == 2
