"""Returned mails as mail systems write them, and what is read from each."""

from pathlib import Path

import pytest
import yaml

from outreach.mail.bounces import Reading, read, read_each
from outreach.mail.bounces.tables import meanings
from outreach.mail.bounces.unpacking import unpack

HERE = Path(__file__).parent
EXPECTED: dict[str, list[str | None]] = yaml.safe_load((HERE / "expected.yaml").read_text("utf-8"))


def told(reading: Reading) -> list[str | None]:
    return [reading.kind, reading.verdict, reading.reason, reading.status, reading.recipient]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mail_is_read_as_it_is_meant(name: str) -> None:
    assert told(read((HERE / f"{name}.eml").read_bytes())) == EXPECTED[name]


def test_every_mail_here_has_an_expectation() -> None:
    assert {path.stem for path in HERE.glob("*.eml")} == EXPECTED.keys()
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", EXPECTED)
def test_line_ends_do_not_matter(name: str) -> None:
    raw = (HERE / f"{name}.eml").read_bytes()
    with_cr = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert read(with_cr) == read(raw)


def test_several_recipients_are_read_apart_those_that_failed_first() -> None:
    readings = read_each((HERE / "several-recipients.eml").read_bytes())
    assert [(one.kind, one.reason, one.recipient) for one in readings] == [
        ("bounce", "unknown_user", "amy.field@hill.example"),
        ("bounce", "blocked", "dan.hope@hill.example"),
        ("delayed", "mailbox_full", "cat.wood@hill.example"),
        ("other", None, "ben.moor@hill.example"),
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("outlook-bulk-sender", "550 5.7.515 Access denied, sending domain outreach.example"),
        ("mailmarshal-text", "5.7.1 Message rejected as spam by content scanning"),
        ("aol-not-from-us", ""),
    ],
)
def test_what_the_refusing_server_said_comes_along_without_what_is_told_around_it(
    name: str, said: str
) -> None:
    told_by_server = read((HERE / f"{name}.eml").read_bytes()).said.strip()
    assert told_by_server.startswith(said)
    assert bool(told_by_server) == bool(said)
    assert "amy" not in told_by_server.lower()


def test_a_verdict_comes_with_a_reason_that_has_words() -> None:
    for name in EXPECTED:
        reading = read((HERE / f"{name}.eml").read_bytes())
        assert (reading.verdict is None) == (reading.reason is None), name
        assert reading.reason is None or reading.reason in meanings(), name


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_printed_of_a_reading_or_a_mail_names_nobody(name: str) -> None:
    raw = (HERE / f"{name}.eml").read_bytes()
    assert "@" not in f"{read(raw)!r} {unpack(raw)!r}"
