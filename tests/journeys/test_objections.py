"""The objections register: recorded, passed on at 16, lifted, and never deleted."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach import web
from outreach.audit import AuditEvent
from outreach.clock import london_date, now
from outreach.database import Sessions, transaction
from outreach.privacy.deleting import delete_if_due
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import Instructor, Objection, ObjectionScope
from outreach.pupils.objections.objecting import has_objected, object_to_mail
from outreach.pupils.objections.telling import tell, tellings_of
from outreach.schools.models import Connection, Role, SharingAgreement
from tests.factories import MadeSchool, make_pupil, make_school, signed_in
from tests.journeys.staff_pages import submit

REGISTER, TOLD = "/staff/objections", "/staff/objections/told"
EVIDENCE = "Email of 3 May in the office file"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, Role.CAREERS_LEADER, Role.DATA_PROTECTION, Role.VIEWER)


@pytest.fixture
def leader(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school)


@pytest.fixture
def pupil_of_age(sessions: Sessions, school: MadeSchool) -> Callable[..., UUID]:
    """A pupil whose last birthday was this month; None is a pupil of no known age."""

    def make(years: int | None, **given: str) -> UUID:
        born = None if years is None else _years_ago(years)
        with transaction(sessions, school.id) as session:
            return make_pupil(session, date_of_birth=born, **given).id

    return make


def _years_ago(years: int) -> date:
    today = london_date(now())
    return today.replace(year=today.year - years, day=min(today.day, 28))


def page_of(pupil_id: UUID) -> str:
    return f"/staff/pupils/{pupil_id}"


def say(client: FlaskClient, pupil_id: UUID, by: str, scope: str, **given: str):
    """The whole form, filled in for today; `do`, `evidence` and the day may be given."""
    today = london_date(now())
    fields = {
        "do": "record",
        "scope": scope,
        "instructed_by": by,
        "instructed_on-day": str(today.day),
        "instructed_on-month": str(today.month),
        "instructed_on-year": str(today.year),
        "evidence": EVIDENCE,
    }
    address = f"{page_of(pupil_id)}/objection"
    return submit(client, address, address, **(fields | given))


def kept(sessions: Sessions, school: MadeSchool) -> list[SimpleNamespace]:
    with transaction(sessions, school.id) as session:
        rows = session.scalars(select(Objection).order_by(Objection.at))
        return [
            SimpleNamespace(
                scope=one.scope,
                by=one.instructed_by,
                on=one.instructed_on,
                evidence=one.evidence,
                is_open=one.lifted_at is None,
                lifted_by=one.lifted_by,
                staff=one.staff_id,
                lifted_staff=one.lifted_staff_id,
            )
            for one in rows
        ]


def test_a_parents_objection_is_recorded_with_its_evidence_and_shown_where_it_matters(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(14, surname="Okafor")

    answer = say(leader, pupil_id, "parent", "local_authority")

    assert answer.status_code == 303
    [one] = kept(sessions, school)
    assert (one.scope, one.by) == (ObjectionScope.LOCAL_AUTHORITY, Instructor.PARENT)
    assert (one.on, one.evidence) == (london_date(now()), EVIDENCE)
    assert one.staff == school.staff[Role.CAREERS_LEADER]
    for address in (page_of(pupil_id), REGISTER):
        shown = leader.get(address).text
        assert EVIDENCE in shown
        assert "The right passes to the pupil on" in shown
        assert "Test careers_leader" in shown
    assert "Okafor" in leader.get(f"{REGISTER}?scope=local_authority").text
    assert "Okafor" not in leader.get(f"{REGISTER}?scope=post_16_sharing").text
    assert "Okafor" not in leader.get(f"{REGISTER}?standing=lifted").text
    assert "Yes, at the school address" in leader.get(page_of(pupil_id)).text


@pytest.mark.parametrize(
    ("age", "by", "given", "words"),
    [
        (15, "pupil", {}, "until then it is a parent who decides"),
        (16, "parent", {}, "from that day on it is the pupil who decides"),
        (15, "parent", {"evidence": " "}, "Say how the school can show it"),
        (15, "parent", {"evidence": "x" * 501}, "500 characters or fewer"),
        (15, "parent", {"instructed_on-year": "2999"}, "The day must be today or earlier"),
        (15, "parent", {"instructed_on-month": "13"}, "must be a real date"),
        (15, "parent", {"scope": "everything"}, "Choose what they object to"),
        (15, "nobody", {}, "Choose whose word it is"),
    ],
)
def test_what_the_rules_refuse_comes_back_with_words_and_is_not_kept(
    sessions: Sessions,
    school: MadeSchool,
    leader: FlaskClient,
    pupil_of_age,
    age: int,
    by: str,
    given: dict[str, str],
    words: str,
) -> None:
    answer = say(leader, pupil_of_age(age), by, **({"scope": "post_16_sharing"} | given))

    assert answer.status_code == 422
    assert words in answer.text
    assert kept(sessions, school) == []


def test_at_sixteen_the_objection_stays_and_the_register_says_whose_right_it_is_now(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(15, surname="Okafor")
    say(leader, pupil_id, "parent", "post_16_sharing")
    assert "The right has passed to the pupil" not in leader.get(REGISTER).text
    with transaction(sessions, school.id) as session:  # a year goes by
        session.get_one(Pupil, (school.id, pupil_id)).date_of_birth = _years_ago(16)

    shown = leader.get(REGISTER).text
    assert "The right has passed to the pupil" in shown
    assert "ask them whether it stands" in shown
    assert f"{page_of(pupil_id)}/objection?scope=post_16_sharing" in shown
    refused = say(leader, pupil_id, "parent", "post_16_sharing", do="lift")
    assert refused.status_code == 422
    assert "from that day on it is the pupil who decides" in refused.text
    assert [one.is_open for one in kept(sessions, school)] == [True]

    say(leader, pupil_id, "pupil", "post_16_sharing", evidence="Said so to the tutor")

    first, second = kept(sessions, school)
    assert (first.is_open, first.by, first.lifted_by) == (
        False,
        Instructor.PARENT,
        Instructor.PUPIL,
    )
    assert (second.is_open, second.by) == (True, Instructor.PUPIL)
    assert "The right has passed to the pupil" not in leader.get(REGISTER).text
    lift_page = f"{page_of(pupil_id)}/objection?lift=post_16_sharing"
    assert "The pupil’s own" in leader.get(lift_page).text
    say(leader, pupil_id, "pupil", "post_16_sharing", do="lift", evidence="Changed their mind")
    assert [one.is_open for one in kept(sessions, school)] == [False, False]
    assert kept(sessions, school)[1].lifted_staff == school.staff[Role.CAREERS_LEADER]
    assert "Okafor" in leader.get(f"{REGISTER}?standing=lifted").text
    assert leader.get(lift_page).status_code == 404


def test_an_unknown_age_is_taken_and_said(leader: FlaskClient, pupil_of_age) -> None:
    pupil_id = pupil_of_age(None)

    say(leader, pupil_id, "parent", "post_16_sharing")

    assert "their age could not be checked" in leader.get(page_of(pupil_id)).text


def test_one_press_stops_mail_and_one_allows_it_again_but_for_a_parents_word(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    own, parents = pupil_of_age(14), pupil_of_age(14)
    address = f"{page_of(own)}/objection"

    submit(leader, page_of(own), address, do="record")

    assert "No: Asked not to be mailed" in leader.get(page_of(own)).text
    assert [(one.by, one.scope) for one in kept(sessions, school)] == [
        (Instructor.PUPIL, ObjectionScope.MAIL)
    ]
    submit(leader, page_of(own), address, do="lift")
    assert "Yes, at the school address" in leader.get(page_of(own)).text

    say(leader, parents, "parent", "mail", evidence="")
    shown = leader.get(page_of(parents)).text
    assert "No: Asked not to be mailed" in shown
    assert "Allow mail to this pupil again" not in shown
    refused = submit(leader, page_of(parents), f"{page_of(parents)}/objection", do="lift")
    assert refused.status_code == 422
    say(leader, parents, "parent", "mail", do="lift", evidence="")
    assert "Yes, at the school address" in leader.get(page_of(parents)).text


def test_to_mail_a_parents_word_and_the_pupils_own_stand_beside_each_other(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(13)
    say(leader, pupil_id, "parent", "mail")
    assert "Record that this pupil asked not to be mailed" in leader.get(page_of(pupil_id)).text
    with transaction(sessions, school.id) as session:
        assert object_to_mail(session, pupil_id, "student", None, now())
        assert not object_to_mail(session, pupil_id, "staff", None, now()), "it stands so already"

    say(leader, pupil_id, "parent", "mail", do="lift")

    after = leader.get(page_of(pupil_id)).text
    assert "The pupil’s own objection is still in force" in after
    assert "This pupil may be mailed again" not in after
    assert "No: Asked not to be mailed" in after

    say(leader, pupil_id, "parent", "mail")
    lift_page = f"{page_of(pupil_id)}/objection?lift=mail&whose=parent"
    assert "A parent’s. The right passes to the pupil" in leader.get(lift_page).text
    submit(leader, page_of(pupil_id), f"{page_of(pupil_id)}/objection", do="lift")
    assert "No: Asked not to be mailed" in leader.get(page_of(pupil_id)).text, "a parent's stands"
    assert [(one.by.value, one.is_open) for one in kept(sessions, school)] == [
        ("parent", False),
        ("pupil", False),
        ("parent", True),
    ]


def test_from_sixteen_on_the_pupil_lifts_both(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(15)
    for by in ("pupil", "parent"):
        say(leader, pupil_id, by, "mail")
    with transaction(sessions, school.id) as session:  # a year goes by
        session.get_one(Pupil, (school.id, pupil_id)).date_of_birth = _years_ago(16)

    submit(leader, page_of(pupil_id), f"{page_of(pupil_id)}/objection", do="lift")

    assert "Yes, at the school address" in leader.get(page_of(pupil_id)).text


def test_a_students_own_objection_by_link_is_on_the_register(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(14)
    with transaction(sessions, school.id) as session:
        object_to_mail(session, pupil_id, "student", None, now())

    assert "The pupil, by their link" in leader.get(REGISTER).text


def test_data_protection_sees_how_many_and_nobody(
    app: Flask, leader: FlaskClient, school: MadeSchool, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(14, surname="Okafor")
    say(leader, pupil_id, "parent", "local_authority")

    shown = signed_in(app, school, Role.DATA_PROTECTION).get(REGISTER).text

    assert "beyond the basics" in shown
    for hidden in ("Okafor", EVIDENCE, str(pupil_id)):
        assert hidden not in shown
    assert signed_in(app, school, Role.VIEWER).get(REGISTER).status_code == 403


def test_who_was_told_is_recorded_checked_and_taken_back(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    today = london_date(now())
    day = {
        "told_on-day": str(today.day),
        "told_on-month": str(today.month),
        "told_on-year": str(today.year),
    }
    for wrong, words in (
        ({"scope": "mail", "years": "11", **day}, "Choose what they were told of"),
        ({"scope": "local_authority", **day}, "Choose at least one year"),
        ({"scope": "local_authority", "years": "6", **day}, "Choose years from 7 to 14"),
        ({"scope": "local_authority", "years": "11"}, "Enter the day"),
        (
            {"scope": "local_authority", "years": "11", **day, "told_on-year": "2999"},
            "once they have been told",
        ),
    ):
        answer = submit(leader, TOLD, **wrong)
        assert (answer.status_code, words in answer.text) == (422, True), words

    submit(leader, TOLD, scope="local_authority", years="11", **day)

    with transaction(sessions, school.id) as session:
        [one] = tellings_of(session)
        assert (one.years, one.told_on, (one.ends_on - one.told_on).days) == ((11,), today, 28)
    other = make_school(sessions)
    stranger = signed_in(leader.application, other)
    assert submit(stranger, TOLD, do="take_back", window=str(one.id)).status_code == 404
    assert submit(leader, TOLD, do="take_back", window="x").status_code == 404
    submit(leader, TOLD, do="take_back", window=str(one.id))
    with transaction(sessions, school.id) as session:
        assert tellings_of(session) == []


def test_when_all_that_is_held_is_deleted_nobody_counts_as_told(
    wired: web.Parts, sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    say(leader, pupil_of_age(14), "parent", "local_authority")
    with transaction(sessions, school.id) as session:
        tell(session, ObjectionScope.LOCAL_AUTHORITY, [10], london_date(now()), None, now())
        agreement = session.scalars(select(SharingAgreement)).one()
        agreement.connection, agreement.deletes_at = Connection.REVOKED, now()

    delete_if_due(wired, school.id)

    assert kept(sessions, school) == []
    with transaction(sessions, school.id) as session:
        assert tellings_of(session) == []


def test_the_audit_has_every_change_by_ids_alone(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, pupil_of_age
) -> None:
    pupil_id = pupil_of_age(14, surname="Okafor")
    say(leader, pupil_id, "parent", "local_authority")
    say(leader, pupil_id, "parent", "local_authority", do="lift")

    with transaction(sessions, school.id) as session:
        assert not has_objected(session, pupil_id, ObjectionScope.LOCAL_AUTHORITY)
        events = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action.startswith("objection."))
            .order_by(AuditEvent.at)
        ).all()

    assert [(one.action, one.subject_id) for one in events] == [
        ("objection.recorded", pupil_id),
        ("objection.lifted", pupil_id),
    ]
    for one in events:
        assert one.actor_id == school.staff[Role.CAREERS_LEADER]
        assert one.detail["scope"] == "local_authority"
        assert EVIDENCE not in str(one.detail)
