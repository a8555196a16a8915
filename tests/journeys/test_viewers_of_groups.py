"""A viewer who is limited to groups meets no pupil of another group, on whatever page."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from outreach import web
from outreach.audit import AuditEvent
from outreach.campaigns.code_models import PersonalCode
from outreach.campaigns.models import Invitation, Link
from outreach.cli.context import CommandContext
from outreach.cli.staff import staff
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.pupils.models import GroupKind, GroupMember, RosterGroup
from outreach.pupils.objections.objecting import object_to_mail
from outreach.schools.access import staff_roles
from outreach.schools.models import Role
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, put_in_group, signed_in
from tests.journeys.staff_pages import submit

INSIDE, OUTSIDE = "Insidewillow", "Outsidewillow"


@dataclass(frozen=True)
class Halves:
    """Two pupils of one campaign, in a group each; the viewer is to see the first one's."""

    school: MadeSchool
    inside: UUID
    outside: UUID
    campaign_id: UUID
    draft_id: UUID
    viewer: FlaskClient
    admin: FlaskClient

    @property
    def choosing(self) -> str:
        return f"/staff/school/staff/{self.school.staff[Role.VIEWER]}/groups"

    def limit(self, **groups: str) -> int:
        return submit(self.admin, self.choosing, sees="some", **groups).status_code


@pytest.fixture
def halves(app: Flask, wired: web.Parts) -> Halves:
    school = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, school.id) as session:
        inside = make_pupil(session, surname=INSIDE).id
        outside = make_pupil(session, surname=OUTSIDE, work=None, home="x@home.example").id
        stuck = make_pupil(session, surname=f"{OUTSIDE}two", work=None).id
        put_in_group(session, "10A", inside)
        put_in_group(session, "10B", outside, stuck)
        put_in_group(session, "Ma1", inside, kind=GroupKind.TEACHING)
        campaign_id = launch_campaign(session, wired.library, now())
        answer_and_submit(session, wired.library, campaign_id, outside, now())
        draft_id = _draft(session, wired)
    viewer, admin = signed_in(app, school, Role.VIEWER), signed_in(app, school, Role.ADMIN)
    return Halves(school, inside, outside, campaign_id, draft_id, viewer, admin)


def _draft(session, wired: web.Parts) -> UUID:
    from outreach.campaigns.creating import create_campaign

    return create_campaign(
        session,
        wired.library,
        name="Draft",
        questionnaire="gcse",
        years=[10],
        groups=[],
        closes_on=None,
        created_by=None,
        now=now(),
    ).id


def test_no_page_of_a_viewer_shows_a_pupil_outside_their_groups(
    app: Flask, wired: web.Parts, halves: Halves
) -> None:
    assert halves.limit(registration="10A") == 303
    with transaction(wired.sessions, halves.school.id) as session:
        invitation_id = session.scalars(
            select(Invitation.id).where(Invitation.pupil_id == halves.outside)
        ).one()
    ids = {"pupil_id": halves.outside, "invitation_id": invitation_id}
    met = 0
    for rule in app.url_map.iter_rules():
        roles = staff_roles(app.view_functions[rule.endpoint])
        if Role.VIEWER not in roles or "GET" not in rule.methods:
            continue
        for campaign_id in (halves.campaign_id, halves.draft_id):
            known = {**ids, "campaign_id": campaign_id}
            assert rule.arguments <= known.keys(), f"{rule}: say in this test what its ids are"
            with app.test_request_context():
                address = rule.build(dict(known), append_unknown=False)[1]
            answer = halves.viewer.get(address, follow_redirects=True)
            assert OUTSIDE not in answer.text, address
            if rule.arguments & ids.keys():
                assert answer.status_code == 404, address
            met += INSIDE in answer.text

    found = submit(halves.viewer, "/staff/pupils", search="willow")
    assert INSIDE in found.text
    assert OUTSIDE not in found.text
    assert ">10B" not in found.text, "a filter names no group of others"
    assert met >= 3, "the pupil inside is there to be seen"


def test_a_tutor_prints_slips_and_opens_questions_for_their_own_groups_alone(
    wired: web.Parts, halves: Halves
) -> None:
    page = f"/staff/campaigns/{halves.campaign_id}/slips"
    assert "2 slips" in halves.viewer.get(page).text, "inside and stuck; outside has answered"
    halves.limit(registration="10A")
    assert "1 slip<" in halves.viewer.get(page).text

    assert submit(halves.viewer, page, size="usual").mimetype == "application/pdf"
    assert submit(halves.viewer, page, group="registration:10B").status_code == 422

    with transaction(wired.sessions, halves.school.id) as session:
        printed = select(Invitation.pupil_id).join(Link, Link.invitation_id == Invitation.id)
        coded = printed.join(PersonalCode, PersonalCode.link_id == Link.id)
        assert session.scalars(coded).all() == [halves.inside]


TELLING = ("objected", "asked not", "complain", "somebody else", "no address")
"""Of why a pupil gets no mail: nothing for a tutor."""


