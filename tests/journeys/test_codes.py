"""Answering without email: a code on a slip, its limits, and staff beside the pupil."""

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from outreach import web
from outreach.answering.models import AnsweringSession
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_looking_up import NoLink, look_up
from outreach.campaigns.code_making import codes_of, make_codes, reseal_codes
from outreach.campaigns.code_models import CodeLookup, CodeTry, PersonalCode
from outreach.campaigns.code_tries import BROWSER, NETWORK, guesser
from outreach.campaigns.codes import draw_code, write_code
from outreach.campaigns.copies import queue_copy
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch, write_next_block
from outreach.campaigns.models import ArrivedBy, Campaign, Invitation, Link, Message
from outreach.campaigns.relinking import send_new_link
from outreach.campaigns.slip_parts import in_parts
from outreach.campaigns.states import InvitationState, MessageState
from outreach.campaigns.steering import close
from outreach.campaigns.views import slips
from outreach.database import transaction
from outreach.privacy.erasing import erase_pupils
from outreach.pupils.models import RosterGroup, WrongAddress
from outreach.queues import Bell, DueWork, Work, take_overdue
from outreach.schools.models import Role
from tests.factories import put_in_group, signed_in
from tests.journeys.dsl import Browser, Launched
from tests.journeys.staff_pages import submit
from workers import forget_codes
from workers.schedule import Schedule

Launch = Callable[..., Launched]
WRONG = "We do not know this code"
TOO_OFTEN = "Too many wrong codes"
SCHOOLS_OWN = "Hill Test School is asking you"


def keys_of(launched: Launched) -> CodeKeys:
    return CodeKeys(launched.parts.settings.secret_keys)


def code_of(launched: Launched) -> str:
    """The code of this student's slip, made if there is none."""
    with launched.in_school() as session:
        campaign = session.get_one(Campaign, (launched.school.id, launched.campaign_id))
        keys, ids = keys_of(launched), [launched.invitation_id]
        make_codes(session, keys, campaign, ids, launched.clock())
        return codes_of(session, keys, ids)[launched.invitation_id].code


def enter(browser: Browser, code: str) -> Browser:
    return browser.get("/code").press(code=code)


def sessions_of(launched: Launched) -> list[AnsweringSession]:
    with launched.in_school() as session:
        return list(session.scalars(select(AnsweringSession)))


