"""Mail programs that press “stop” by themselves: obeyed at once, told to a person, and undone by one."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from outreach import web
from outreach.audit import AuditEvent
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.scanner_alarms import MANY, open_alarms
from outreach.campaigns.scanners import guess, scanners
from outreach.clock import now
from outreach.database import transaction
from outreach.schools.models import Role
from tests.contract.catching import Catcher
from tests.factories import run_workers, signed_in
from tests.journeys.staff_pages import submit
from tests.outbox import Outbox, launched

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def sent(wired: web.Parts, mailbox: Catcher) -> Outbox:
    outbox = launched(wired, pupils=MANY + 2)
    run_workers(wired)
    assert outbox.mails == {"accepted": MANY + 2}
    return outbox


def click(client: FlaskClient, mailbox: Catcher, address: str, agent: str = "") -> None:
    (mail,) = mailbox.sent_to(address)
    url = mail.one_click_url.removeprefix("http://127.0.0.1:8000")
    answer = client.post(url, data=ONE_CLICK, headers={"User-Agent": agent})
    assert answer.status_code == 200


def press(client: FlaskClient, mailbox: Catcher, address: str) -> None:
    """As a person does, on the page."""
    (mail,) = mailbox.sent_to(address)
    url = mail.one_click_url.removeprefix("http://127.0.0.1:8000")
    assert submit(client, f"{url}/all", f"{url}/mail").status_code == 303


def stopped(outbox: Outbox) -> int:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return len(
            session.scalars(
                select(Invitation.id).where(Invitation.mail_stopped_at.is_not(None))
            ).all()
        )


def alarms(outbox: Outbox) -> list[tuple[str, str, int]]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        found = open_alarms(session, outbox.campaign_id)
        return [(one.domain, one.scanner, one.stops) for one in found]


def test_a_run_of_one_clicks_is_one_alarm_that_a_person_undoes_for_all_but_persons(
    app: Flask, sent: Outbox, client: FlaskClient, mailbox: Catcher
) -> None:
    *scanned, person, late = sent.addresses
    for address in scanned[:-1]:
        click(client, mailbox, address, "Mimecast-URL-Scanner/1.0")
    assert alarms(sent) == []
    click(client, mailbox, scanned[-1])
    assert alarms(sent) == [("pupils.example", "Mimecast", MANY)]
    click(client, mailbox, person)
    press(client, mailbox, person)
    assert alarms(sent) == [("pupils.example", "Mimecast", MANY)]
    assert stopped(sent) == MANY + 1

    staff = signed_in(app, sent.school)
    campaign = f"/staff/campaigns/{sent.campaign_id}"
    page = staff.get(campaign).text
    assert f"may have stopped mail to {MANY} students" in page
    assert "Mimecast" in page
    with transaction(sent.wired.sessions, sent.school.id) as session:
        (alarm,) = open_alarms(session, sent.campaign_id)
    where = f"/staff/campaigns/{sent.campaign_id}/scanner/{alarm.id}"
    assert submit(staff, campaign, where, decision="perhaps").status_code == 400
    assert submit(staff, campaign, where, decision="undone").status_code == 303
    # The second time nothing is left to undo.
    assert submit(staff, "/staff/pupils", where, decision="undone").status_code == 303
    assert stopped(sent) == 1
    assert alarms(sent) == []
    with transaction(sent.wired.sessions, sent.school.id) as session:
        here = AuditEvent.action == "scanner_alarm.undone"
        (told,) = session.scalars(select(AuditEvent).where(here))
        assert told.detail == {"one_clicks": MANY}
    click(client, mailbox, late)
    assert alarms(sent) == []


def test_one_clicks_that_a_person_could_have_made_raise_nothing(
    sent: Outbox, client: FlaskClient, mailbox: Catcher
) -> None:
    with transaction(sent.wired.sessions, sent.school.id) as session:
        earlier = now() - timedelta(minutes=2)
        session.execute(update(Message).values(changed_at=earlier))
    for address in sent.addresses:
        click(client, mailbox, address)
    assert stopped(sent) == MANY + 2
    assert alarms(sent) == []


def test_left_as_it_is_an_alarm_is_over_and_mail_stays_stopped(
    app: Flask, sent: Outbox, client: FlaskClient, mailbox: Catcher
) -> None:
    for address in sent.addresses:
        click(client, mailbox, address)
    ((_, scanner, stops),) = alarms(sent)
    assert (scanner, stops) == ("", MANY + 2)
    staff = signed_in(app, sent.school, Role.ADMIN)
    with transaction(sent.wired.sessions, sent.school.id) as session:
        (alarm,) = open_alarms(session, sent.campaign_id)
    where = f"/staff/campaigns/{sent.campaign_id}/scanner/{alarm.id}"
    submit(staff, f"/staff/campaigns/{sent.campaign_id}", where, decision="left")
    assert alarms(sent) == []
    assert stopped(sent) == MANY + 2


def test_a_scanner_is_known_by_its_name_or_its_network_and_else_not_named() -> None:
    assert guess("Mozilla/5.0 (compatible; Barracuda Sentinel)", "192.0.2.1") == "barracuda"
    assert guess("Mozilla/5.0", "104.47.1.2") == "microsoft"
    assert guess("Mozilla/5.0", "2a01:111:f400::1") == "microsoft"
    assert guess("Mozilla/5.0", "192.0.2.1") is None
    assert guess("", "") is None
    for scanner in scanners().values():
        assert bool(scanner.networks) == bool(scanner.source), scanner.key
