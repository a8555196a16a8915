"""Every staff route of one school, asked with another school's ids, finds nothing."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach import web
from outreach.answering.models import Answer
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.audit import OPERATOR
from outreach.campaigns.chat.models import ChatChannel, ChatKind
from outreach.campaigns.held_domains import note_policy
from outreach.campaigns.held_models import HeldDomain
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.adding import Licence, add, propose
from outreach.database import transaction
from outreach.it_team.page_links import make_link
from outreach.it_team.testing import sealer, send_test
from outreach.schools.access import staff_roles
from outreach.schools.models import Role
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in

SURNAME = "Zzyzxwillow"
"""Found on no page of another school."""
OWN_QUESTIONS = """
title: {en: "About us"}
questions:
  - id: own_here
    kind: choice
    text: {en: "Do you like it here?"}
    options: [{value: likes, label: {en: "Yes"}}, {value: dislikes, label: {en: "No"}}]
"""


@dataclass(frozen=True)
class Neighbours:
    ours: MadeSchool
    theirs: MadeSchool
    their_ids: dict[str, UUID | str]


@pytest.fixture
def neighbours(wired: web.Parts) -> Neighbours:
    """Two schools alike, each with a campaign that a pupil has answered."""
    ids: dict[str, UUID | str] = {}
    for name in ("Ours", "Theirs"):
        school = make_school(wired.sessions, *Role, name=f"{name} School")
        now = wired.clock()
        with transaction(wired.sessions, school.id) as session:
            surname = SURNAME if name == "Theirs" else "Birch"
            pupil_id = make_pupil(session, surname=surname).id
            campaign_id = launch_campaign(session, wired.library, now, name=f"{name} campaign")
            own = f"id: own_{name.lower()}\n{OWN_QUESTIONS}".encode()
            proposed = propose(session, wired.library, own, "own.yaml", extends="gcse")
            questionnaire = add(
                session, proposed, Licence.OWN_WORDS, OPERATOR, now, asks_nothing_guarded=True
            ).questionnaire
        with transaction(wired.sessions, school.id) as session:
            response_id = answer_and_submit(session, wired.library, campaign_id, pupil_id, now)
            flag = SafeguardingFlag(
                school_id=school.id,
                response_id=response_id,
                question_id=session.scalars(select(Answer.question_id)).first(),
                is_urgent=True,
                written_at=now,
                call_at=now,
                opens_at=now,
            )
            session.add(flag)
            for _ in range(3):
                note_policy(
                    session, campaign_id, "theirs.example", "restricted_delivery", None, now
                )
            session.flush()
            flag_id = flag.id
            channel = ChatChannel(
                school_id=school.id,
                kind=ChatKind.SLACK,
                name=f"{name} School",
                sealed_address=b"sealed",
                created_at=now,
            )
            session.add(channel)
            session.flush()
            channel_id = channel.id
            held_id = session.scalars(select(HeldDomain.id)).one()
            invitation_id = session.scalars(select(Invitation.id)).one()
            link_id = make_link(session, OPERATOR, now)
            mailbox = f"it@{name.lower()}.example"
            sealing = sealer(wired.settings.secret_keys)
            test_id = send_test(session, sealing, "Year 10", mailbox, OPERATOR, now)
        ids = {
            "campaign_id": campaign_id,
            "pupil_id": pupil_id,
            "invitation_id": invitation_id,
            "staff_id": school.staff[Role.VIEWER],
            "questionnaire": questionnaire,
            "flag_id": flag_id,
            "channel_id": channel_id,
            "held_id": held_id,
            "link_id": link_id,
            "test_id": test_id,
        }
        if name == "Ours":
            ours = school
    run_workers(wired)
    return Neighbours(ours, school, ids)


def _staff_rules(app: Flask) -> list:
    return [
        rule for rule in app.url_map.iter_rules() if staff_roles(app.view_functions[rule.endpoint])
    ]


def test_every_staff_route_with_an_id_answers_not_found_for_another_schools(
    app: Flask, neighbours: Neighbours
) -> None:
    clients = {role: signed_in(app, neighbours.ours, role) for role in Role}
    asked = 0
    for rule in _staff_rules(app):
        if not rule.arguments:
            continue
        ids = {name: neighbours.their_ids.get(name, uuid4()) for name in rule.arguments}
        assert set(ids) & set(neighbours.their_ids), f"{rule}: say in this test what {ids} are"
        with app.test_request_context():
            address = rule.build(ids, append_unknown=False)[1]
        for role in staff_roles(app.view_functions[rule.endpoint]):
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                answer = _ask(app, clients[role], method, address)
                assert answer.status_code == 404, (method, address, role, answer.status_code)
                assert SURNAME not in answer.text
                asked += 1
    assert asked > 20


def test_no_staff_page_shows_a_pupil_of_another_school(app: Flask, neighbours: Neighbours) -> None:
    for rule in _staff_rules(app):
        if rule.arguments or "GET" not in rule.methods:
            continue
        for role in staff_roles(app.view_functions[rule.endpoint]):
            answer = signed_in(app, neighbours.ours, role).get(
                f"{rule.rule}?search={SURNAME}&q={SURNAME}"
            )
            assert answer.status_code in {200, 302, 303}, (rule, role)
            assert f"{SURNAME}<" not in answer.text, (rule, role)
            assert "Theirs School" not in answer.text, (rule, role)


def test_a_role_without_the_page_is_refused(app: Flask, neighbours: Neighbours) -> None:
    for rule in _staff_rules(app):
        if rule.arguments or "GET" not in rule.methods:
            continue
        for role in set(Role) - staff_roles(app.view_functions[rule.endpoint]):
            answer = signed_in(app, neighbours.ours, role).get(rule.rule)
            assert answer.status_code == 403, (rule, role, answer.status_code)


@pytest.mark.parametrize("role", [Role.IT, Role.DATA_PROTECTION], ids=lambda role: role.value)
def test_it_and_data_protection_reach_no_pupil_and_no_answer(
    app: Flask, neighbours: Neighbours, role: Role
) -> None:
    client = signed_in(app, neighbours.ours, role)
    pages = [
        rule for rule in _staff_rules(app) if role in staff_roles(app.view_functions[rule.endpoint])
    ]

    assert not {name for rule in pages for name in rule.arguments} & {"pupil_id", "invitation_id"}
    for rule in pages:
        if not rule.arguments and "GET" in rule.methods:
            assert "Birch" not in client.get(rule.rule, follow_redirects=True).text, rule


def _ask(app: Flask, client: FlaskClient, method: str, address: str):
    """With a CSRF token that fits, so that nothing else refuses."""
    if method == "GET":
        return client.get(address)
    with client.session_transaction() as cookie:
        cookie["csrf"] = "known"
    with app.test_request_context():
        from flask import session

        session["csrf"] = "known"
        token = web.csrf_token()
    return client.open(address, method=method, data={"csrf_token": token})
