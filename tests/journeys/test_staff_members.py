"""An administrator adds staff, changes roles, gives links, and removes people."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach.audit import OPERATOR, AuditEvent
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.models import Role, StaffMember
from outreach.schools.staffing import LastAdmin, add_staff, change_role, staff_member
from tests.factories import MadeSchool, make_school, signed_in
from tests.journeys.staff_pages import sign_in, submit, use_link

STAFF = "/staff/school/staff"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, Role.VIEWER)


@pytest.fixture
def admin(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.ADMIN)


def add(admin: FlaskClient, **given: str) -> str:
    typed = {"name": "Priya Nair", "email": "priya@hill-test-school.example", "role": "it"}
    return submit(admin, f"{STAFF}/add", **(typed | given)).text


def shown_link(page: str) -> str:
    found = re.search(r"<code>(\S+)</code>", page)
    assert found is not None, page
    return found.group(1)


def role_of(sessions: Sessions, school: MadeSchool, staff_id: UUID) -> Role:
    with transaction(sessions, school.id) as session:
        return session.get_one(StaffMember, (school.id, staff_id)).role


def test_a_new_colleague_is_added_and_sets_up_by_the_link_shown(
    app: Flask, admin: FlaskClient
) -> None:
    page = add(admin)

    assert use_link(app.test_client(), shown_link(page)).location == "/staff/it-team"
    listed = admin.get(STAFF).text
    assert "Priya Nair" in listed
    assert "priya@hill-test-school.example" in listed


def test_the_link_is_shown_once_and_kept_in_no_cookie(admin: FlaskClient) -> None:
    secret = shown_link(add(admin)).rpartition("/")[2]

    assert secret not in admin.get(STAFF).text
    with admin.session_transaction() as cookie:
        assert secret not in str(dict(cookie))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "priya.hill-test-school.example"}, "There is no @ in the address."),
        ({"email": "viewer"}, "There is no @ in the address."),
        ({"name": "  "}, "Enter the name of the staff member."),
        ({"role": "headteacher"}, "Choose what they may do."),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    admin: FlaskClient, typed: dict[str, str], said: str
) -> None:
    page = add(admin, **typed)

    assert said in page
    assert "There is a problem" in page
    assert "Priya Nair" in page or "name" in typed


def test_an_address_is_added_once(admin: FlaskClient) -> None:
    add(admin)

    assert "is a staff member of this school already" in add(
        admin, email="PRIYA@hill-test-school.example"
    )


def test_a_role_changes_at_once(app: Flask, admin: FlaskClient, school: MadeSchool) -> None:
    viewer = signed_in(app, school, Role.VIEWER)
    assert viewer.get("/staff/audit").status_code == 403
    page = f"{STAFF}/{school.staff[Role.VIEWER]}"

    submit(admin, page, f"{page}/role", role="data_protection")

    assert viewer.get("/staff/audit").status_code == 200


def test_the_only_administrator_cannot_be_demoted_or_removed(
    admin: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    page = f"{STAFF}/{school.staff[Role.ADMIN]}"

    demoted = submit(admin, page, f"{page}/role", role="viewer")
    removed = submit(admin, f"{page}/end")

    assert demoted.status_code == removed.status_code == 409
    assert "only administrator" in demoted.text
    assert "only administrator" in removed.text
    assert role_of(sessions, school, school.staff[Role.ADMIN]) is Role.ADMIN


def test_one_of_two_administrators_may_step_down(
    admin: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    add(admin, role="admin")
    page = f"{STAFF}/{school.staff[Role.ADMIN]}"

    answer = submit(admin, page, f"{page}/role", role="data_protection")

    assert answer.location == "/staff/sharing"
    assert admin.get(STAFF).status_code == 403


def test_two_administrators_who_demote_each_other_at_once_leave_one(
    sessions: Sessions, school: MadeSchool
) -> None:
    with transaction(sessions, school.id) as session:
        other = add_staff(session, "other@hill-test-school.example", "Other", Role.ADMIN, now()).id
    both_are_here = threading.Barrier(2)

    def demote(staff_id: UUID) -> str:
        try:
            with transaction(sessions, school.id) as session:
                member = staff_member(session, staff_id)
                both_are_here.wait(timeout=10)
                change_role(session, member, Role.VIEWER, now(), actor=OPERATOR)
        except LastAdmin:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(demote, [school.staff[Role.ADMIN], other]))

    assert sorted(told) == ["done", "refused"]


def test_whoever_is_removed_is_out_at_once_and_cannot_come_back(
    app: Flask, admin: FlaskClient, school: MadeSchool
) -> None:
    link = shown_link(add(admin, role="data_protection"))
    leaver = app.test_client()
    use_link(leaver, link)
    member = re.search(rf'{STAFF}/([0-9a-f-]{{36}})">Priya', admin.get(STAFF).text)
    assert member is not None

    submit(admin, f"{STAFF}/{member.group(1)}/end")

    assert leaver.get("/staff/sharing").status_code == 302
    refused = sign_in(leaver, "priya@hill-test-school.example")
    assert refused.status_code == 403
    assert "No school lists you" in refused.text
    assert admin.get(f"{STAFF}/{member.group(1)}").status_code == 404


def test_whoever_was_removed_can_be_added_again_with_another_role(
    admin: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    add(admin)
    member = re.search(rf'{STAFF}/([0-9a-f-]{{36}})">Priya', admin.get(STAFF).text)
    assert member is not None
    submit(admin, f"{STAFF}/{member.group(1)}/end")

    add(admin, role="viewer")

    assert role_of(sessions, school, UUID(member.group(1))) is Role.VIEWER


def test_a_link_for_a_colleague_who_forgot_is_made_and_audited(
    app: Flask, admin: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    page = f"{STAFF}/{school.staff[Role.VIEWER]}"

    answer = submit(admin, page, f"{page}/link")

    assert use_link(app.test_client(), shown_link(answer.text)).status_code == 303
    with transaction(sessions, school.id) as session:
        made = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "staff.link_made")
        ).one()
    assert made.actor_id == school.staff[Role.ADMIN]
    assert made.subject_id == school.staff[Role.VIEWER]


def test_another_schools_staff_are_not_found(
    app: Flask, admin: FlaskClient, sessions: Sessions
) -> None:
    other = make_school(sessions, name="Dale Test School")
    page = f"{STAFF}/{other.staff[Role.ADMIN]}"

    assert admin.get(page).status_code == 404
    assert admin.get(f"{page}/end").status_code == 404
    for act in ("role", "link", "end"):
        answer = submit(admin, f"{STAFF}/add", f"{page}/{act}", role="viewer")
        assert answer.status_code == 404
    assert role_of(sessions, other, other.staff[Role.ADMIN]) is Role.ADMIN


def test_staff_pages_are_for_administrators(app: Flask, school: MadeSchool) -> None:
    viewer = signed_in(app, school, Role.VIEWER)

    for page in (STAFF, f"{STAFF}/add", f"{STAFF}/{school.staff[Role.ADMIN]}"):
        assert viewer.get(page).status_code == 403
