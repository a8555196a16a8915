"""Results by group: for those who need them, of what the school shares, and of nobody alone."""

import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.steering import close
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import Item, Pupil, PupilCharacteristic
from outreach.pupils.sync.switching import switch_sharing
from outreach.schools.models import Connection, Role
from outreach.schools.sharing import SharingChanges
from outreach.schools.staffing import staff_member
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, signed_in
from workers import write_back

GIVEN = {"N": 9, "K": 8, "E": 3, "": 13}
"""How many pupils of each SEN value; all but seven of those without answer, K less ready than N."""


@pytest.fixture
def school(app: Flask, wired: web.Parts) -> MadeSchool:
    school = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, school.id) as session:
        pupils = [
            (value, number, make_pupil(session).id)
            for value, count in GIVEN.items()
            for number in range(count)
        ]
        session.add_all(
            PupilCharacteristic(
                school_id=school.id, pupil_id=pupil, item=Item.SEN, value=value, changed_at=now()
            )
            for value, _, pupil in pupils
            if value
        )
        campaign_id = launch_campaign(session, wired.library, now())
    with transaction(wired.sessions, school.id) as session:
        for value, number, pupil in pupils:
            if value or number >= 7:
                answer_and_submit(
                    session, wired.library, campaign_id, pupil, now(), is_positive=value != "K"
                )
    write_back.run(str(school.id))
    assert "Groups are compared when the campaign is over" in results(app, school, Role.ADMIN)
    with transaction(wired.sessions, school.id) as session:
        close(session, campaign_id, OPERATOR, now())
    return school


def results(app: Flask, school: MadeSchool, role: Role) -> str:
    client = signed_in(app, school, role)
    found = re.search(r"/staff/campaigns/[0-9a-f-]{36}", client.get("/staff/campaigns").text)
    assert found is not None
    page = client.get(f"{found.group()}/results").text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_groups_are_compared_for_those_who_need_it_and_small_ones_are_hidden(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    page = results(app, school, Role.CAREERS_LEADER)

    compared = page.split("Groups compared")[1]
    assert "No special provision 9 9 100.0 100%" in compared
    assert "SEN support 8 8 0.0 0%" in compared
    few = "Education, health and care plan"
    assert f"Not given, {few}: together 16 9 100.0 100%" in compared, "three would be the rest"
    assert "100% positive (No special provision) and 0% (SEN support)" in compared
    assert "Ethnicity" not in compared, "nothing is held of it"
    assert "Groups compared" not in results(app, school, Role.VIEWER)

    with transaction(wired.sessions, school.id) as session:
        by = staff_member(session, school.staff[Role.ADMIN])
        off = SharingChanges(switches={"item.sen": False})
        switch_sharing(session, off, by, now())
    assert "SEN support" not in results(app, school, Role.CAREERS_LEADER)


def test_where_nearly_all_are_of_one_group_nothing_is_compared(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        session.execute(update(PupilCharacteristic).values(value="N"))

    assert (
        "SEN support" not in results(app, school, Role.CAREERS_LEADER).split("Groups compared")[-1]
    )


def test_while_the_connection_is_paused_nothing_is_compared(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        session.execute(update(Pupil).values(gender="F"))
        some = select(PupilCharacteristic.pupil_id).where(PupilCharacteristic.value == "N")
        session.execute(update(Pupil).where(Pupil.id.in_(some)).values(gender="M"))
    assert "Gender" in results(app, school, Role.CAREERS_LEADER)
    with transaction(wired.sessions, school.id) as session:
        by = staff_member(session, school.staff[Role.ADMIN])
        switch_sharing(session, SharingChanges(connection=Connection.PAUSED), by, now())

    assert "Groups compared" not in results(app, school, Role.CAREERS_LEADER)
