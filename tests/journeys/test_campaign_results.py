"""Results by group and over the years, on the page and on paper, without a small number on paper."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from outreach import web
from outreach.answering.models import Response
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.steering import close
from outreach.clock import academic_year, london_date
from outreach.database import transaction
from outreach.pupils.models import GroupKind, Item, Pupil, PupilCharacteristic
from outreach.reports.over_time import academic_year_words
from outreach.schools.models import Role
from tests.answered import answer_and_submit
from tests.factories import MadeSchool, make_pupil, make_school, put_in_group, signed_in
from tests.journeys.staff_pages import submit
from workers import write_back

GROUPS = {(10, "10A"): (12, 12), (10, "10B"): (14, 11), (11, "11A"): (20, 13), (11, "11B"): (9, 3)}
"""Year and group: how many are asked, and how many of them answer."""


@dataclass(frozen=True)
class Scene:
    """This academic year's campaign of Years 10 and 11, and last year's of Years 9 and 10."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign: UUID

    @property
    def address(self) -> str:
        return f"/staff/campaigns/{self.campaign}/results"

    def page(self, role: Role = Role.CAREERS_LEADER, more: str = "") -> str:
        answer = signed_in(self.app, self.school, role).get(self.address + more)
        assert answer.status_code == 200
        return answer.text


def rows_of(page: str, caption: str) -> list[list[str]]:
    """What a table of the page says, row by row."""
    found = (
        page.split(f"<caption>{caption}")[1].split("</table>", maxsplit=1)[0].split("<tbody>")[1]
    )
    return [re.findall(r"<t[hd][^>]*>(?:<a[^>]*>)?([^<]*)", row) for row in found.split("<tr>")[1:]]


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, *Role, name="Hill School")
    now = wired.clock()
    with transaction(wired.sessions, school.id) as session:
        pupils = {
            (year, name): [make_pupil(session, year=year).id for _ in range(asked)]
            for (year, name), (asked, _) in GROUPS.items()
        }
        for (_, name), ids in pupils.items():
            put_in_group(session, name, *ids)
        put_in_group(session, "10/Ma1", *pupils[10, "10A"][:7], kind=GroupKind.TEACHING)
        for number, pupil in enumerate(one for ids in pupils.values() for one in ids):
            value = "NK"[number % 2]
            session.add(_characteristic(school, pupil, value, now))
        session.execute(update(Pupil).values(year=Pupil.year - 1))
        before = _launched(wired, session, "Last year", [9, 10])
        session.execute(update(Pupil).values(year=Pupil.year + 1))
        campaign = _launched(wired, session, "Spring & summer", [10, 11])
    answering = [(key, ids[: GROUPS[key][1]]) for key, ids in pupils.items()]
    a_year_ago = now - timedelta(days=365)
    for given, when in ((before, a_year_ago), (campaign, now)):
        with transaction(wired.sessions, school.id) as session:
            for (_, name), ids in answering:
                for pupil in ids:
                    answer_and_submit(
                        session,
                        wired.library,
                        given,
                        pupil,
                        when,
                        is_positive=when == now or name != "10A",
                    )
    while _waits(wired, school):  # a job goes on for a few seconds only, as other schools wait
        write_back.run(str(school.id))
    return Scene(app, wired, school, campaign)


def _waits(wired: web.Parts, school: MadeSchool) -> bool:
    with transaction(wired.sessions, school.id) as session:
        return bool(session.scalars(select(Response.id).filter_by(written_back_at=None)).first())


def _characteristic(
    school: MadeSchool, pupil: UUID, value: str, now: datetime
) -> PupilCharacteristic:
    return PupilCharacteristic(
        school_id=school.id, pupil_id=pupil, item=Item.SEN, value=value, changed_at=now
    )


def _launched(wired: web.Parts, session, name: str, years: list[int]) -> UUID:
    campaign = create_campaign(
        session,
        wired.library,
        name=name,
        questionnaire="gcse",
        years=years,
        groups=[],
        closes_on=None,
        created_by=None,
        now=wired.clock(),
    )
    launch(session, campaign.id, OPERATOR, wired.clock())
    while write_next_block(session, wired.clock()):
        pass
    begin_sending(session, wired.clock())
    return campaign.id


