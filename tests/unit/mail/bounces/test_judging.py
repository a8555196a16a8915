"""The code decides; words are asked only where it leaves the matter open."""

from pathlib import Path

import pytest

from outreach.mail.bounces import tables
from outreach.mail.bounces.judging import judge, status_field


@pytest.mark.parametrize(
    ("status", "reply", "judged"),
    [
        ("5.1.1", "550 5.1.1 mailbox full", ("hard", "unknown_user", "5.1.1")),
        ("5.7.1", "550 5.7.1 user unknown", ("policy", "policy", "5.7.1")),
        ("5.7.1", "550 5.7.1 blocked by our list", ("policy", "blocked", "5.7.1")),
        ("5.7.1", "", ("policy", "policy", "5.7.1")),
        ("5.7.77", "550 5.7.77 no", ("policy", "policy", "5.7.77")),
        ("5.0.0", "550 5.2.2 no room", ("soft", "mailbox_full", "5.2.2")),
        ("5.0.0", "550 no", ("hard", "unexplained", "5.0.0")),
        ("4.0.0", "450 no", ("soft", "unexplained", "4.0.0")),
        (None, "no", ("soft", "unexplained", None)),
        (None, "550 no such user", ("hard", "unknown_user", None)),
        (None, "450 no such user", ("soft", "unknown_user", None)),
        (None, "552 too much", ("soft", "mailbox_full", None)),
        (None, "552 message size exceeds limit", ("soft", "too_big", None)),
        ("5.2.1", "550 5.2.1 over quota", ("soft", "mailbox_full", "5.2.1")),
        ("5.2.1", "", ("hard", "disabled", "5.2.1")),
        ("4.2.1", "", ("soft", "throttled", "4.2.1")),
        ("4.7.26", "421 4.7.26 unauthenticated", ("policy", "authentication", "4.7.26")),
        ("2.0.0", "550 5.1.1 unknown", ("hard", "unknown_user", "5.1.1")),
        ("5.4.7", "connection timed out", ("soft", "expired", "5.4.7")),
        ("5.0.0", "host 5.1.1.5 said: 550 no", ("hard", "unexplained", "5.0.0")),
    ],
)
def test_what_a_code_and_a_reply_say(
    status: str | None, reply: str, judged: tuple[str, str, str | None]
) -> None:
    found = judge(status, reply)
    assert (found.verdict, found.reason, found.status) == judged


def test_no_address_is_called_bad_while_a_server_still_tries() -> None:
    assert judge("5.1.1", "550 5.1.1 unknown", is_final=False).verdict == "soft"


@pytest.mark.parametrize("detail", [0, 1, 2, 3, 26, 509, 999])
def test_no_words_make_an_address_bad_where_the_code_says_policy(detail: int) -> None:
    for listed in tables._read("phrases").values():
        for phrase in listed:
            assert judge(f"5.7.{detail}", f"550 {phrase}").verdict != "hard", phrase


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("5.1.1", "5.1.1"),
        (" 5.1.1 (bad destination)", "5.1.1"),
        ("5. 1 .1", "5.1.1"),
        ("4.04.007", "4.4.7"),
        ("550", None),
        ("", None),
        ("9.1.1", None),
    ],
)
def test_a_status_field_is_read_with_its_oddities(field: str, read: str | None) -> None:
    assert status_field(field) == read


def test_every_reason_has_words_a_way_to_come_about_and_no_other_is_named() -> None:
    named = {rule.reason for rule in tables.rules().values()}
    allowed = {one for rule in tables.rules().values() for one in rule.unless or ()}
    spoken = set(tables.phrases())
    assert named | allowed | spoken == set(tables.meanings())
    assert allowed <= spoken, "a rule leaves it to words that no phrase knows"


def test_no_phrase_is_listed_twice() -> None:
    listed = [one for group in tables._read("phrases").values() for one in group]
    assert sorted(listed) == sorted(set(listed))


def test_the_table_in_the_documents_is_the_one_in_force() -> None:
    page = (Path(__file__).parents[4] / "docs" / "bounces.md").read_text("utf-8")
    for reason, meaning in tables.meanings().items():
        assert f"| `{reason}` | {meaning.verdict} | {meaning.words} |" in page