def count(launched: Launched, table: type) -> int:
    with transaction(launched.parts.sessions, launched.school.id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def slips_page(launched: Launched) -> str:
    return f"/staff/campaigns/{launched.campaign_id}/slips"


def test_from_a_printed_slip_to_an_answer(app: Flask, launched: Launched) -> None:
    leader = signed_in(app, launched.school)
    asked = leader.get(slips_page(launched))
    assert "2 slips" in asked.text
    assert count(launched, PersonalCode) == 0

    first = submit(leader, slips_page(launched), size="usual")
    again = submit(leader, slips_page(launched), size="large")

    for printed in (first, again):
        assert printed.mimetype == "application/pdf"
        assert printed.data.startswith(b"%PDF")
        assert printed.headers["Cache-Control"] == "no-store"
    assert count(launched, PersonalCode) == count(launched, CodeLookup) == 2
    with launched.in_school() as session:
        done = select(AuditEvent).where(AuditEvent.action == "codes.printed")
        noted = [event.detail for event in session.scalars(done.order_by(AuditEvent.at))]
    assert sorted(one["new_codes"] for one in noted) == [0, 2]
    assert all(one["slips"] == 2 for one in noted)

    code = code_of(launched)
    student = enter(launched.browser(), write_code(code).lower())
    assert SCHOOLS_OWN in student.text
    assert "Ashdown" not in student.text
    assert launched.visits == 0
    student.press().answer("no")
    assert launched.stored == {"met": "no"}
    assert [one.arrived_by for one in sessions_of(launched)] == [ArrivedBy.CODE]
    page = leader.get(f"/staff/pupils/{launched.pupil_id}").text
    assert "By the code of a slip" in page


def test_a_code_that_answers_says_nothing_of_mail_whose_fate_is_unknown(launched: Launched) -> None:
    message = launched.messages[0]
    launched.change(Message, message.id, state=MessageState.UNKNOWN)
    student = enter(launched.browser(), code_of(launched)).press()

    student.answer("no").answer("no").submit()

    assert launched.invitation.state is InvitationState.SUBMITTED
    assert launched.messages[0].state is MessageState.UNKNOWN
    assert "already been sent" in enter(launched.browser(), code_of(launched)).heading


def test_every_wrong_code_reads_the_same_and_only_possible_ones_count(launched: Launched) -> None:
    code = code_of(launched)
    browser = launched.browser()
    near = next(one for one in iter(draw_code, code) if one[0] == code[0])
    typing_error = code[:-1] + ("2" if code[-1] != "2" else "3")
    said = set()
    for typed in (near, draw_code(), typing_error, "K7M", "hello there"):
        enter(browser, typed)
        assert browser.status == 422
        said.add(browser.words)

    assert len(said) == 1
    assert WRONG in said.pop()
    assert count(launched, CodeTry) == 2
    assert enter(browser, "").status == 422


def test_after_ten_wrong_codes_a_browser_is_refused_the_right_one_and_its_class_is_not(
    launched: Launched,
) -> None:
    code = code_of(launched)
    child = launched.browser()
    for _ in range(BROWSER.tries):
        assert WRONG in enter(child, draw_code()).text

    enter(child, code)
    assert (child.status, child.heading) == (429, TOO_OFTEN)
    assert SCHOOLS_OWN in enter(launched.browser(), code).text
    launched.clock.turn(minutes=14)
    assert enter(child, code).status == 429
    launched.clock.turn(minutes=2)
    assert SCHOOLS_OWN in enter(child, code).text


def test_a_guesser_without_cookies_closes_the_network_for_codes_and_not_for_qr_or_others(
    launched: Launched,
) -> None:
    code, keys = code_of(launched), keys_of(launched)
    with transaction(launched.parts.sessions) as session:
        one = guesser(keys, "127.0.0.1", "a browser")
        assert look_up(session, keys, draw_code(), one, launched.clock()) is NoLink.NOBODYS
        session.execute(
            insert(CodeTry),
            [
                {
                    "network_hash": one.network_hash,
                    "browser_hash": f"browser {number}".encode(),
                    "at": launched.clock(),
                }
                for number in range(NETWORK.tries - 2)
            ],
        )
    assert SCHOOLS_OWN in enter(launched.browser(), code).text
    assert WRONG in enter(launched.browser(), draw_code()).text

    assert enter(launched.browser(), code).status == 429
    assert launched.browser().open().status == 200
    with transaction(launched.parts.sessions) as session:
        elsewhere = guesser(keys, "192.0.2.7", "another")
        assert not isinstance(look_up(session, keys, code, elsewhere, launched.clock()), NoLink)
    launched.clock.turn(minutes=61)
    assert SCHOOLS_OWN in enter(launched.browser(), code).text
    launched.clock.turn(days=1)
    while count(launched, CodeTry):
        Schedule(launched.parts).look()


def test_behind_a_proxy_only_what_the_nearest_one_says_is_believed(app: Flask) -> None:
    parts: web.Parts = app.extensions["outreach"]
    said = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    near, far = {"REMOTE_ADDR": "10.0.0.2"}, {"REMOTE_ADDR": "81.2.69.160"}
    with app.test_request_context("/code", headers=said, environ_base=near):
        assert web.client_address() == "10.0.0.2"  # no https: nothing stands in front
    public = replace(parts.settings, public_url="https://q.example")
    app.extensions["outreach"] = replace(parts, settings=public)
    try:
        with app.test_request_context("/code", headers=said, environ_base=near):
            assert web.client_address() == "192.0.2.7"
        with app.test_request_context("/code", headers=said, environ_base=far):
            assert web.client_address() == "81.2.69.160"
    finally:
        app.extensions["outreach"] = parts


def test_five_wrong_birthdays_are_five_over_mail_code_and_staff_together(
    app: Flask, launched: Launched
) -> None:
    launched.browser().start().answer("not_sure")
    by_mail, by_code = launched.browser().start(), enter(launched.browser(), code_of(launched))
    by_code.press()
    assert by_code.heading == "When is your birthday?"
    for browser in (by_mail, by_mail, by_code, by_code):
        browser.prove(1, 1)
    client = signed_in(app, launched.school)
    opened = submit(client, f"/staff/invitations/{launched.invitation_id}/beside")
    beside = Browser(client, launched).get(opened.location).press()
    assert "Tries you have: 1." in beside.words

    beside.prove(1, 1)

    assert beside.heading == "You have used all your tries"
    assert by_code.prove(14, 3).heading == "You have used all your tries"
    assert "Not sure" not in by_code.text


def test_a_new_code_is_no_proof_for_a_pupil_without_a_birthday(launch: Launch) -> None:
    launched = launch(date_of_birth=None)
    launched.browser().start().answer("not_sure")
    launched.clock.turn(minutes=5)

    other = enter(launched.browser(), code_of(launched)).press()

    assert other.heading == "We need to check that it is you"


def test_a_new_link_ends_the_code_and_the_next_slip_has_another(launched: Launched) -> None:
    code = code_of(launched)
    with launched.in_school() as session:
        invitation = session.get_one(Invitation, (launched.school.id, launched.invitation_id))
        send_new_link(session, invitation, launched.clock(), OPERATOR)

    ended = enter(launched.browser(), code)

    assert (ended.status, ended.heading) == (410, "This link no longer works")
    assert code_of(launched) != code
    assert SCHOOLS_OWN in enter(launched.browser(), code_of(launched)).text


def test_whoever_holds_somebody_elses_slip_stops_nothing_but_the_slip(launched: Launched) -> None:
    student = enter(launched.browser(), code_of(launched))
    student.get(student.link_of("This is not for me"))

    assert "give it to your tutor" in student.words
    assert not student.forms
    token = student.get("/code").token
    code_link = enter(launched.browser(), code_of(launched)).path
    student.post(f"{code_link}/not-me", **token)
    assert launched.invitation.state is InvitationState.NOT_STARTED
    assert count(launched, WrongAddress) == 0

    code = code_of(launched)
    enter(student, code)
    student.get(student.link_of("I do not want to answer"))
    assert "Emails about this questionnaire are not stopped by it" in student.words
    student.press()
    assert student.heading == "You chose not to answer"
    assert enter(launched.browser(), code).heading == "This link no longer works"
    assert launched.invitation.state is InvitationState.NOT_STARTED
    assert [one.state for one in launched.messages] == [MessageState.QUEUED]
    assert "I do not want to answer" in launched.browser().open().words
    assert enter(launched.browser(), code_of(launched)).status == 200


def test_a_closed_campaign_prints_no_slip_and_its_codes_say_so(
    app: Flask, launched: Launched
) -> None:
    code, leader = code_of(launched), signed_in(app, launched.school)
    launched.change(Campaign, launched.campaign_id, closes_at=launched.clock())

    student = launched.browser()
    assert enter(student, code).heading == "This questionnaire has closed"
    assert count(launched, CodeTry) == 1, "a guesser learns as much by it as by a wrong one"
    assert "no slips are made" in leader.get(slips_page(launched)).text
    assert '<form method="post"' not in leader.get(slips_page(launched)).text.split("<main")[1]


def test_codes_go_thirty_days_after_the_campaign_has_ended(
    launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget_codes, "parts", lambda: launched.parts)
    code = code_of(launched)
    with launched.in_school() as session:
        close(session, launched.campaign_id, OPERATOR, launched.clock())

    launched.clock.turn(days=29)
    forget_codes.run(str(launched.school.id))
    assert enter(launched.browser(), code).heading == "This questionnaire has closed"
    launched.clock.turn(days=2)
    with launched.in_school() as session:
        bells = take_overdue(session, launched.clock(), 100)
        assert Bell(Work.FORGET_CODES, launched.school.id) in bells
    forget_codes.run(str(launched.school.id))

    assert count(launched, PersonalCode) == count(launched, CodeLookup) == 0
    assert WRONG in enter(launched.browser(), code).text
    with launched.in_school() as session:
        mine = select(DueWork.kind).where(DueWork.school_id == launched.school.id)
        assert Work.FORGET_CODES not in session.scalars(mine).all()


def test_slips_are_drawn_while_others_go_on_and_it_is_known_whose_they_are(
    app: Flask, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def draw(*_given: object) -> bytes:
        launched.change(Campaign, launched.campaign_id, name="Renamed meanwhile")
        seen.append(count(launched, PersonalCode))
        return b"%PDF"

    monkeypatch.setattr(slips, "draw_slips", draw)
    with launched.in_school() as session:
        put_in_group(session, "10A", launched.pupil_id)
    launched.change(Message, launched.messages[0].id, state=MessageState.BOUNCED)
    leader = signed_in(app, launched.school)

    submit(leader, slips_page(launched), group="10A", who="unreached")
    submit(leader, slips_page(launched), group="year:10")

    assert seen == [1, 2], "the codes are committed before the drawing"
    with launched.in_school() as session:
        done = select(AuditEvent).where(AuditEvent.action == "codes.printed")
        first, second = [one.detail for one in session.scalars(done.order_by(AuditEvent.at))]
        group_id = session.scalars(select(RosterGroup.id)).one()
    assert first["pupils"] == [str(launched.pupil_id)]
    assert (first["group"], first["group_ids"]) == ("registration", [str(group_id)])
    assert first["unreached_only"] is True
    assert (second["year"], len(second["pupils"])) == (10, 2)


def test_a_whole_year_comes_in_parts_that_one_who_answers_meanwhile_does_not_move(
    app: Flask, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    whose: list[list[UUID]] = []
    monkeypatch.setattr(slips, "in_parts", lambda chosen: in_parts(chosen, most=1))
    monkeypatch.setattr(
        slips,
        "draw_slips",
        lambda _signer, _campaign, chosen, *_rest: (
            whose.append([one.pupil_id for one in chosen]) or b"%PDF"
        ),
    )
    leader = signed_in(app, launched.school)
    page = leader.get(f"{slips_page(launched)}?group=year:10").text
    keys = re.findall(r'name="part" value="([^"]+)"', page)
    assert len(keys) == 2
    assert "Part 1 of 2" in page

    launched.change(Invitation, launched.invitation_id, state=InvitationState.SUBMITTED)
    answers = [submit(leader, slips_page(launched), group="year:10", part=key) for key in keys]

    assert sorted(one.status_code for one in answers) == [200, 422]
    ((other,),) = whose
    assert other != launched.pupil_id
    assert submit(leader, slips_page(launched), part="1.no-id.").status_code == 422


def test_slips_are_for_those_who_can_answer_by_group_and_by_what_mail_did(
    app: Flask, launch: Launch
) -> None:
    launched = launch()
    with launched.in_school() as session:
        rows = session.execute(select(Invitation.id, Invitation.pupil_id)).all()
        others = {pupil: id for id, pupil in rows if pupil != launched.pupil_id}
        other_pupil, other_invitation = next(iter(others.items()))
        put_in_group(session, "10A", launched.pupil_id)
        put_in_group(session, "10B", other_pupil)
    leader = signed_in(app, launched.school)
    page = slips_page(launched)

    assert "2 slips" in leader.get(page).text
    assert "1 slip" in leader.get(f"{page}?group=registration:10A").text
    launched.change(Message, launched.messages[0].id, state=MessageState.BOUNCED)
    with launched.in_school() as session:
        assert queue_copy(session, launched.invitation, uuid4(), launched.clock())
    assert "1 slip" in leader.get(f"{page}?who=unreached").text
    launched.change(Invitation, other_invitation, state=InvitationState.STOPPED)
    assert "1 slip" in leader.get(page).text
    submit(leader, page, group="registration:10B")
    assert count(launched, PersonalCode) == 0


def test_who_has_answered_this_year_by_another_campaign_gets_no_slip_and_no_place_beside(
    app: Flask, launched: Launched
) -> None:
    launched.change(
        Invitation,
        launched.invitation_id,
        state=InvitationState.SUBMITTED,
        submitted_at=launched.clock(),
    )
    with launched.in_school() as session:
        later = create_campaign(
            session,
            launched.parts.library,
            name="Summer",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=launched.clock(),
        )
        launch(session, later.id, OPERATOR, launched.clock())
        while write_next_block(session, launched.clock()):
            pass
        mine = select(Invitation.id).where(
            Invitation.pupil_id == launched.pupil_id, Invitation.campaign_id == later.id
        )
        invitation_id = session.scalars(mine).one()
    leader = signed_in(app, launched.school)

    for who in ("", "unreached"):
        page = leader.get(f"/staff/campaigns/{later.id}/slips?who={who}").text
        assert ("<h2>1 slip</h2>" in page) is (not who), who
    page = f"/staff/invitations/{invitation_id}/beside"
    assert "has answered this school year already" in leader.get(page).text
    assert submit(leader, slips_page(launched), page).status_code == 409

    launched.change(Invitation, launched.invitation_id, reopened_at=launched.clock())
    assert "<h2>2 slips</h2>" in leader.get(f"/staff/campaigns/{later.id}/slips").text
    assert submit(leader, page).status_code == 303


def test_staff_open_the_questions_beside_a_pupil_and_leave_the_browser(
    app: Flask, launched: Launched
) -> None:
    client = signed_in(app, launched.school)
    page = f"/staff/invitations/{launched.invitation_id}/beside"
    assert "You are signed out of this browser" in client.get(page).text
    assert f'href="{page}"' in client.get(f"/staff/pupils/{launched.pupil_id}").text
    before = count(launched, Link)

    opened = submit(client, page)

    assert client.get("/staff/").status_code == 302
    assert count(launched, Link) == before + 1
    student = Browser(client, launched).get(opened.location)
    assert SCHOOLS_OWN in student.text
    student.press().answer("no")
    visit = sessions_of(launched)[-1]
    assert (visit.arrived_by, visit.staff_id) == (
        ArrivedBy.STAFF,
        launched.school.staff[Role.CAREERS_LEADER],
    )
    with launched.in_school() as session:
        asked = select(AuditEvent).where(AuditEvent.action == "answering.opened_beside")
        assert session.scalars(asked).one().subject_id == launched.invitation_id
    leader = signed_in(app, launched.school)
    assert (
        "Opened by staff beside the pupil" in leader.get(f"/staff/pupils/{launched.pupil_id}").text
    )
    launched.change(Invitation, launched.invitation_id, state=InvitationState.STOPPED)
    assert submit(leader, slips_page(launched), page).status_code == 409
    launched.clock.turn(minutes=61)
    assert launched.browser().get(opened.location).status == 410


def test_erased_pupils_leave_no_code_and_a_new_key_keeps_the_others(launched: Launched) -> None:
    with launched.in_school() as session:
        campaign = session.get_one(Campaign, (launched.school.id, launched.campaign_id))
        ids = list(session.scalars(select(Invitation.id)))
        old = CodeKeys(launched.parts.settings.secret_keys[1:])
        assert make_codes(session, old, campaign, ids, launched.clock()) == 2
        code = codes_of(session, old, ids)[launched.invitation_id].code
    assert SCHOOLS_OWN in enter(launched.browser(), code).text

    assert reseal_codes(launched.parts.sessions, keys_of(launched)) == 2
    assert reseal_codes(launched.parts.sessions, keys_of(launched)) == 0

    assert SCHOOLS_OWN in enter(launched.browser(), code).text
    with launched.in_school() as session:
        assert codes_of(session, old, ids) == {}
        erase_pupils(session, [launched.pupil_id], OPERATOR, launched.clock())
    assert count(launched, PersonalCode) == count(launched, CodeLookup) == 1
    assert WRONG in enter(launched.browser(), code).text