@pytest.mark.parametrize("is_limited", [False, True])
def test_no_page_tells_a_viewer_why_a_pupil_cannot_be_mailed(
    app: Flask, wired: web.Parts, halves: Halves, is_limited: bool
) -> None:
    with transaction(wired.sessions, halves.school.id) as session:
        object_to_mail(session, halves.inside, "student", None, now())
    if is_limited:
        halves.limit(registration="10A")
    here = f"/staff/campaigns/{halves.campaign_id}"
    queries = (
        "/staff/reach/pupils?why=objected",
        "/staff/reach/pupils?mender=student",
        f"{here}/pupils?reason=objected",
        f"/staff/campaigns/{halves.draft_id}/audience?reason=objected",
    )
    pages = [*queries]
    for rule in app.url_map.iter_rules():
        roles = staff_roles(app.view_functions[rule.endpoint])
        if Role.VIEWER not in roles or "GET" not in rule.methods:
            continue
        for campaign_id in (halves.campaign_id, halves.draft_id):
            ids = {"pupil_id": halves.inside, "campaign_id": campaign_id}
            if rule.arguments <= ids.keys():
                with app.test_request_context():
                    pages.append(rule.build(dict(ids), append_unknown=False)[1])

    for address in pages:
        text = halves.viewer.get(address, follow_redirects=True).text.lower()
        assert not [words for words in TELLING if words in text], address

    listed = halves.viewer.get("/staff/pupils").text
    assert "No mail" in listed
    assert "asked not" in halves.admin.get("/staff/pupils").text.lower()
    assert "Nobody: this is as it should be" in halves.viewer.get("/staff/reach/pupils").text


def test_lists_behind_a_campaigns_numbers_hold_only_the_viewers_pupils(halves: Halves) -> None:
    here = f"/staff/campaigns/{halves.campaign_id}"
    assert OUTSIDE in halves.viewer.get(f"{here}/pupils").text
    assert halves.limit(teaching="teaching:Ma1") == 303

    for narrowed in ("", "?group=10B", "?state=written_back", "?reason=no_address"):
        assert OUTSIDE not in halves.viewer.get(f"{here}/pupils{narrowed}").text, narrowed
    progress = halves.viewer.get(here).text

    assert "These numbers are of the whole campaign" in progress
    assert ">10B" not in progress
    assert "10A" in progress
    assert INSIDE in halves.viewer.get(f"{here}/pupils?group=teaching:Ma1").text
    assert halves.viewer.get(f"/staff/pupils/{halves.inside}").status_code == 200


def test_a_viewer_sees_a_pupil_no_longer_than_the_pupil_is_in_the_group(
    wired: web.Parts, halves: Halves
) -> None:
    halves.limit(registration="10A")
    with transaction(wired.sessions, halves.school.id) as session:
        for place in session.scalars(select(GroupMember)):
            place.ends_on = london_date(now()) - timedelta(days=1)

    assert halves.viewer.get(f"/staff/pupils/{halves.inside}").status_code == 404
    assert "nobody is in them today" in halves.viewer.get("/staff/pupils").text


def test_a_limit_outlives_the_groups_it_names(wired: web.Parts, halves: Halves) -> None:
    """A group that is deleted must not open the whole school to its viewer."""
    halves.limit(registration="10A")
    with transaction(wired.sessions, halves.school.id) as session:
        session.execute(delete(GroupMember))
        session.execute(delete(RosterGroup))

    assert OUTSIDE not in halves.viewer.get("/staff/pupils").text
    assert halves.viewer.get(f"/staff/pupils/{halves.outside}").status_code == 404


def test_an_administrator_limits_a_viewer_and_takes_the_limit_away(
    wired: web.Parts, halves: Halves
) -> None:
    member = halves.choosing.rpartition("/")[0]
    assert "The pupils of the whole school." in halves.admin.get(member).text

    assert "at least one group" in submit(halves.admin, halves.choosing, sees="some").text
    assert halves.limit(registration=["10A", "10B"]) == 303
    assert "Only the pupils of some groups." in halves.admin.get(member).text
    assert 'value="10B" checked' in halves.admin.get(halves.choosing).text
    assert halves.limit(registration="10B") == 303
    assert submit(halves.admin, halves.choosing, sees="whole").status_code == 303

    assert INSIDE in halves.viewer.get("/staff/pupils").text
    with transaction(wired.sessions, halves.school.id) as session:
        events = session.scalars(
            select(AuditEvent.detail)
            .where(AuditEvent.action == "staff.groups_changed")
            .order_by(AuditEvent.at)
        ).all()
    assert events == [
        {"is_limited": True, "groups": 2, "added": 2, "removed": 0},
        {"is_limited": True, "groups": 1, "added": 0, "removed": 1},
        {"is_limited": False, "groups": 0, "added": 0, "removed": 1},
    ]


def test_only_a_viewer_can_be_limited(halves: Halves) -> None:
    leader = halves.school.staff[Role.CAREERS_LEADER]

    assert halves.admin.get(f"/staff/school/staff/{leader}/groups").status_code == 404


def test_the_command_line_limits_a_viewer(halves: Halves) -> None:
    import click

    def run(*arguments: str):
        with click.Context(staff) as context:
            return CliRunner().invoke(staff, arguments, obj=CommandContext(context))

    school = ("--school", halves.school.urn)
    viewer = ("--email", halves.school.emails[Role.VIEWER])
    new = ("--email", "tutor@hill-test-school.example", "--name", "Tutor", "--role", "viewer")

    assert run("limit", *school, *viewer, "--group", "10A").exit_code == 0
    assert OUTSIDE not in halves.viewer.get("/staff/pupils").text
    assert run("limit", *school, *viewer, "--whole-school").exit_code == 0
    assert OUTSIDE in halves.viewer.get("/staff/pupils").text
    assert run("limit", *school, *viewer).exit_code == 2
    refused = run("add", *school, *new, "--group", "99Z")
    assert "no group 99Z" in str(refused.exception)
    assert run("add", *school, *new, "--group", "10A").exit_code == 0
