"""Figures for those who may not read single answers: no two of them tell what one student said."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from outreach import web
from outreach.answering.models import Response
from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.models import Invitation
from outreach.campaigns.steering import close
from outreach.database import transaction
from outreach.pupils.models import Item, PupilCharacteristic
from outreach.reports.counting import count_in, units_of
from outreach.reports.governors import governors_data
from outreach.reports.models import CountedResponse
from outreach.schools.models import Role
from tests.answered import answer_and_submit
from tests.factories import MadeSchool, make_pupil, make_school, signed_in
from workers import write_back

YEARS = {10: 15, 11: 15, 12: 4}
"""How many are asked of each; Year 12 are fewer than the floor."""


@dataclass
class Scene:
    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign: UUID
    waiting: dict[int, list[UUID]]
    """Who has not answered yet, by year."""

    def answer(self, year: int, count: int, *, is_positive: bool = True) -> None:
        with transaction(self.wired.sessions, self.school.id) as session:
            for _ in range(count):
                answer_and_submit(
                    session,
                    self.wired.library,
                    self.campaign,
                    self.waiting[year].pop(),
                    self.wired.clock(),
                    is_positive=is_positive,
                )

    def count_in(self) -> int:
        """As when write-back has done its work; what it writes is not needed."""
        with transaction(self.wired.sessions, self.school.id) as session:
            now = self.wired.clock()
            session.execute(update(Response).values(written_back_at=now))
            return count_in(session, now)

    def counted(self) -> int:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.scalar(select(func.count()).select_from(CountedResponse)) or 0

    def replace(self, year: int, count: int) -> None:
        """As if so many of those counted had sent another response."""
        with transaction(self.wired.sessions, self.school.id) as session:
            some = (
                select(Response.id)
                .join(Invitation, Invitation.id == Response.invitation_id)
                .join(CountedResponse, CountedResponse.response_id == Response.id)
                .where(Invitation.pupil_year == year)
                .limit(count)
            )
            session.execute(
                update(Response)
                .where(Response.id.in_(some))
                .values(superseded_at=self.wired.clock())
            )

    def write_back(self) -> None:
        while True:
            write_back.run(str(self.school.id))
            with transaction(self.wired.sessions, self.school.id) as session:
                if not session.scalars(select(Response.id).filter_by(written_back_at=None)).all():
                    return

    def page(self, more: str = "", role: Role = Role.VIEWER) -> str:
        address = f"/staff/campaigns/{self.campaign}/results{more}"
        text = signed_in(self.app, self.school, role).get(address).text
        return text.split("<main")[1]

    def paper(self) -> str:
        with transaction(self.wired.sessions, self.school.id) as session:
            library, now = self.wired.library, self.wired.clock()
            found = governors_data(session, library, self.campaign, "Hill School", now)
            return json.dumps(found)


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, school.id) as session:
        now = wired.clock()
        pupils = {
            year: [make_pupil(session, year=year).id for _ in range(count)]
            for year, count in YEARS.items()
        }
        for number, pupil in enumerate(_all(pupils.values())):
            session.add(
                PupilCharacteristic(
                    school_id=school.id,
                    pupil_id=pupil,
                    item=Item.SEN,
                    value="NK"[number % 2],
                    changed_at=now,
                )
            )
        campaign = create_campaign(
            session,
            wired.library,
            name="Spring",
            questionnaire="gcse",
            years=list(YEARS),
            groups=[],
            closes_on=None,
            created_by=None,
            now=now,
        )
        launch(session, campaign.id, OPERATOR, now)
        while write_next_block(session, now):
            pass
        begin_sending(session, now)
    return Scene(app, wired, school, campaign.id, pupils)


def _all(each: Iterable[list[UUID]]) -> list[UUID]:
    return [one for some in each for one in some]


def test_responses_are_counted_in_by_no_fewer_than_the_floor_of_a_year(scene: Scene) -> None:
    scene.answer(10, 5)
    scene.answer(11, 5)
    assert scene.count_in() == 0, "ten, but five of each year"
    scene.answer(11, 1)
    assert scene.count_in() == 6
    scene.answer(11, 4)
    scene.replace(11, 1)
    assert scene.count_in() == 0, "four who are new, and one who is counted as before"
    assert scene.counted() == 6
    scene.answer(11, 1)
    assert scene.count_in() == 6
    assert scene.counted() == 10

    scene.answer(12, 3)
    with transaction(scene.wired.sessions, scene.school.id) as session:
        units = units_of(session, 6)[scene.campaign]
    assert units == ((11,), (10, 12)) or units == ((10,), (11, 12))


def test_one_more_answer_changes_no_figure_for_others_and_six_do(scene: Scene) -> None:
    scene.answer(10, 8)
    scene.answer(11, 9)
    scene.write_back()
    places = ("", "/years")
    before, paper = [scene.page(one) for one in places], scene.paper()
    live = scene.page(role=Role.CAREERS_LEADER)
    assert "Career knowledge and skills" in before[0]

    scene.answer(11, 1, is_positive=False)
    scene.write_back()

    assert [scene.page(one) for one in places] == before
    assert scene.paper() == paper
    assert scene.page(role=Role.CAREERS_LEADER) != live, "they may read the answer itself"

    scene.answer(11, 5, is_positive=False)
    scene.write_back()

    assert scene.page() != before[0]
    assert scene.paper() != paper


def test_where_a_few_are_missing_no_number_anywhere_tells_how_few(scene: Scene) -> None:
    """All that is written is the same, to the letter, whether three are missing or two."""
    scene.answer(10, 14)
    scene.answer(11, 13)
    with transaction(scene.wired.sessions, scene.school.id) as session:
        of_12 = Invitation.pupil_id.in_(scene.waiting[12])
        session.execute(delete(Invitation).where(of_12))
        close(session, scene.campaign, OPERATOR, scene.wired.clock())
    scene.write_back()
    page, paper = scene.page(), scene.paper()
    assert "All but a few of the students asked" in page
    assert "SEN support" in paper

    words = re.sub(r"<svg.*?</svg>|\d+ \w+ 20\d\d( at \d+:\d\d)?", "", paper)
    numbers = set(re.findall(r"(?<![\d.#])\d+(?![\d.%])", words))
    assert not numbers & {"27", "30", "14", "13", "15"}, numbers

    with transaction(scene.wired.sessions, scene.school.id) as session:
        one = Invitation.pupil_id == scene.waiting[11][0]
        session.execute(delete(Invitation).where(one))
    assert scene.page() == page
    assert scene.paper() == paper
