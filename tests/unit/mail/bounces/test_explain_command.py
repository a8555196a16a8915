"""`outreach bounces explain`, as the contract has it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outreach.cli.entry import outreach
from outreach.mail import bounces
from outreach.mail.bounces import Kind, Reading, Verdict

HERE = Path(__file__).parent
FULL = HERE / "postfix-mailbox-full-for-good.eml"


def explain(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(outreach, ["bounces", "explain", *arguments], input=given)


def test_a_program_gets_json() -> None:
    told = json.loads(explain(str(FULL), "--json").stdout)
    assert told == {
        "kind": "bounce",
        "verdict": "soft",
        "reason": "mailbox_full",
        "status": "5.2.2",
        "recipient": "amy.field@hill.example",
        "words": "The mailbox is full. Ask the student to delete some mail, or the IT team to give "
        "more room. Then send again.",
    }


def test_half_of_a_surrogate_pair_leaves_valid_json(monkeypatch: pytest.MonkeyPatch) -> None:
    named = b"X-Failed-Recipients: =?utf-7?q?+2AA-amy@hill.example?=\n"
    mail = b"From: mailer-daemon@x.example\nSubject: Undelivered\n" + named + b"\n550 5.1.1 unknown"
    told = json.loads(explain("-", "--json", given=mail).stdout)
    assert told["kind"] == "bounce"

    half = Reading(Kind.BOUNCE, Verdict.HARD, "unknown_user", "5.1.1", "\ud800@hill.example")
    monkeypatch.setattr(bounces, "read", lambda _: half)
    told = json.loads(explain("-", "--json", given=b"").stdout_bytes.decode())
    assert told["recipient"] == "?@hill.example"


def test_standard_input_is_read_where_the_file_is_a_dash() -> None:
    told = json.loads(explain("-", "--json", given=FULL.read_bytes()).stdout)
    assert (told["kind"], told["reason"]) == ("bounce", "mailbox_full")


def test_a_person_gets_words_that_name_nobody() -> None:
    for mail in HERE.glob("*.eml"):
        words = explain(str(mail)).stdout
        assert words.rstrip().endswith(".")
        assert "@hill" not in words
        assert "amy" not in words.lower()


def test_what_is_no_bounce_has_all_the_fields_empty_but_two() -> None:
    told = json.loads(explain("-", "--json", given=b"Hello.").stdout)
    assert told.pop("kind") == "other"
    assert told.pop("words")
    assert told == {"verdict": None, "reason": None, "status": None, "recipient": None}


def test_a_missing_file_is_said_on_stderr_with_exit_code_1(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.eml")
    done = subprocess.run(
        [sys.executable, "-m", "outreach", "bounces", "explain", missing, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing.eml could not be read: No such file" in done.stderr
    assert "Traceback" not in done.stderr
