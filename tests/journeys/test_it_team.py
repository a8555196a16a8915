"""The IT team's way: the page and its link, the check, a test mail, and what became of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.return_paths import read_return_path
from outreach.cli import it as commands
from outreach.cli.context import CommandContext
from outreach.database import transaction
from outreach.it_team.checking import check, last_check
from outreach.it_team.dns.findings import Side, Verdict
from outreach.it_team.models import ItTest, ItTestFetch
from outreach.it_team.sender import sender_details
from outreach.it_team.testing import MOST_A_DAY, remove_test, sealer, send_test
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.models import SuppressionReason
from outreach.pupils.suppressing import suppress
from outreach.schools.account_mail import Claim
from outreach.schools.models import AccountMail, AccountMailKind, AccountMailState, Role
from tests.contract.catching import Catcher
from tests.dns_server import DnsServer, serve_dns, txt
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in
from tests.journeys.staff_pages import submit
from workers.account_mail import envelope_from

MAILBOX = "it.test@hill-test-school.example"
HEADERS = """\
Authentication-Results: spf=pass smtp.mailfrom=b.outreach.example; dkim=none; dmarc=fail header.from=outreach.example
X-Forefront-Antispam-Report: SCL:5;CAT:SPM;
To: it.test@hill-test-school.example
"""


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions, Role.IT, Role.CAREERS_LEADER, Role.DATA_PROTECTION)


@pytest.fixture
def it(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.IT)


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    zone = {
        "outreach.example": txt("v=spf1 ip4:192.0.2.10 -all"),
        "_dmarc.outreach.example": txt("v=DMARC1; p=none"),
        "hill-test-school.example": {"MX": ["0 hill.mail.protection.outlook.com."]},
    }
    with serve_dns(zone) as server:
        yield server


def post(client: FlaskClient, action: str, **fields: str) -> TestResponse:
    return submit(client, "/staff/it-team", action, **fields)


def link_in(text: str) -> str:
    """The path of the link that the mail holds."""
    found = re.search(r"http://127\.0\.0\.1:8000(/it-test/\S+)", text)
    assert found is not None
    return found[1]


def test_the_page_can_be_sent_to_anybody_until_its_link_is_revoked(
    app: Flask, it: FlaskClient, school: MadeSchool
) -> None:
    post(it, "/staff/it-team/links")
    page = it.get("/staff/it-team").text
    found = re.search(r"http://127\.0\.0\.1:8000(/it/[\w.-]+)", page)
    assert found is not None
    stranger = app.test_client()
    shown = stranger.get(found[1])
    assert shown.status_code == 200
    for words in ("outreach.example", "Restrict delivery", "dmarc=pass", "Hill Test School"):
        assert words in shown.text
    assert stranger.get(found[1] + "x").status_code == 404

    revoke = re.search(r'action="(/staff/it-team/links/[^"]+/revoke)"', page)
    assert revoke is not None
    careers = signed_in(app, school, Role.CAREERS_LEADER)
    assert post(careers, revoke[1]).status_code == 403
    post(it, revoke[1])

    assert stranger.get(found[1]).status_code == 404
    assert found[1] not in it.get("/staff/it-team").text


def test_a_check_is_kept_and_names_the_schools_own_system_first(
    wired: web.Parts, school: MadeSchool, it: FlaskClient, dns: DnsServer
) -> None:
    with transaction(wired.sessions, school.id) as session:
        for _ in range(5):
            make_pupil(session)
        make_pupil(session, work="only.one@family-of-four.example")
        sender = replace(sender_details(wired.settings), sending=("192.0.2.10",))
        check(session, sender, dns.place, OPERATOR, wired.clock())

    assert ("family-of-four.example", "MX") not in dns.asked
    with transaction(wired.sessions, school.id) as session:
        kept = last_check(session)
    assert kept is not None
    assert kept.systems == {"microsoft"}
    told = {(one.part, one.verdict) for one in kept.findings}
    assert {("SPF", Verdict.GOOD), ("DMARC", Verdict.NOTE), ("PTR", Verdict.WRONG)} <= told
    assert [one.words for one in kept.findings if one.side is Side.SCHOOL] == [
        "Microsoft 365 (Exchange Online) takes the mail of 5 addresses."
    ]
    page = it.get("/staff/it-team/check").text
    assert "has no name (PTR)" in page
    assert "family-of-four" not in page
    assert "Takes your mail" in it.get("/staff/it-team").text


def test_a_check_without_any_dns_says_so_and_is_no_fault_of_the_sender(
    wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        sender = sender_details(wired.settings)
        found = check(session, sender, "127.0.0.1:1", OPERATOR, wired.clock())

    assert found.wrong == 0
    assert found.unanswered >= 3


def test_a_test_mail_tells_what_arrived_and_what_a_scanner_did(
    app: Flask, wired: web.Parts, school: MadeSchool, it: FlaskClient, mailbox: Catcher
) -> None:
    post(it, "/staff/it-team/tests", unit="Year 10 students", address=MAILBOX)
    run_workers(wired)
    [mail] = mailbox.mails
    assert mail.recipient == MAILBOX
    assert "Hill Test School via Future Skills" in str(mail.message["From"])
    link = link_in(mail.text)
    scanner, person = app.test_client(), app.test_client()
    assert scanner.head(link).status_code == 200
    assert scanner.get(link).status_code == 200
    assert scanner.post(link, data={"arrival": "inbox"}).status_code == 422
    person.get(link)
    assert "Nobody has said" in it.get("/staff/it-team/tests").text

    assert submit(person, link).status_code == 422
    assert submit(person, link, arrival="nowhere").status_code == 422
    answer = submit(person, link, arrival="junk", headers=HEADERS)

    assert "found in: Junk" in answer.text
    with transaction(wired.sessions, school.id) as session:
        test = session.scalars(select(ItTest)).one()
        counted = session.scalars(
            select(ItTestFetch.method).where(ItTestFetch.is_person.is_(False))
        ).all()
        assert sorted(counted) == ["GET", "HEAD", "POST"]
        assert "@" not in str(test.headers)
        assert MAILBOX.encode() not in test.sealed_address
    page = it.get(f"/staff/it-team/tests/{test.id}").text
    assert "opened 3 times without a person" in page
    assert "spam confidence level 5" in page
    assert "by whoever opened its link" in page
    post(it, f"/staff/it-team/tests/{test.id}", arrival="quarantine")
    person.get(link)
    page = it.get(f"/staff/it-team/tests/{test.id}").text
    assert "opened 3 times without a person" in page
    assert "by a member of staff" in page

    post(it, f"/staff/it-team/tests/{test.id}/remove")
    assert person.get(link).status_code == 404
    assert it.get(f"/staff/it-team/tests/{test.id}").status_code == 404


def test_staff_say_that_it_did_not_arrive_and_paste_headers(
    app: Flask, wired: web.Parts, school: MadeSchool, it: FlaskClient
) -> None:
    with transaction(wired.sessions, school.id) as session:
        sealing = sealer(wired.settings.secret_keys)
        test_id = send_test(session, sealing, "Sixth form", MAILBOX, OPERATOR, wired.clock())
    address = f"/staff/it-team/tests/{test_id}"
    assert "Choose where" in post(it, address).text
    assert "Nothing that we can read" in post(it, address, headers="hello").text
    assert post(signed_in(app, school, Role.CAREERS_LEADER), address).status_code == 403

    post(it, address, arrival="nowhere")

    assert "Did not arrive" in it.get(address).text
    assert "by a member of staff" in it.get(address).text
    post(it, address, headers=HEADERS)
    assert "taken for spam" in it.get(address).text


def test_a_test_returns_the_way_an_invite_does(wired: web.Parts, school: MadeSchool) -> None:
    settings = replace(wired.settings, bounce_domain="b.outreach.example")
    kinds = (AccountMailKind.IT_TEST, AccountMailKind.RESET)
    test, reset = (Claim(uuid4(), None, kind, school.id, 1) for kind in kinds)

    parts = replace(wired, settings=settings)
    returns_to = envelope_from(parts, test)

    assert read_return_path(settings, wired.signer, returns_to).row_id == test.mail_id
    assert envelope_from(parts, reset) == "questionnaires@outreach.example"


def test_no_test_is_sent_to_a_pupil_to_a_suppressed_address_or_without_end(
    wired: web.Parts, school: MadeSchool, it: FlaskClient, mailbox: Catcher
) -> None:
    gone = "gone@hill-test-school.example"
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session, work="a.pupil@hill-test-school.example")
        suppress(
            session,
            hash_address(address_key(session), gone),
            SuppressionReason.BOUNCED,
            "dsn",
            wired.clock(),
        )
    here = "/staff/it-team/tests"
    for address, words in (
        ("A.Pupil@hill-test-school.example", "a pupil's on the roster"),
        (gone, "must not be mailed"),
        ("no address", "address"),
    ):
        answer = post(it, here, unit="Year 7", address=address)
        assert answer.status_code == 422
        assert words.replace("'", "&#39;") in answer.text
    assert "Enter the unit" in post(it, here, address=MAILBOX).text

    with transaction(wired.sessions, school.id) as session:
        sealing = sealer(wired.settings.secret_keys)
        for _ in range(MOST_A_DAY):
            send_test(session, sealing, "Year 7", MAILBOX, OPERATOR, wired.clock())
        make_pupil(session, work=MAILBOX)
        for test_id in session.scalars(select(ItTest.id)).all()[:5]:
            remove_test(session, test_id, OPERATOR, wired.clock())
    assert (
        post(it, here, unit="Year 7", address="other@hill-test-school.example").status_code == 409
    )
    run_workers(wired)

    assert mailbox.mails == []
    with transaction(wired.sessions, school.id) as session:
        states = set(session.scalars(select(AccountMail.state)))
        assert states == {AccountMailState.FAILED}
        later = wired.clock() + timedelta(days=91)
        send_test(session, sealing, "Year 8", "new@hill-test-school.example", OPERATOR, later)
        assert len(session.scalars(select(ItTest)).all()) == 1


def test_the_commands_show_the_records_and_ask_the_dns_server_of_the_settings(
    school: MadeSchool, dns: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> Result:
        with click.Context(commands.it) as context:
            return CliRunner().invoke(commands.it, arguments, obj=CommandContext(context))

    monkeypatch.setenv("DNS_RESOLVER", dns.place)
    monkeypatch.setenv("SENDING_HOSTS", "192.0.2.10")

    shown = json.loads(run("show", "--json").stdout)
    assert shown["records"] == {"outreach.example": "v=spf1 ip4:192.0.2.10 -all"}
    checked = run("check", "--school", school.urn, "--json")
    assert checked.exit_code == 1
    document = json.loads(checked.stdout)
    assert document["well"] is False
    assert {"SPF", "DKIM", "DMARC", "PTR"} <= {one["part"] for one in document["findings"]}
    assert "MEND  PTR 192.0.2.10" in run("check").stdout
    monkeypatch.setenv("DNS_RESOLVER", "127.0.0.1:1")
    silent = run("check")
    assert silent.exit_code == 1
    assert "DNS did not answer" in silent.stderr
