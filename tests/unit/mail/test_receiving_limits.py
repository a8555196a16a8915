"""What one sender may take up of the receiver of returned mail, over real sockets; and what a well-behaved
one never meets."""

import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from outreach.mail.conversing import Limits
from outreach.mail.receiving import Receiver, Reply
from tests.bouncing import receiving
from tests.contract.catching import free_port


@dataclass
class Post:
    """A receiver that takes all mail, and what it took."""

    port: int
    taken: list[bytes] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, _address: str, raw: bytes) -> Reply:
        time.sleep(self.seconds)
        self.taken.append(raw)
        return Reply.TAKEN

    def call(self, source: str = "127.0.0.1") -> smtplib.SMTP:
        return smtplib.SMTP(
            "127.0.0.1", self.port, "mx.example", timeout=10, source_address=(source, 0)
        )

    def refusal(self, source: str = "127.0.0.1") -> bytes:
        with pytest.raises(smtplib.SMTPConnectError) as told:
            self.call(source)
        assert told.value.smtp_code == 421
        said = told.value.smtp_error
        return said if isinstance(said, bytes) else said.encode()


@contextmanager
def post(limits: Limits | None = None, *, is_lmtp: bool = False) -> Iterator[Post]:
    made = Post(free_port())
    with receiving(Receiver(lambda _: True, made.take), made.port, limits, is_lmtp=is_lmtp):
        yield made


def begin(line: smtplib.SMTP) -> None:
    """As far as the first octet of a mail."""
    line.ehlo()
    assert line.mail("")[0] == 250
    assert line.rcpt("b@b.example")[0] == 250
    assert line.docmd("DATA")[0] == 354


def give(line: smtplib.SMTP, raw: bytes) -> int:
    begin(line)
    line.send(raw + b"\r\n.\r\n")
    return line.getreply()[0]


def wait_for(line: smtplib.SMTP, code: int, size: int = 900) -> None:
    """Until a mail of this size is answered so."""
    line.ehlo()
    for _ in range(500):
        told = line.docmd("MAIL", f"FROM:<> SIZE={size}")[0]
        line.rset()
        if told == code:
            return
        time.sleep(0.01)
    raise AssertionError(f"{told} and not {code}")


def last_words(line: smtplib.SMTP) -> tuple[int, bytes]:
    """What is said at the end, without being asked; then the connection is closed."""
    told = line.getreply()
    assert line.sock is not None
    assert line.sock.recv(10) == b""
    return told


def test_so_many_may_connect_at_once_and_fewer_of_one_host() -> None:
    with post(Limits(connections=3, of_one_host=2)) as here, ExitStack() as opened:
        lines = [opened.enter_context(here.call()) for _ in range(2)]
        assert b"your host" in here.refusal()
        other = opened.enter_context(here.call("127.0.0.2"))
        assert b"connections, try" in here.refusal("127.0.0.3")
        for line in (*lines, other):
            assert line.noop()[0] == 250
        lines[0].quit()
        assert opened.enter_context(here.call()).noop()[0] == 250


def test_who_says_nothing_and_who_never_ends_is_told_and_let_go() -> None:
    with post(Limits(idle=1.0)) as here, here.call() as line, here.call() as in_mail:
        begin(in_mail)
        for one in (line, in_mail):
            assert last_words(one) == (421, b"4.4.2 Nothing was heard for too long")
    with post(Limits(lifetime=1.0)) as here, here.call() as line:
        code, words = line.noop()
        while code == 250:
            time.sleep(0.02)
            code, words = line.noop()
        assert (code, b"lasted long enough" in words) == (421, True)


def test_who_waits_for_us_is_not_to_blame_for_the_time() -> None:
    with post(Limits(idle=1.0, lifetime=1.0)) as here, here.call() as line:
        here.seconds = 1.6
        assert give(line, b"one") == 250
        assert last_words(line)[0] == 421
        assert here.taken == [b"one\r\n"]


def test_all_mails_under_way_share_one_room() -> None:
    limits = Limits(octets=1000, all_octets=1500)
    with post(limits) as here, here.call() as first, here.call() as second:
        begin(first)
        first.send(b"a" * 900 + b"\r\n")
        wait_for(second, 452)
        assert give(second, b"b" * 900) == 452
        code, words = second.docmd("MAIL", "FROM:<> SIZE=900")
        assert (code, words[:5]) == (452, b"4.3.1")
        assert second.docmd("MAIL", "FROM:<> SIZE=100")[0] == 250
        second.rset()
        first.send(b".\r\n")
        assert first.getreply()[0] == 250
        assert give(second, b"b" * 900) == 250
        for _ in range(3):  # what was refused, or broke off, holds nothing any more
            assert give(second, b"c" * 5000) == 552
            assert give(second, b"c\r\n" * 2000) == 552
            with here.call() as broken:
                begin(broken)
                broken.send(b"d" * 600 + b"\r\n")
                assert broken.sock is not None
                broken.sock.shutdown(socket.SHUT_RDWR)
        wait_for(second, 250, size=1000)
        assert give(second, b"e" * 900) == 250
        assert [len(one) for one in here.taken] == [902, 902, 902]


def test_a_line_without_an_end_is_not_kept_and_a_long_one_comes_whole() -> None:
    with post() as here, here.call() as line:
        long = b"x" * 150_000
        assert give(line, b"..a\r\n" + long + b"\r\n.." + long + b"\r\nb\n.\nc") == 250
        assert here.taken == [b".a\r\n" + long + b"\r\n." + long + b"\r\nb\n.\nc\r\n"]
        begin(line)
        for _ in range(12):
            line.send(b"x" * 1024 * 1024)
        line.send(b"\r\n.\r\n")
        assert line.getreply()[0] == 552


@pytest.mark.parametrize("command", ["NOOP", "", "RCPT TO:<b@b.example>"])
def test_commands_have_an_end(command: str) -> None:
    with post(Limits(replies=20)) as here, here.call() as line:
        codes = [line.docmd(command)[0] for _ in range(20)]
        assert (codes[18], codes[19]) == (codes[0], 421)
        assert line.sock is not None
        assert line.sock.recv(10) == b""


def test_after_enough_mails_a_sender_connects_again() -> None:
    with post(Limits(mails=2)) as here:
        for _ in range(2):
            with here.call() as line:
                assert [give(line, b"a"), give(line, b"b")] == [250, 250]
                assert last_words(line)[0] == 421
        assert len(here.taken) == 4


def test_who_fills_every_connection_with_mail_to_many_meets_no_limit_but_the_last() -> None:
    limits = Limits()
    with post(limits) as here, here.call() as line:
        line.ehlo()
        for _ in range(limits.mails):
            assert line.mail("")[0] == 250
            assert {line.rcpt(f"b{one}@b.example")[0] for one in range(20)} == {250}
            assert line.data(b"a")[0] == 250
        assert last_words(line)[1].endswith(b"connect again")


def test_lmtp_refuses_for_each_recipient() -> None:
    with post(Limits(octets=1000), is_lmtp=True) as here:
        line = smtplib.LMTP("127.0.0.1", here.port, "mx.example")
        line.ehlo("mx.example")
        line.mail("")
        for one in range(2):
            assert line.rcpt(f"b{one}@b.example")[0] == 250
        assert line.docmd("DATA")[0] == 354
        line.send(b"a" * 2000 + b"\r\n.\r\n")
        assert [line.getreply()[0] for _ in range(2)] == [552, 552]
        assert line.noop()[0] == 250
        line.close()
