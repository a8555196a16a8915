"""Groups of every kind, with dates: who is in one, whom a campaign asks by it, where it is shown."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import web
from outreach.campaigns.audience import work_out
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.models import Campaign
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.pupils.groups import is_in_group
from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup
from tests.factories import MadeSchool, make_pupil, make_school, put_in_group, signed_in
from tests.journeys.staff_pages import submit
from tests.journeys.test_campaign_pages import TYPED

TODAY = london_date(now())
DAY = timedelta(days=1)


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions)


@pytest.fixture
def session(wired: web.Parts, school: MadeSchool) -> Iterator[Session]:
    with transaction(wired.sessions, school.id) as session:
        yield session


def draft(session: Session, wired: web.Parts, *groups: str) -> Campaign:
    return create_campaign(
        session,
        wired.library,
        name="By group",
        questionnaire="gcse",
        years=[],
        groups=groups,
        closes_on=None,
        created_by=None,
        now=now(),
    )


@pytest.mark.parametrize("dated", [GroupMember, RosterGroup], ids=["membership", "group"])
@pytest.mark.parametrize(
    ("starts_on", "ends_on", "is_in"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + DAY, None, False),
        (None, TODAY - DAY, False),
        (TODAY - DAY, TODAY + DAY, True),
    ],
)
def test_a_pupil_is_in_a_group_from_its_first_day_to_its_last(
    session: Session,
    dated: type[GroupMember | RosterGroup],
    starts_on: date | None,
    ends_on: date | None,
    is_in: bool,
) -> None:
    pupil = make_pupil(session)
    put_in_group(session, "10A/Ma1", pupil.id, kind=GroupKind.TEACHING)
    row = session.scalars(select(dated)).one()
    row.starts_on, row.ends_on = starts_on, ends_on
    session.flush()

    found = session.scalars(select(Pupil.id).where(is_in_group(TODAY))).all()

    assert found == [pupil.id] * is_in


def test_a_campaign_asks_the_group_of_the_kind_that_was_meant(
    session: Session, wired: web.Parts
) -> None:
    """The same name is a form's and a set's: each campaign asks the one it names."""
    form, sets, chess = (make_pupil(session, year=year).id for year in (9, 10, 11))
    put_in_group(session, "10A", form)
    put_in_group(session, "10A", sets, chess, kind=GroupKind.TEACHING)
    put_in_group(session, "Chess", chess, kind=GroupKind.USER_DEFINED)

    by_name, by_key = draft(session, wired, "10A"), draft(session, wired, "teaching:10A")
    by_unique_name = draft(session, wired, " Chess ")

    assert work_out(session, by_name, now()).asked == 1
    assert work_out(session, by_key, now()).asked == 2
    assert work_out(session, by_unique_name, now()).asked == 1
    assert by_unique_name.groups == ["user_defined:Chess"]


def test_a_name_that_two_other_groups_have_is_refused_with_what_to_write(
    session: Session, wired: web.Parts
) -> None:
    put_in_group(session, "Band", kind=GroupKind.TEACHING)
    put_in_group(session, "Band", kind=GroupKind.USER_DEFINED)

    with pytest.raises(Refusal, match="write teaching:Band or user_defined:Band"):
        draft(session, wired, "Band")


def test_a_campaign_is_made_for_a_teaching_group_on_the_page(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        inside, outside = make_pupil(session, surname="Inside"), make_pupil(session, year=9)
        put_in_group(session, "10A/Ma1", inside.id, kind=GroupKind.TEACHING)
        put_in_group(session, "10A", inside.id, outside.id)
    leader = signed_in(app, school)
    form = leader.get("/staff/campaigns/new").text
    assert "Registration groups" in form
    assert "Teaching groups (1)" in form
    assert "Other groups" not in form

    typed = {**TYPED, "years": [], "teaching_groups": "teaching:10A/Ma1"}
    made = submit(leader, "/staff/campaigns/new", **typed)

    draft_page = leader.get(made.location).text
    assert "Group 10A/Ma1 (teaching group)" in draft_page
    audience = leader.get(f"{made.location}/audience").text
    assert "Inside" in audience
    assert "Ashdown" not in audience


def test_pupils_are_listed_by_a_group_of_any_kind_and_show_their_groups_with_dates(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        pupil, other = make_pupil(session, surname="Inside"), make_pupil(session)
        put_in_group(session, "10A", pupil.id, other.id)
        put_in_group(
            session, "Chess", pupil.id, kind=GroupKind.USER_DEFINED, starts_on=date(2026, 9, 1)
        )
        put_in_group(session, "9A", pupil.id, ends_on=date(2026, 8, 31))
        pupil_id: UUID = pupil.id
    leader = signed_in(app, school)

    listed = leader.get("/staff/pupils?group=user_defined:Chess").text
    page = leader.get(f"/staff/pupils/{pupil_id}").text

    assert "Inside" in listed
    assert "Ashdown" not in listed
    assert '<option value="user_defined:Chess" selected>Chess (other group)' in listed
    assert ">9A<" not in listed, "nobody is in it any more"
    assert "Chess (other group, from 1 September 2026)" in page
    assert "10A (registration group)" in page
    assert "Earlier groups" in page
    assert "9A (registration group, until 31 August 2026)" in page
