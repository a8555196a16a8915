"""One campaign gives each pupil the questionnaire for their year, or the supported version."""

import csv
import json
import re
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch, write_blocks
from outreach.campaigns.models import Invitation
from outreach.campaigns.pinning import BY_STAGE, pins_of
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.privacy.erasing import erase_pupils
from outreach.pupils.gate import Reason
from outreach.pupils.models import Item, PupilCharacteristic, SupportedVersion
from outreach.reports.exporting import results_of, write_csv
from outreach.schools.models import Role
from tests.answered import answer_and_submit
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in
from tests.journeys.staff_pages import submit

YEARS = {
    3: "start",
    7: "start",
    8: "ks3",
    9: "ks3",
    10: "gcse",
    11: "gcse",
    12: "post16",
    14: "post16",
}
SUPPORTED = "/staff/pupils/supported"


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions, *Role)


def by_stage(wired: web.Parts, school: MadeSchool, years=tuple(YEARS), name="Everybody") -> UUID:
    with transaction(wired.sessions, school.id) as session:
        campaign = create_campaign(
            session,
            wired.library,
            name=name,
            questionnaire=BY_STAGE,
            years=years,
            groups=[],
            closes_on=None,
            created_by=None,
            now=now(),
        )
        return campaign.id


def launched(wired: web.Parts, school: MadeSchool, campaign_id: UUID) -> dict[UUID, str]:
    with transaction(wired.sessions, school.id) as session:
        launch(session, campaign_id, OPERATOR, now())
    write_blocks(wired, school.id)
    with transaction(wired.sessions, school.id) as session:
        asked = select(Invitation).where(Invitation.campaign_id == campaign_id)
        for one in session.scalars(asked):
            latest = wired.library.latest(one.questionnaire)
            assert (one.version, one.sha256) == (latest.version, latest.sha256)
        return {one.pupil_id: one.questionnaire for one in session.scalars(asked)}