def test_results_by_group_and_year_add_up_and_go_to_paper_without_small_numbers(
    scene: Scene,
) -> None:
    whole = rows_of(scene.page(), "How far each group has come")
    names = [row[0] for row in whole]
    assert names == [
        "Year 10",
        "Year 10: 10A",
        "Year 10: 10B",
        "Year 11",
        "Year 11: 11A",
        "Year 11: 11B",
        "All students asked",
    ]
    for row in whole:
        assert int(row[1]) == sum(int(count) for count in row[2:7]), row
    assert whole[2] == ["Year 10: 10B", "14", "11", "0", "0", "3", "0", "78%"]
    assert whole[-1] == ["All students asked", "55", "39", "0", "0", "16", "0", "70%"]
    teaching = rows_of(scene.page(), "Teaching groups")
    assert teaching == [["10/Ma1, Year 10", "7", "7", "0", "0", "0", "0", "100%"]]

    seen = scene.page(Role.VIEWER)
    hidden = rows_of(seen, "How far each group has come")
    assert hidden == [
        ["Year 10 and Year 11", "55", "39", "16", "70%"],
        ["All students asked", "55", "39", "16", "70%"],
    ], "three of Year 10 have not answered: told by the total if Year 11 stood alone"
    assert "Teaching groups" not in seen
    assert "Groups compared" not in seen

    shares = rows_of(scene.page(), "Career knowledge and skills: share positive by year")
    assert shares[0] == ["Career knowledge and skills", "100%", "100%"]

    years = scene.page(more="/years")
    this = academic_year(london_date(scene.wired.clock()))
    by_year = rows_of(years, "Share positive by academic year")
    assert by_year[0] == ["Career knowledge and skills", "69%", "100%"]
    assert f"69% positive in {academic_year_words(this - 1)}" in years
    cohorts = rows_of(years, "Career knowledge and skills: share positive of each year group")
    assert cohorts == [
        [f"Year 10 in {academic_year_words(this - 1)}", "100% (Year 10)", "100% (Year 11)"],
        [f"Year 9 in {academic_year_words(this - 1)}", "48% (Year 9)", "100% (Year 10)"],
    ]

    client = signed_in(scene.app, scene.school)
    paper = client.get(f"{scene.address}.pdf")
    assert paper.status_code == 200
    assert paper.data.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in paper.data
    assert "results-hill-school-spring-summer.pdf" in paper.headers["Content-Disposition"]
    assert paper.headers["Cache-Control"] == "no-store"
    assert (
        signed_in(scene.app, scene.school, Role.VIEWER).get(f"{scene.address}.pdf").status_code
        == 403
    )
    with transaction(scene.wired.sessions, scene.school.id) as session:
        actions = list(session.scalars(select(AuditEvent.action)))
    assert "results.printed" in actions


def test_a_school_sets_its_own_floor_and_every_figure_obeys(scene: Scene) -> None:
    address = "/staff/sharing/small-numbers"
    admin = signed_in(scene.app, scene.school, Role.ADMIN)
    assert 'value="6"' in admin.get(address).text
    with transaction(scene.wired.sessions, scene.school.id) as session:
        close(session, scene.campaign, OPERATOR, scene.wired.clock())
    assert "SEN support" in scene.page()

    for typed in ("4", "31", "six", ""):
        assert submit(admin, address, address, floor=typed).status_code == 400, typed
    assert submit(admin, address, address, floor="30").status_code == 303

    page = scene.page()
    assert "fewer than 30 students" in page
    assert "SEN support" not in page, "neither half of 55 can stand by itself"
    assert "Share positive by academic year" in scene.page(more="/years")
    with transaction(scene.wired.sessions, scene.school.id) as session:
        detail = session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "school.floor_changed")
        ).one()
    assert detail == {"before": 6, "after": 30}
    leader = signed_in(scene.app, scene.school)
    assert leader.get(address).status_code == 403


def test_charts_bring_no_script_and_ask_nobody_for_anything(scene: Scene) -> None:
    page = scene.page()

    addresses = re.findall(r'<img class="chart" src="([^"]+)" alt="([^"]+)"', page)
    assert len(addresses) >= 5
    for address, alt in addresses:
        assert address.startswith("data:image/svg+xml,")
        assert "table has the numbers" in alt
        assert "script" not in address
        assert "href" not in address
        assert "url(" not in address
