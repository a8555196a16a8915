"""One-time links: opened by scanners, used once, ended by newer ones, and mailed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach import web
from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.schools.models import (
    Account,
    AccountMail,
    AccountToken,
    Role,
    StaffMember,
    TokenKind,
)
from outreach.schools.passwords import LinkSpent, choose_password
from outreach.schools.tokens import find_token, make_set_up_link
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_school, run_workers
from tests.journeys.staff_pages import PASSWORD, later, sign_in, submit, use_link


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, Role.DATA_PROTECTION)


def link_for(sessions: Sessions, school: MadeSchool, kind: TokenKind = TokenKind.SET_UP) -> str:
    with transaction(sessions, school.id) as session:
        member = session.get_one(StaffMember, (school.id, school.staff[Role.DATA_PROTECTION]))
        return make_set_up_link(session, "http://x", member.account_id, kind, now())


def test_a_link_sets_the_password_and_signs_in(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    answer = use_link(client, link_for(sessions, school))

    assert answer.location == "/staff/sharing"
    assert "Your password is set" in client.get("/staff/sharing").text
    submit(client, "/staff/sharing", "/staff/sign-out")
    assert sign_in(client, school.emails[Role.DATA_PROTECTION]).status_code == 303


def test_a_scanner_that_opens_a_link_uses_nothing_up(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    link = link_for(sessions, school)
    path = link.removeprefix("http://x")

    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200

    assert use_link(client, link).status_code == 303


def test_a_link_works_once(client: FlaskClient, sessions: Sessions, school: MadeSchool) -> None:
    link = link_for(sessions, school)
    use_link(client, link)

    again = client.get(link.removeprefix("http://x"))

    assert again.status_code == 410
    assert "This link cannot be used" in again.text


def test_two_presses_at_once_use_a_link_once(sessions: Sessions, school: MadeSchool) -> None:
    secret = link_for(sessions, school).rpartition("/")[2]
    both_are_here = threading.Barrier(2)

    def press(password: str) -> str:
        try:
            with transaction(sessions) as session:
                token = find_token(session, secret)
                assert token is not None
                both_are_here.wait(timeout=10)
                choose_password(session, token, password, now())
        except LinkSpent:
            return "spent"
        return "set"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(press, ["velvet otter parade", "copper lantern field"]))

    assert sorted(told) == ["set", "spent"]


@pytest.mark.parametrize(
    ("kind", "good", "too_old"),
    [
        (TokenKind.SET_UP, {"days": 6.9}, {"days": 7.1}),
        (TokenKind.RESET, {"minutes": 59}, {"minutes": 61}),
    ],
)
def test_a_link_grows_too_old(
    app: Flask,
    client: FlaskClient,
    sessions: Sessions,
    school: MadeSchool,
    kind: TokenKind,
    good: dict[str, float],
    too_old: dict[str, float],
) -> None:
    path = link_for(sessions, school, kind).removeprefix("http://x")

    with later(app, **good):
        assert client.get(path).status_code == 200
    with later(app, **too_old):
        assert client.get(path).status_code == 410


def test_a_newer_link_ends_the_older_one_of_its_kind(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    reset = link_for(sessions, school, TokenKind.RESET).removeprefix("http://x")
    older = link_for(sessions, school).removeprefix("http://x")
    newer = link_for(sessions, school).removeprefix("http://x")

    assert client.get(older).status_code == 410
    assert client.get(newer).status_code == 200
    assert client.get(reset).status_code == 200


def test_a_link_that_was_never_made_is_not_found(client: FlaskClient, school: MadeSchool) -> None:
    assert client.get("/staff/set-up/never-made").status_code == 404


def test_a_refused_password_leaves_the_link_good(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    link = link_for(sessions, school)

    refused = use_link(client, link, "password1234")

    assert refused.status_code == 400
    assert "easy to guess" in refused.text
    assert "password1234" not in refused.text
    assert use_link(client, link).status_code == 303


def test_two_passwords_that_differ_are_refused(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    path = link_for(sessions, school).removeprefix("http://x")

    answer = submit(client, path, password=PASSWORD, again="something else entirely")

    assert answer.status_code == 400
    assert "not the same" in answer.text


def test_a_new_password_ends_every_other_session_and_link(
    app: Flask, client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    use_link(client, link_for(sessions, school))
    unused = link_for(sessions, school, TokenKind.SET_UP).removeprefix("http://x")
    elsewhere = app.test_client()

    use_link(elsewhere, link_for(sessions, school, TokenKind.RESET), "copper lantern field")

    assert client.get("/staff/sharing").status_code == 302
    assert elsewhere.get("/staff/sharing").status_code == 200
    assert client.get(unused).status_code == 410
    assert sign_in(client, school.emails[Role.DATA_PROTECTION]).status_code == 400


def test_the_secret_of_a_link_is_not_in_the_database(
    sessions: Sessions, school: MadeSchool
) -> None:
    secret = link_for(sessions, school).rpartition("/")[2]

    with transaction(sessions) as session:
        token = session.scalars(select(AccountToken)).one()
    assert secret.encode() not in token.secret_hash
    assert len(secret) >= 43  # 256 bits


def test_a_forgotten_password_mails_a_link_that_works(
    client: FlaskClient, school: MadeSchool, mailbox: Catcher, wired: web.Parts
) -> None:
    email = school.emails[Role.DATA_PROTECTION]
    submit(client, "/staff/forgotten", email=f"  {email.upper()} ")
    run_workers(wired)

    mail = mailbox.sent_to(email)[0]

    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert use_link(client, mail.link).status_code == 303


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    client: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    known = submit(client, "/staff/forgotten", email=school.emails[Role.DATA_PROTECTION])
    unknown = submit(client, "/staff/forgotten", email="nobody@hill-test-school.example")

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    with transaction(sessions) as session:
        assert len(session.scalars(select(AccountMail)).all()) == 1


def test_three_links_an_hour_are_mailed_and_no_more(
    client: FlaskClient, school: MadeSchool, sessions: Sessions
) -> None:
    email = school.emails[Role.DATA_PROTECTION]

    answers = {submit(client, "/staff/forgotten", email=email).text for _ in range(5)}

    assert len(answers) == 1
    with transaction(sessions) as session:
        assert len(session.scalars(select(AccountMail)).all()) == 3


def test_asking_for_a_link_ends_nothing(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    use_link(client, link_for(sessions, school))
    stranger = client.application.test_client()

    submit(stranger, "/staff/forgotten", email=school.emails[Role.DATA_PROTECTION])

    assert client.get("/staff/sharing").status_code == 200


def test_a_password_set_by_a_link_opens_sign_in_that_wrong_tries_had_closed(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    email = school.emails[Role.DATA_PROTECTION]
    use_link(client, link_for(sessions, school))
    submit(client, "/staff/sharing", "/staff/sign-out")
    for _ in range(10):
        sign_in(client, email, "not the password")
    assert sign_in(client, email).status_code == 429

    use_link(client, link_for(sessions, school, TokenKind.RESET), "copper lantern field")
    submit(client, "/staff/sharing", "/staff/sign-out")

    assert sign_in(client, email, "copper lantern field").status_code == 303


def test_an_account_knows_whether_its_link_reached_the_owner(
    client: FlaskClient, sessions: Sessions, school: MadeSchool
) -> None:
    use_link(client, link_for(sessions, school))

    with transaction(sessions) as session:
        email = school.emails[Role.DATA_PROTECTION]
        account = session.scalars(select(Account).where(Account.email == email)).one()
    assert account.password_is_proven is False
