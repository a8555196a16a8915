"""Bounces that wait in a mailbox: taken in once, deleted only when they are recorded."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from outreach import web
from outreach.campaigns import returned_mail
from outreach.campaigns.delivery import deliver
from outreach.campaigns.return_paths import return_path
from outreach.cli.returned_mail import fetch_once
from outreach.errors import Refusal
from outreach.profiles.copy_mailing import MAKERS
from tests.bouncing import bounce
from tests.imap import ImapBox, imap_box
from tests.outbox import Outbox, launched


@pytest.fixture
def box() -> Iterator[ImapBox]:
    with imap_box() as opened:
        yield opened


@pytest.fixture
def sent(wired: web.Parts, box: ImapBox) -> Outbox:
    settings = replace(wired.settings, bounce_domain="bounces.example", bounce_imap_url=box.url)
    outbox = launched(replace(wired, settings=settings), pupils=3)
    deliver(outbox.wired, outbox.school.id, MAKERS)
    return outbox


def returned(outbox: Outbox, number: int, *, header: str = "To") -> bytes:
    """As a mailbox keeps it: the address that it came to is in a header."""
    to = return_path(outbox.wired, outbox.school.key, outbox.messages[number].id)
    raw = bounce("somebody@pupils.example", "550 5.1.1 User unknown", to="bounces@hill.example")
    return f"{header}: <{to}>\r\n".encode() + raw


def test_a_mailbox_is_emptied_of_bounces_and_people_s_letters_are_left_in_it(
    sent: Outbox, box: ImapBox
) -> None:
    box.put(returned(sent, 0, header="Delivered-To"))
    box.put(returned(sent, 1, header="X-Original-To"))
    letter = box.put(
        b"From: a@b.example\r\nTo: bounces@hill.example\r\nSubject: Hello\r\n\r\nHi\r\n"
    )
    to = return_path(sent.wired, sent.school.key, sent.messages[2].id)
    reply = box.put(f"From: a@b.example\r\nTo: {to}\r\nSubject: Question\r\n\r\nWhy?\r\n".encode())

    assert fetch_once(sent.wired) == (2, 2)
    assert sent.mails == {"accepted": 1, "bounced": 2}
    assert set(box.mails) == {letter, reply}
    assert all(mail.flags == {r"\Seen"} for mail in box.mails.values())
    assert fetch_once(sent.wired) == (0, 0)


def test_what_the_database_did_not_take_stays_in_the_mailbox(
    sent: Outbox, box: ImapBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = box.put(returned(sent, 0))

    def fail(*_: object) -> None:
        raise OperationalError("SELECT 1", None, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr("outreach.campaigns.returned_mail.take_in", fail)
        with pytest.raises(Refusal, match="stays in the mailbox"):
            fetch_once(sent.wired)
    assert box.mails[uid].flags == set()
    assert fetch_once(sent.wired) == (1, 0)
    assert sent.mails == {"accepted": 2, "bounced": 1}


def test_a_mail_that_cannot_be_dealt_with_does_not_keep_the_rest_back(
    sent: Outbox, box: ImapBox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd = (
        b"TAG NO [SERVERBUG] not now\r\n",
        b"TAG BAD what\r\n",
        b"* 1 FETCH (UID 9 BODY[]<0> NIL)\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 99 BODY[]<0> {2}\r\nab)\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 11 BODY[]<0> {x}\r\nTAG OK done\r\n",
        b"",
        b"Hello?\r\n",
    )
    uids = [box.put(returned(sent, 0)) for _ in odd]
    box.odd = {f"UID FETCH {uid} ": said for uid, said in zip(uids, odd, strict=True)}
    poison = box.put(b"X-Poison: 1\r\n" + returned(sent, 1))
    good = box.put(returned(sent, 2))
    box.put(returned(sent, 2))
    box.odd["UID STORE 16 "] = b"TAG NO read-only\r\n"
    take_in = returned_mail.take_in

    def stumble(*given: Any) -> Any:
        if b"X-Poison" in given[3]:
            raise RecursionError
        return take_in(*given)

    monkeypatch.setattr(returned_mail, "take_in", stumble)
    assert fetch_once(sent.wired) == (1, 1)
    assert sent.mails == {"accepted": 2, "bounced": 1}
    assert good not in box.mails
    assert box.mails[poison].flags == {r"\Seen", r"\Flagged"}
    for uid in uids:
        assert box.mails[uid].flags == set()
        assert f"mail {uid} stays as it is" in caplog.text
    assert "pupils.example" not in caplog.text

    box.odd = {}
    assert fetch_once(sent.wired) == (8, 0)
    assert set(box.mails) == {poison}


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (b"* SEARCH 7 x \xff 7\r\n* SEARCH\r\n* SEARCH 8\r\nTAG OK done\r\n", 2),
        (b"TAG OK done\r\n", 0),
    ],
    ids=["in pieces", "none"],
)
def test_an_odd_list_is_read_as_far_as_it_goes(
    sent: Outbox, box: ImapBox, said: bytes, taken: int
) -> None:
    for number in range(2):
        box.put(returned(sent, number))
    box.odd = {"UID SEARCH": said}
    assert fetch_once(sent.wired) == (taken, 0)


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        ("LOGIN", "user name and password"),
        ("SELECT", "no such folder"),
        ("SEARCH", "searched"),
        ("STORE", "marked"),
    ],
)
def test_trouble_with_the_mailbox_is_told_in_words_that_name_nobody(
    sent: Outbox, box: ImapBox, refuses: str, words: str
) -> None:
    box.put(returned(sent, 0))
    box.refuses = refuses
    with pytest.raises(Refusal, match=words) as told:
        fetch_once(sent.wired)
    assert "hill.example" not in told.value.words
    assert "pass word" not in told.value.words


def test_a_mailbox_that_is_not_there_is_told_too(sent: Outbox) -> None:
    nowhere = replace(sent.wired.settings, bounce_imap_url="imap://a:b@127.0.0.1:9/")
    with pytest.raises(Refusal, match="could not be reached"):
        fetch_once(replace(sent.wired, settings=nowhere))
