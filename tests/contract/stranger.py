"""A program that knows the published contract and nothing of the code: it runs a whole campaign.

Run by itself for a larger school, beside a running `make run`:

    DATA_DIR=… PORT=… SMTP_URL=… .venv/bin/python -m tests.contract.stranger --pupils 1200
"""

import csv
import http.cookiejar
import io
import json
import random
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.catching import CaughtMail
from tests.contract.forms import Form, read_page

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def make_upn(serial: int) -> str:
    """The check letter is the weighted sum of the digits, weights 2 to 13, modulo 23."""
    body = f"9994001{20 + serial // 1000:02d}{serial % 1000:03d}"
    total = sum(weight * int(digit) for weight, digit in enumerate(body, start=2))
    return CHECK_LETTERS[total % 23] + body


def make_roster(pupils: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        "UPN,MIS ID,Forename,Surname,Date of birth,Year,Reg group,Work email,Home email".split(",")
    )
    for number in range(pupils):
        writer.writerow(
            [
                make_upn(number),
                f"S{number:05d}",
                f"Forename{number}",
                f"Surname{number}",
                f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/2011",
                10 + number % 2,
                f"{10 + number % 2}{'ABCD'[number % 4]}",
                f"s{number}@stranger-school.example",
                "",
            ]
        )
    return out.getvalue()


@dataclass
class Outreach:
    """The command line, as an operator types it."""

    program: Path
    environ: Mapping[str, str]

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [self.program, *words],
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words))


@dataclass
class Browser:
    """Plain HTTP with cookies. Remembers what it answered."""

    rng: random.Random
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        ).open

    def get(self, url: str) -> tuple[str, str]:
        with self._open(url, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def post(self, url: str, fields: list[tuple[str, str]]) -> tuple[str, str]:
        body = urllib.parse.urlencode(fields).encode()
        with self._open(url, body, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def send(self, url: str, form: Form, fields: list[tuple[str, str]]) -> tuple[str, str]:
        target = urllib.parse.urljoin(url, form.action) if form.action else url
        return self.post(target, [*form.hidden.items(), *fields])

    def answer_all(self, link: str) -> str:
        """From the link in the mail to the receipt page, whose text is returned."""
        url, page = self.get(link)
        url, page = self.send(url, read_page(page).forms[0], [])
        for _ in range(100):
            forms = read_page(page).forms
            if not forms:
                return page
            url, page = self.send(url, forms[0], self._choose(url, forms[0]))
        raise AssertionError("a hundred pages, and no receipt")

    def _choose(self, url: str, form: Form) -> list[tuple[str, str]]:
        question = form.question
        if question is None:
            return []
        match question.kind:
            case "radio":
                chosen = [self.rng.choice(question.values)]
                self.given[url.rsplit("/", 1)[1]] = chosen[0]
            case "checkbox":
                chosen = [question.values[0]]
                self.given[url.rsplit("/", 1)[1]] = chosen
            case "number":
                chosen = ["1"]
            case _:
                chosen = ["An answer"]
        return [(question.name, value) for value in chosen]


def wait_for(happened: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(0.25)
    raise AssertionError(f"waited {seconds} s for {what}")


def check_counts(status: dict[str, Any]) -> None:
    """What must add up at every moment."""
    audience = status["audience"]
    asked = audience["asked"]
    assert asked == audience["mailable"] + sum(audience["excluded"].values()), status
    assert asked == sum(status["invitations"].values()), status


def run_campaign(
    outreach: Outreach, folder: Path, mails: list[CaughtMail], pupils: int, urn: str
) -> dict[str, Any]:
    """A whole campaign; returns what was measured. Asserts everything the contract promises."""
    outreach.run("school", "add", "--urn", urn, "--name", "Stranger School")
    member = ["--school", urn, "--email", f"dpo@{urn}.example"]
    outreach.run("staff", "add", *member, "--name", "Dee", "--role", "data_protection")
    outreach.run(
        "sharing", "set", "--school", urn, "--connection", "authorised", "--student-email", "on",
        "--work-email", "on", "--by", f"dpo@{urn}.example",
    )  # fmt: skip
    roster = folder / "roster.csv"
    roster.write_text(make_roster(pupils), encoding="utf-8")
    imported = outreach.json("roster", "import", str(roster), "--school", urn, "--json")
    assert (imported["added"], imported["rejected"]) == (pupils, [])
    again = outreach.json("roster", "import", str(roster), "--school", urn, "--json")
    assert (again["unchanged"], again["added"], again["changed"]) == (pupils, 0, 0)

    made = outreach.json(
        "campaign", "create", "--school", urn, "--questionnaire", "gcse", "--name", "Autumn",
        "--year", "10", "--year", "11", "--json",
    )  # fmt: skip
    campaign = made["id"]
    before = {mail.recipient for mail in mails}
    started = time.monotonic()
    outreach.run("campaign", "launch", campaign)

    def status() -> dict[str, Any]:
        now = outreach.json("campaign", "status", campaign, "--json")
        check_counts(now)
        return now

    wait_for(lambda: status()["messages"].get("accepted") == pupils, 120, "all mails accepted")
    delivered_in = time.monotonic() - started
    ours = [mail for mail in mails if mail.recipient not in before]
    assert len(ours) == pupils
    assert len({mail.recipient for mail in ours}) == pupils

    answered: dict[str, dict[str, Any]] = {}
    for number, mail in enumerate(ours):
        browser = Browser(random.Random(number))
        receipt = browser.answer_all(mail.link)
        assert "FSQ-" in receipt
        answered[mail.recipient] = browser.given

    wait_for(
        lambda: status()["invitations"].get("written_back") == pupils, 120, "results written back"
    )
    check_results(outreach, campaign, urn, answered)
    return {"pupils": pupils, "delivered_in_seconds": round(delivered_in, 2)}


def check_results(
    outreach: Outreach, campaign: str, urn: str, answered: dict[str, dict[str, Any]]
) -> None:
    exported = outreach.json("results", "export", campaign, "--format", "json")["results"]
    assert len(exported) == len(answered)
    for row in exported:
        number = int(row["mis_id"][1:])
        assert row["upn"] == make_upn(number)
        given = answered[f"s{number}@stranger-school.example"]
        assert given
        for question, value in given.items():
            assert row["answers"][question] == value, (question, row["answers"], value)
        assert row["scores"]
    for row in exported[:5]:
        shown = outreach.json("pupil", "show", "--school", urn, "--upn", row["upn"], "--json")
        mine = [entry for entry in shown["entries"] if entry["response"] == row["response"]]
        assert mine
        assert all(entry["version"] == row["version"] for entry in mine)


def main() -> None:
    import argparse
    import os

    from tests.contract.catching import catch_mail

    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--pupils", type=int, default=1200)
    reader.add_argument("--urn", default="123456")
    given = reader.parse_args()
    program = Path(sys.executable).with_name("outreach")
    port = urllib.parse.urlsplit(os.environ["SMTP_URL"]).port
    with catch_mail(port or 0) as catcher:
        folder = Path(os.environ["DATA_DIR"])
        print(
            run_campaign(
                Outreach(program, os.environ), folder, catcher.mails, given.pupils, given.urn
            )
        )


if __name__ == "__main__":
    main()
