"""A stranger's program beside a running set: the published contract, over real sockets only."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from outreach.running.forgetting import forget
from outreach.settings import PROJECT_ROOT
from tests.contract.catching import Catcher, CaughtMail, catch_mail, free_port
from tests.contract.command import Outreach, wait_for
from tests.contract.roster import make_row, write_roster
from tests.contract.stranger import create_campaign, run_campaign, set_school_up
from tests.contract.student import FINISHED, Browser, Page
from tests.failures.running_set import RunningSet, environ_for

pytestmark = pytest.mark.xdist_group("stranger")  # one set of processes serves them all
PROGRAM = PROJECT_ROOT / ".venv/bin/outreach"


@dataclass
class Service:
    """All that a stranger is given: a command, an address, and mail at their own server."""

    outreach: Outreach
    url: str
    catcher: Catcher
    folder: Path


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    folder = Path(tempfile.mkdtemp(prefix="outreach-stranger-"))
    port = free_port()
    with catch_mail() as catcher:
        given = {"PORT": str(port), "SMTP_URL": catcher.url}
        running = RunningSet(folder / "data", **given)
        try:
            running.wait_until_ready()
            outreach = Outreach(PROGRAM, environ_for(folder / "data", **given))
            yield Service(outreach, f"http://127.0.0.1:{port}", catcher, folder)
            assert running.process.poll() is None, running.text
        finally:
            running.end()
            forget(folder / "data")
            shutil.rmtree(folder)


@pytest.fixture
def browser() -> Iterator[Callable[[], Browser]]:
    """Each call is another device."""
    opened: list[Browser] = []

    def open_browser() -> Browser:
        opened.append(Browser(len(opened)))
        return opened[-1]

    yield open_browser
    for one in opened:
        one.close()


def test_a_stranger_runs_a_whole_campaign(service: Service) -> None:
    figures = run_campaign(
        service.outreach, service.folder, service.catcher.mails, pupils=12, urn="123456", threads=2
    )
    assert figures.pupils == 12
    domains = {mail.recipient.partition("@")[2] for mail in service.catcher.mails}
    receipts = {"123456.example"}
    assert domains - receipts == {"pupils-123456.example"}, "mail of the demo school must stay here"


def test_refusals_and_wrong_use_have_their_exit_codes(service: Service) -> None:
    outreach = service.outreach
    nobody = "00000000-0000-0000-0000-000000000000"
    outreach.refuse("campaign", "create", "--school", "123450", code=2)
    outreach.refuse("campaign", "resend", nobody, "--state", "accepted", code=2)
    outreach.refuse("campaign", "status", "not-an-id", "--json", code=2)
    assert "123450" in outreach.refuse("sharing", "show", "--school", "123450", "--json")
    outreach.refuse("campaign", "launch", nobody)
    outreach.refuse("demo")
    assert "DATABASE_URL" not in outreach.run("roster", "import", "--help")


def test_a_roster_is_told_row_by_row_and_nobody_is_mailed_before_the_school_agrees(
    service: Service,
) -> None:
    outreach, urn = service.outreach, "123457"
    outreach.run("school", "add", "--urn", urn, "--name", "Stranger School Two")
    rows = [make_row(number, "pupils-two.example") for number in range(4)]
    wrong = rows[0]["UPN"][:-1] + ("1" if rows[0]["UPN"][-1] == "0" else "0")
    broken = [rows[0] | {"MIS ID": "S9", "UPN": wrong}, rows[1] | {"Year": "sixty"}]
    file = service.folder / "two.csv"

    def take(*more: str, code: int = 0) -> str:
        words = ("roster", "import", str(file), "--school", urn, "--json", *more)
        return outreach.run(*words, code=code)

    file.write_text(write_roster(broken))
    assert '"reason"' in take(code=1)
    file.write_text(write_roster([*rows[:3], broken[0]], delimiter=";"), encoding="cp1252")
    imported = outreach.json("roster", "import", str(file), "--school", urn, "--json")
    assert imported["added"] == 3
    [rejected] = imported["rejected"]
    assert (rejected["row"], rejected["column"], rejected["value"]) == (5, "UPN", wrong)
    assert rejected["reason"]
    file.write_text("\ufeff" + write_roster(rows[3:]), encoding="utf-8")
    assert "--confirm-drop" in outreach.refuse(
        "roster", "import", str(file), "--school", urn, "--full", "--json"
    )
    confirmed = '"missing": 3'
    assert confirmed in take("--full", "--confirm-drop", "--dry-run")

    shown = outreach.json("sharing", "show", "--school", urn, "--json")
    switches = ("student_email", "work_email", "home_email")
    assert shown["connection"] == "not_connected"
    assert not any(shown[switch] for switch in switches)
    made = create_campaign(outreach, urn, "Too early")
    assert made["audience"]["excluded"]["not_connected"] == made["audience"]["asked"] == 3
    outreach.refuse("campaign", "launch", made["id"])
    assert outreach.status(made["id"])["state"] == "draft"


@pytest.fixture(scope="module")
def five(service: Service) -> dict[str, str]:
    """A launched campaign whose five pupils meet five answers of the mail server."""
    outreach, urn = service.outreach, "123458"
    set_school_up(outreach, urn)
    rows = [make_row(number, "pupils-five.example") for number in range(5)]
    file = service.folder / "five.csv"
    file.write_text(write_roster(rows))
    outreach.run("roster", "import", str(file), "--school", urn)
    names = ("taken", "later", "refused", "cut", "cut_and_stopped")
    people = {name: row["Work email"] for name, row in zip(names, rows, strict=True)}
    catcher = service.catcher
    catcher.once[people["later"]] = "451 4.2.1 Come back later"
    catcher.answers[people["refused"]] = "550 5.1.1 No such person here"
    catcher.cut |= {people["cut"], people["cut_and_stopped"]}
    campaign = create_campaign(outreach, urn, "Five")["id"]
    outreach.run("campaign", "launch", campaign)
    settled = {"accepted": 2, "refused": 1, "unknown": 2}
    wait_for(lambda: _counts(outreach, campaign) == settled, "the fate of each mail", every=2)
    return people | {"campaign": campaign}


def _counts(outreach: Outreach, campaign: str) -> dict[str, int]:
    messages = outreach.status(campaign)["messages"]
    return {state: count for state, count in messages.items() if count}


def test_each_mail_is_handed_over_once_and_only_a_person_sends_again(
    service: Service, five: dict[str, str], browser: Callable[[], Browser]
) -> None:
    outreach, catcher, campaign = service.outreach, service.catcher, five["campaign"]
    mails = {name: catcher.sent_to(five[name]) for name in five}
    assert {name: len(mails[name]) for name in ("taken", "later", "cut", "refused")} == {
        "taken": 1, "later": 1, "cut": 1, "refused": 0,
    }  # fmt: skip
    stopped = mails["cut_and_stopped"][0]
    for _ in range(2):
        answer = browser().post(stopped.one_click_url, [("List-Unsubscribe", "One-Click")])
        assert answer.status == 200
    assert browser().get(stopped.link).status == 200

    catcher.answers.clear()
    catcher.cut.clear()
    for state in ("unknown", "refused"):
        outreach.run("campaign", "resend", campaign, "--state", state)
    again = {"accepted": 4, "refused": 1, "unknown": 2}
    wait_for(lambda: _counts(outreach, campaign) == again, "both mails sent again", every=2)
    assert len(catcher.sent_to(five["refused"])) == 1
    first, second = catcher.sent_to(five["cut"])
    assert first.link == second.link
    assert len(catcher.sent_to(five["cut_and_stopped"])) == 1


def test_looking_at_a_link_changes_nothing_and_every_dead_link_says_so(
    service: Service, five: dict[str, str], browser: Callable[[], Browser]
) -> None:
    outreach, campaign = service.outreach, five["campaign"]
    links = {name: mail.link for name in ("taken", "later") for mail in _first(service, five[name])}
    stop_url = service.catcher.sent_to(five["taken"])[0].one_click_url
    before = outreach.status(campaign)
    for url in (links["taken"], stop_url):
        assert browser().head(url).status == 200
        assert [browser().get(url).status for _ in range(3)] == [200] * 3
    assert browser().get(links["taken"][:-1]).status == 404
    assert browser().get(_with_another_letter(links["taken"])).status == 404
    assert browser().get(service.url + "/q/nothing").status == 404
    assert outreach.status(campaign) == before

    student = browser()
    student.answer_all(links["taken"])
    for who in (student, browser()):
        sent = who.get(links["taken"])
        assert (sent.status, sent.forms) == (200, [])
    half_way = browser()
    page = half_way.answer(half_way.start(links["later"]))
    assert outreach.status(campaign)["invitations"]["started"] == 1
    outreach.run("campaign", "pause", campaign)
    page = half_way.answer(page)
    outreach.run("campaign", "resume", campaign)
    outreach.run("campaign", "close", campaign)
    assert half_way.send(page, page.forms[0], _any_answer(page)).status == 410
    assert browser().get(links["later"]).status == 410
    closed = outreach.status(campaign)
    assert closed["state"] == "closed"
    assert closed["invitations"]["submitted"] + closed["invitations"]["written_back"] == 1
    export = outreach.run("results", "export", campaign, "--format", "csv")
    assert len(export.splitlines()) == 2
    assert FINISHED not in export


def test_a_staff_member_sets_up_their_account_by_the_printed_link_once(
    service: Service, browser: Callable[[], Browser]
) -> None:
    email, word = "lead@123459.example", "a-long-enough-pass-phrase"
    outreach = service.outreach
    outreach.run("school", "add", "--urn", "123459", "--name", "Stranger School Three")
    printed = outreach.run(
        "staff", "add", "--school", "123459", "--email", email, "--name", "Lee",
        "--role", "careers_leader",
    )  # fmt: skip
    found = re.search(r"https?://\S+", printed)
    assert found
    member = browser()
    page = member.get(found.group(0))
    [form] = page.forms
    assert member.send(page, form, [(name, word) for name in form.fields]).status == 200
    assert browser().get(found.group(0)).status in (404, 410)
    assert member.get(service.url + "/staff/campaigns").status == 200


def _first(service: Service, recipient: str) -> list[CaughtMail]:
    return service.catcher.sent_to(recipient)[:1]


def _with_another_letter(link: str) -> str:
    """One letter in the middle of the token is another."""
    path = urlsplit(link).path
    place = len(link) - len(path) + len("/q/") + len(path) // 2
    other = "A" if link[place] != "A" else "B"
    return link[:place] + other + link[place + 1 :]


def _any_answer(page: Page) -> list[tuple[str, str]]:
    question = page.forms[0].question
    return [(question.name, (question.values or ["x"])[0])] if question else []
