"""A campaign of the demo school of which some mail fails, for the album of `make screens`.

By the commands of the README and the tags of the demo mailbox: unknown users, full mailboxes, a domain
that turns mail away, and one-clicks as a scanner makes them.
"""

import email
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

from outreach.demo.loading import URN
from outreach.settings import PROJECT_ROOT

PATIENCE = 90.0
SCHOOL, HELD, SCANNED = (
    "hillside-demo-school.example",
    "students.moorland.example",
    "learners.meadow.example",
)
PUPILS = (
    ("Aisha", "Bramley", f"+bounce@{SCHOOL}"),
    ("Ben", "Copperfield", f"+bounce@{SCHOOL}"),
    ("Chloe", "Damson", f"+full@{SCHOOL}"),
    ("Dev", "Elderwood", f"+full@{SCHOOL}"),
    ("Ella", "Fairweather", f"+away@{SCHOOL}"),
    ("Finn", "Garland", f"+blocked@{HELD}"),
    ("Grace", "Hawthorne", f"+blocked@{HELD}"),
    ("Hugo", "Inglewood-Featherstone", f"+blocked@{HELD}"),
    ("Isla", "Juniper", f"+blocked@{HELD}"),
    ("Jack", "Kestrel", f"@{SCANNED}"),
    ("Kira", "Larkspur", f"@{SCANNED}"),
    ("Liam", "Mulberry", f"@{SCANNED}"),
    ("Mia", "Nightingale", f"@{SCANNED}"),
    ("Noah", "Oakley", f"@{SCANNED}"),
)
BOUNCES = sum("+" in address and "+away" not in address for *_, address in PUPILS)
CLICKS = sum(SCANNED in address for *_, address in PUPILS)
STOP = re.compile(r"<(http://[^>]+)>")


def make_campaign(data_dir: Path, closes: str) -> str:
    """Launched, its mail handed over and come back; its id. `closes` is a day, as 2026-12-18."""
    roster = data_dir / "failing-mail.csv"
    roster.write_text(_roster())
    _outreach(data_dir, "roster", "import", str(roster), "--school", URN)
    asked = ("--name", "Autumn, Year 10 (demo)", "--year", "10", "--closes", closes, "--json")
    said = _outreach(
        data_dir, "campaign", "create", "--school", URN, "--questionnaire", "gcse", *asked
    )
    campaign = str(json.loads(said)["id"])
    _outreach(data_dir, "campaign", "launch", campaign)
    clicked: set[str] = set()
    _wait_until(lambda: len(_press_stop(data_dir / "mailbox", clicked)) == CLICKS)
    _wait_until(lambda: _messages(data_dir, campaign)["bounced"] >= BOUNCES)
    return campaign


def _roster() -> str:
    lines = ["MIS ID,Forename,Surname,Date of birth,Year,Reg group,Work email"]
    for number, (forename, surname, address) in enumerate(PUPILS):
        group = f"10{'ABCD'[number % 4]}"
        born, local = f"{number + 1:02d}/03/2012", f"{forename}.{surname}".lower()
        lines.append(
            f"{9001 + number},{forename},{surname},{born},Year 10,{group},{local}{address}"
        )
    return "\n".join(lines) + "\n"


def _press_stop(mailbox: Path, clicked: set[str]) -> set[str]:
    """Every mail to the scanned domain, at once, as a program does that presses what it finds."""
    for path in mailbox.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found = STOP.search(str(mail["List-Unsubscribe"] or ""))
        if found and SCANNED in str(mail["To"]) and found[1] not in clicked:
            request = urllib.request.Request(
                found[1],
                data=b"List-Unsubscribe=One-Click",
                headers={"User-Agent": "Mozilla/5.0 (Mimecast)"},
            )
            urllib.request.urlopen(request, timeout=30).close()
            clicked.add(found[1])
    return clicked


def _messages(data_dir: Path, campaign: str) -> Counter[str]:
    return Counter(
        json.loads(_outreach(data_dir, "campaign", "status", campaign, "--json"))["messages"]
    )


def _outreach(data_dir: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "outreach", *words],
        env=os.environ | {"DATA_DIR": str(data_dir)},
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _wait_until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends_at, "The demo school's mail did not come back in time."
        time.sleep(1)