def test_each_pupil_gets_the_one_for_their_year_or_what_staff_chose(
    wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        of_year = {year: make_pupil(session, year=year).id for year in YEARS}
        supported = make_pupil(session, year=9).id
        row = {"pupil_id": supported, "chosen_by": None, "chosen_at": now()}
        session.add(SupportedVersion(school_id=school.id, **row))

    given = launched(wired, school, by_stage(wired, school))

    assert given == {of_year[year]: id for year, id in YEARS.items()} | {supported: "access"}


def test_a_campaign_of_one_questionnaire_keeps_the_supported_version_for_whom_it_was_chosen(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        usual, supported = make_pupil(session, year=10).id, make_pupil(session, year=10).id
    leader = signed_in(app, school)
    submit(leader, SUPPORTED, year="10", among=[str(usual), str(supported)], pupil=str(supported))
    page = submit(
        leader, "/staff/campaigns/new", name="Year 10", questionnaire="gcse", years="10"
    ).headers["Location"]

    given = launched(wired, school, UUID(page.rpartition("/")[2]))

    assert given == {usual: "gcse", supported: "access"}
    preview = leader.get(f"{page}/preview/questionnaire").text
    assert "All other pupils get this one" in preview
    other = leader.get(f"{page}/preview/questionnaire?questionnaire=access").text
    assert "Pupils for whom staff chose the supported version get this one" in other
    assert leader.get(f"{page}/preview/questionnaire?questionnaire=ks3").status_code == 404


def test_whoever_answered_one_of_them_this_year_is_not_asked_again(
    wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        young, old = make_pupil(session, year=7).id, make_pupil(session, year=12).id
    first = by_stage(wired, school)
    launched(wired, school, first)
    with transaction(wired.sessions, school.id) as session:
        answer_and_submit(session, wired.library, first, young, now())

    second = by_stage(wired, school, name="Again")
    launched(wired, school, second)

    with transaction(wired.sessions, school.id) as session:
        reasons = session.execute(
            select(Invitation.pupil_id, Invitation.excluded_reason).where(
                Invitation.campaign_id == second
            )
        )
        assert dict(reasons.all()) == {young: Reason.ALREADY_ANSWERED.value, old: None}


def test_results_of_several_questionnaires_stand_on_one_page_and_in_one_export(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session, year=year).id for year in (7, 9, 11, 13) for _ in range(2)]
    campaign_id = by_stage(wired, school, years=(7, 9, 11, 13))
    launched(wired, school, campaign_id)
    with transaction(wired.sessions, school.id) as session:
        for pupil in pupils:
            answer_and_submit(session, wired.library, campaign_id, pupil, now())
    run_workers(wired)

    page = signed_in(app, school).get(f"/staff/campaigns/{campaign_id}/results").text
    with transaction(wired.sessions, school.id) as session:
        results = results_of(session, wired.library, campaign_id)
        head, *rows = csv.reader("".join(write_csv(results)).splitlines())

    assert "start version 1, ks3 version 1, gcse version 1, post16 version 1" in page
    assert "of 100 on average, 8 students" in page
    assert "Helping people who are ill" not in page, "nobody was given the supported version"
    assert len(rows) == 8
    assert {row[4] for row in rows} == {"start", "ks3", "gcse", "post16"}
    assert head.count("readiness") == 1


def test_needs_suggest_the_supported_version_and_only_staff_choose_it(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    other = make_school(wired.sessions)
    with transaction(wired.sessions, other.id) as session:
        stranger = make_pupil(session, year=10).id
    with transaction(wired.sessions, school.id) as session:
        needing, usual = make_pupil(session, year=10), make_pupil(session, year=10)
        kept = {"item": Item.SEN, "value": "K", "changed_at": now()}
        session.add(PupilCharacteristic(school_id=school.id, pupil_id=needing.id, **kept))
        ids = [needing.id, usual.id]
    leader = signed_in(app, school)

    page = leader.get(f"{SUPPORTED}?year=10").text
    assert "(1 suggested)" in page
    assert " checked" not in page, "a suggestion is no choice"
    for _ in range(2):  # pressed twice
        submit(
            leader,
            SUPPORTED,
            year="10",
            among=[*map(str, ids), str(stranger), "rubbish"],
            pupil=[str(usual.id), str(stranger), str(uuid4())],
        )

    assert leader.get(f"{SUPPORTED}?year=10").text.count(" checked") == 1
    for one in (school, other):
        with transaction(wired.sessions, one.id) as session:
            chosen = session.scalars(select(SupportedVersion.pupil_id)).all()
            assert chosen == ([usual.id] if one is school else [])
    for role in (Role.VIEWER, Role.DATA_PROTECTION, Role.IT):
        assert signed_in(app, school, role).get(SUPPORTED).status_code == 403
    with transaction(wired.sessions, school.id) as session:
        events = select(AuditEvent.detail).where(AuditEvent.action == "pupil.supported_version")
        assert session.scalars(events).all() == [{"is_on": True}]
        erase_pupils(session, [usual.id], OPERATOR, now())
        assert session.scalars(select(SupportedVersion)).all() == []


def test_the_form_recommends_it_and_the_command_line_takes_it(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session, year=10)
        make_pupil(session, year=5)
    page = signed_in(app, school).get("/staff/campaigns/new").text
    assert re.search(r'value="by_stage"[^>]*checked', page)

    import click

    from outreach.cli.campaign import campaign
    from outreach.cli.context import CommandContext

    arguments = ["create", "--school", school.urn, "--questionnaire", "by_stage", "--name", "All"]
    with click.Context(campaign) as context:
        given = {"obj": CommandContext(context)}
        made = CliRunner().invoke(campaign, [*arguments, "--year", "5", "--json"], **given)
    campaign_id = UUID(json.loads(made.stdout)["id"])
    with transaction(wired.sessions, school.id) as session:
        assert [pin.questionnaire for pin in pins_of(session, campaign_id)] == [
            "start", "ks3", "gcse", "post16", "access",
        ]  # fmt: skip
        with pytest.raises(Refusal, match="no published questionnaire"):
            create_campaign(
                session, wired.library, name="X", questionnaire="nowhere", years=[7], groups=[],
                closes_on=None, created_by=None, now=now(),
            )  # fmt: skip
    shown = signed_in(app, school).get(f"/staff/campaigns/{campaign_id}").text
    assert "they get the one for the nearest year" in shown
