"""A program that knows the published contract and nothing of the code: it runs a whole campaign.

Run by itself for a larger school, beside a running `make run`:

    DATA_DIR=… PORT=… SMTP_URL=… .venv/bin/python -m tests.contract.stranger --pupils 1200
"""

import argparse
import os
import sys
import time
import urllib.parse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.catching import CaughtMail, catch_mail
from tests.contract.command import Outreach, wait_for
from tests.contract.roster import make_roster, make_upn
from tests.contract.student import Browser

Answers = dict[str, dict[str, Any]]
"""What was answered, by question id, for each recipient."""


@dataclass(frozen=True)
class Figures:
    pupils: int
    delivered_in_seconds: float
    answered_in_seconds: float
    requests: int
    written_back_in_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.pupils} pupils: mails accepted in {self.delivered_in_seconds:.1f} s, "
            f"answered in {self.answered_in_seconds:.1f} s "
            f"({self.requests / self.answered_in_seconds:.0f} requests a second), "
            f"written back {self.written_back_in_seconds:.1f} s later"
        )


def set_school_up(outreach: Outreach, urn: str) -> None:
    """A school with a data protection lead, who turns on mail to addresses from the school."""
    lead = f"dpo@{urn}.example"
    outreach.run("school", "add", "--urn", urn, "--name", "Stranger School")
    outreach.run(
        "staff", "add", "--school", urn, "--email", lead, "--name", "Dee",
        "--role", "data_protection",
    )  # fmt: skip
    outreach.run(
        "sharing", "set", "--school", urn, "--connection", "authorised", "--student-email", "on",
        "--work-email", "on", "--by", lead,
    )  # fmt: skip


def import_twice(outreach: Outreach, folder: Path, urn: str, pupils: int, domain: str) -> None:
    roster = folder / f"roster-{urn}.csv"
    roster.write_text(make_roster(pupils, domain), encoding="utf-8")
    imported = outreach.json("roster", "import", str(roster), "--school", urn, "--json")
    assert (imported["added"], imported["rejected"]) == (pupils, [])
    again = outreach.json("roster", "import", str(roster), "--school", urn, "--json")
    assert (again["unchanged"], again["added"], again["changed"]) == (pupils, 0, 0)


def create_campaign(outreach: Outreach, urn: str, name: str) -> dict[str, Any]:
    made: dict[str, Any] = outreach.json(
        "campaign", "create", "--school", urn, "--questionnaire", "gcse", "--name", name,
        "--year", "10", "--year", "11", "--json",
    )  # fmt: skip
    assert made["state"] == "draft"
    return made


def run_campaign(
    outreach: Outreach,
    folder: Path,
    mails: list[CaughtMail],
    pupils: int,
    urn: str,
    threads: int = 1,
) -> Figures:
    """A whole campaign, from a new school to its results. Asserts what the contract promises."""
    domain = f"pupils-{urn}.example"
    set_school_up(outreach, urn)
    import_twice(outreach, folder, urn, pupils, domain)
    made = create_campaign(outreach, urn, "Autumn")
    assert made["audience"] == {"asked": pupils, "mailable": pupils, "excluded": _nobody(made)}
    campaign = made["id"]
    draft = outreach.status(campaign)
    assert (draft["state"], draft["audience"]) == ("draft", made["audience"])
    assert sum(draft["messages"].values()) == 0

    started = time.monotonic()
    outreach.run("campaign", "launch", campaign)
    wait_for(
        lambda: outreach.status(campaign)["messages"].get("accepted") == pupils,
        "all mails accepted",
    )
    delivered = time.monotonic()
    ours = [mail for mail in mails if mail.recipient.endswith(f"@{domain}")]
    assert len(ours) == len({mail.recipient for mail in ours}) == pupils

    answered, requests = answer_links(ours, threads)
    finished = time.monotonic()
    wait_for(
        lambda: outreach.status(campaign)["invitations"].get("written_back") == pupils,
        "results written back",
    )
    written_back = time.monotonic()
    check_results(outreach, campaign, urn, domain, answered)
    return Figures(
        pupils, delivered - started, finished - delivered, requests, written_back - finished
    )


def answer_links(mails: Sequence[CaughtMail], threads: int) -> tuple[Answers, int]:
    """Each by a browser of its own, `threads` at a time; also the number of requests it took."""

    def answer(number: int) -> Browser:
        browser = Browser(number)
        browser.answer_all(mails[number].link)
        browser.close()
        return browser

    with ThreadPoolExecutor(threads) as pool:
        browsers = list(pool.map(answer, range(len(mails))))
    answered = {mail.recipient: one.given for mail, one in zip(mails, browsers, strict=True)}
    return answered, sum(browser.requests for browser in browsers)


def check_results(
    outreach: Outreach, campaign: str, urn: str, domain: str, answered: Answers
) -> None:
    exported = outreach.json("results", "export", campaign, "--format", "json")["results"]
    assert len(exported) == len({row["response"] for row in exported}) == len(answered)
    for row in exported:
        number = int(row["mis_id"][1:])
        assert row["upn"] == make_upn(number)
        assert (row["questionnaire"], type(row["version"])) == ("gcse", int)
        given = answered[f"s{number}@{domain}"]
        assert row["answers"] == given
        assert row["scores"]
    for row, key, name in zip(exported[:2], ("upn", "mis_id"), ("--upn", "--mis-id"), strict=True):
        shown = outreach.json("pupil", "show", "--school", urn, name, row[key], "--json")
        assert shown["pupil"][key] == row[key]
        mine = [entry for entry in shown["entries"] if entry["response"] == row["response"]]
        assert mine
        assert len({entry["field"] for entry in mine}) == len(mine)
        for entry in mine:
            assert (entry["questionnaire"], entry["version"]) == ("gcse", row["version"])
            assert entry["source"]
            assert entry["recorded_at"]


def _nobody(made: dict[str, Any]) -> dict[str, int]:
    """The reasons as they were given, every one of them with nobody in it."""
    return dict.fromkeys(made["audience"]["excluded"], 0)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--pupils", type=int, default=1200)
    reader.add_argument("--urn", default="123456")
    reader.add_argument("--threads", type=int, default=1)
    given = reader.parse_args()
    program = Path(sys.executable).with_name("outreach")
    port = urllib.parse.urlsplit(os.environ["SMTP_URL"]).port
    with catch_mail(port or 0) as catcher:
        outreach = Outreach(program, os.environ)
        folder = Path(os.environ["DATA_DIR"])
        print(run_campaign(outreach, folder, catcher.mails, given.pupils, given.urn, given.threads))


if __name__ == "__main__":
    main()
