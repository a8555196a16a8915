"""One account, several schools: choosing, switching, and what no administrator may do to another."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from outreach import web
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.models import Role, TokenKind
from outreach.schools.staffing import add_staff, find_staff
from outreach.schools.tokens import make_set_up_link
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_school, run_workers, signed_in
from tests.journeys.staff_pages import sign_in, submit, use_link

SHARED = "shared.person@trust-test.example"


@pytest.fixture
def hill(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, name="Hill Test School")


@pytest.fixture
def dale(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, name="Dale Test School")


def add_by_operator(sessions: Sessions, school: MadeSchool, role: Role) -> str:
    with transaction(sessions, school.id) as session:
        member = add_staff(session, SHARED, "Shared Person", role, now())
        return make_set_up_link(
            session, "", member.account_id, TokenKind.SET_UP, now(), reaches_owner=True
        )


def add_on_page(app: Flask, school: MadeSchool, role: str = "data_protection") -> str:
    admin = signed_in(app, school, Role.ADMIN)
    typed = {"name": "Shared Person", "email": SHARED, "role": role}
    return submit(admin, "/staff/school/staff/add", **typed).text


def member_id(sessions: Sessions, school: MadeSchool) -> UUID:
    with transaction(sessions, school.id) as session:
        return find_staff(session, SHARED).id


def link_on(page: str) -> str | None:
    found = re.search(r"<code>(\S+)</code>", page)
    return found.group(1) if found else None


def choose(client: FlaskClient, school: MadeSchool) -> str:
    return str(submit(client, "/staff/schools", school=str(school.id)).location)


def test_whoever_has_two_schools_chooses_and_can_switch(
    client: FlaskClient, sessions: Sessions, hill: MadeSchool, dale: MadeSchool
) -> None:
    add_by_operator(sessions, hill, Role.DATA_PROTECTION)
    answer = use_link(client, add_by_operator(sessions, dale, Role.ADMIN))

    assert answer.location == "/staff/schools"
    assert choose(client, hill) == "/staff/sharing"
    in_hill = client.get("/staff/sharing").text
    assert "Hill Test School" in in_hill
    assert 'href="/staff/schools"' in in_hill
    assert client.get("/staff/school/staff").status_code == 403

    choose(client, dale)

    assert "Dale Test School" in client.get("/staff/school/staff").text


def test_the_school_used_last_is_the_one_at_the_next_sign_in(
    client: FlaskClient, sessions: Sessions, hill: MadeSchool, dale: MadeSchool
) -> None:
    add_by_operator(sessions, hill, Role.DATA_PROTECTION)
    use_link(client, add_by_operator(sessions, dale, Role.DATA_PROTECTION))
    choose(client, hill)
    submit(client, "/staff/sharing", "/staff/sign-out")

    sign_in(client, SHARED)

    assert "Hill Test School" in client.get("/staff/sharing").text


def test_a_school_one_is_no_member_of_cannot_be_chosen(
    app: Flask, hill: MadeSchool, dale: MadeSchool
) -> None:
    admin = signed_in(app, hill, Role.ADMIN)

    answer = submit(admin, "/staff/schools", school=str(dale.id))

    assert answer.status_code == 404
    assert "Dale Test School" not in admin.get("/staff/sharing").text


def test_an_account_made_elsewhere_gets_its_link_by_mail_and_not_on_the_page(
    app: Flask, hill: MadeSchool, dale: MadeSchool, mailbox: Catcher, wired: web.Parts
) -> None:
    assert link_on(add_on_page(app, hill)) is not None

    page = add_on_page(app, dale)

    assert link_on(page) is None
    run_workers(wired)
    assert "/staff/set-up/" in mailbox.sent_to(SHARED)[0].link


def test_a_password_that_another_schools_administrator_chose_does_not_open_this_school(
    app: Flask, client: FlaskClient, hill: MadeSchool, dale: MadeSchool
) -> None:
    """Hill's administrator adds somebody of Dale first, and sets the password by the link shown."""
    link = link_on(add_on_page(app, hill))
    assert link is not None
    use_link(client, link)

    add_on_page(app, dale)

    assert "Dale Test School" not in client.get("/staff/schools").text
    assert submit(client, "/staff/schools", school=str(dale.id)).status_code == 404


def test_the_link_in_the_mailbox_opens_both_and_puts_the_other_out(
    app: Flask,
    client: FlaskClient,
    hill: MadeSchool,
    dale: MadeSchool,
    mailbox: Catcher,
    wired: web.Parts,
) -> None:
    intruder = app.test_client()
    use_link(intruder, link_on(add_on_page(app, hill)) or "")
    add_on_page(app, dale)
    run_workers(wired)

    use_link(client, mailbox.sent_to(SHARED)[0].link, "copper lantern field")

    assert choose(client, dale) == "/staff/sharing"
    assert intruder.get("/staff/sharing").status_code == 302


def test_a_link_shown_to_an_administrator_closes_the_other_schools_again(
    app: Flask, client: FlaskClient, sessions: Sessions, hill: MadeSchool, dale: MadeSchool
) -> None:
    add_by_operator(sessions, hill, Role.DATA_PROTECTION)
    use_link(client, add_by_operator(sessions, dale, Role.DATA_PROTECTION))
    admin = signed_in(app, hill, Role.ADMIN)
    page = f"/staff/school/staff/{member_id(sessions, hill)}"
    link = link_on(submit(admin, page, f"{page}/link").text)
    assert link is not None

    intruder = app.test_client()
    use_link(intruder, link, "copper lantern field")

    assert submit(intruder, "/staff/schools", school=str(dale.id)).status_code == 404


def test_whoever_has_a_proven_password_needs_no_link_for_a_second_school(
    app: Flask, client: FlaskClient, sessions: Sessions, hill: MadeSchool, dale: MadeSchool
) -> None:
    use_link(client, add_by_operator(sessions, hill, Role.DATA_PROTECTION))

    page = add_on_page(app, dale)

    assert "can sign in now" in page
    assert choose(client, dale) == "/staff/sharing"
