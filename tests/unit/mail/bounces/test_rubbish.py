"""Whatever comes in by mail, reading it neither fails nor takes long."""

import base64
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.mail.bounces import Kind, read
from outreach.mail.bounces.parsing import LONGEST_HEADER, parse
from outreach.mail.bounces.unpacking import LONGEST, bounded, unpack

MAILS = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.eml"))]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SECONDS = 5.0  # many times what is needed: a search that runs away takes minutes


def folded(start: bytes, unit: bytes) -> bytes:
    """One header over many lines, each of a length that is allowed."""
    line = b"\n " + unit * (900 // len(unit))
    return start + line * 270 + b"\n\nbody\n"


def encoded(kind: str, inside: bytes) -> bytes:
    """What stands in a part that has to be decoded first."""
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n"
    return head.encode() + base64.encodebytes(inside[:180_000])


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(9000)
)
HOSTILE = {
    "nested multiparts": NESTED,
    "nested mails": b"Content-Type: message/rfc822\n\n" * 9000,
    "nested digests": b"Content-Type: multipart/digest; boundary=a\n\n--a\n\n" * 5000,
    "parts": b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 60_000,
    "headers": b"A: b\n" * 60_000,
    "one header": b"Subject: " + b"=?utf-8?q?" * 30_000,
    "folded header": b"From: a\n" + b" a@\n" * 60_000,
    "one line": b"From: mailer-daemon@hill.example\nSubject: failure notice\n\n" + b"a" * LONGEST,
    "at signs": b"From: mailer-daemon@hill.example\n\ndid not reach the following recipient\n"
    + b"a@" * 120_000,
    "dots": b"From: mailer-daemon@hill.example\nSubject: failure\n\n" + b"host a." * 35_000,
    "open tags": b"From: mailer-daemon@hill.example\nContent-Type: text/html\n\n"
    + b"<style" * 40_000,
    "spaces": b"From: mailer-daemon@hill.example\nSubject: failure\n\nmailbox" + b" " * 200_000,
    "codes": b"From: mailer-daemon@hill.example\nSubject: failure\n\n" + b"550-5.0.0 " * 25_000,
    "recipients": b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
    b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
    + b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\n\n"
    * 3000,
    "semicolons": folded(b'Content-Type: text/plain; a="', b";"),
    "quoted semicolons": folded(b'Content-Type: text/plain; a="', b'\\";'),
    "semicolons of a disposition": folded(b'Content-Disposition: attachment; a="', b";"),
    "semicolons in parts": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + (b'--b\nContent-Type: text/plain; a="\n ' + b'\\";' * 300 + b"\n\n\n") * 280,
    **{
        f"charset {name}": b"From: mailer-daemon@hill.example\nSubject: failure notice\n"
        b"Content-Type: text/plain; charset=" + name.encode() + b"\n\n\xff" + b"a" * 200_000
        for name in ("punycode", "idna", "utf-7", "unicode_escape")
    },
    "encoded multiparts": encoded("text/rfc822-headers", NESTED),
    "encoded mails": encoded("text/rfc822-headers", b"Content-Type: message/rfc822\n\n" * 6000),
    "encoded groups": encoded("message/delivery-status", b"a: b\n\n" * 30_000),
    "nothing but zeros": bytes(LONGEST * 4),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_made_to_hurt_is_read_at_once(name: str) -> None:
    started = time.perf_counter()
    unpack(HOSTILE[name])  # without the safety net of `read`
    read(HOSTILE[name])
    assert time.perf_counter() - started < SECONDS


def test_no_header_is_longer_than_what_is_kept_in_any_part() -> None:
    for name in ("semicolons", "quoted semicolons", "semicolons in parts", "folded header"):
        mail = parse(bounded(HOSTILE[name]))
        lengths = [len(str(value)) for part in mail.walk() for value in part.values()]
        assert max(lengths) <= LONGEST_HEADER


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "utf-16"])
def test_a_mail_does_not_choose_the_codec_that_reads_it(charset: str) -> None:
    for told in (f"charset={charset}", f"charset*=us-ascii''{charset}"):
        mail = parse(f"Content-Type: text/plain; {told}\n\n".encode() + b"caf\xc3\xa9 +2AA-")
        assert mail.get_content_charset() is None
        assert mail.get_content_charset("none") == "none"
        assert unpack(mail.as_bytes()).text == "café +2AA-"


def test_half_of_a_surrogate_pair_is_not_read() -> None:
    report = b"From: mailer-daemon@x.example\nSubject: Undelivered\n"
    for half in (b"=?utf-7?q?+2AA-amy@hill.example?=", b"\xed\xa0\x80amy@hill.example"):
        raw = report + b"X-Failed-Recipients: " + half + b"\n\n550 5.1.1 no such user"
        assert (read(raw).recipient or "").isprintable()
        assert all(value.isprintable() for value in unpack(raw).headers.values())


@given(st.binary(max_size=3000))
@FEW
def test_any_bytes_are_read_as_something(raw: bytes) -> None:
    assert read(raw).kind in Kind


@given(st.data())
@FEW
def test_a_mail_that_was_damaged_on_the_way_is_read_as_something(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(MAILS)))
    for _ in range(data.draw(st.integers(1, 6))):
        where = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 40))
        raw[where : where + cut] = data.draw(st.binary(max_size=20))
    started = time.perf_counter()
    assert read(bytes(raw)).kind in Kind
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize("mail", MAILS[::4])
def test_a_mail_cut_off_anywhere_is_read_as_something(mail: bytes) -> None:
    for end in range(0, len(mail), 97):
        assert read(mail[:end]).kind in Kind


def test_no_more_than_the_beginning_is_read() -> None:
    assert len(bounded(b"x" * 80 + b"\n" + b"y\n" * LONGEST)) <= LONGEST
    huge = MAILS[3] + b"x" * (30 * 1024 * 1024)
    started = time.perf_counter()
    assert read(huge) == read(MAILS[3])
    assert time.perf_counter() - started < SECONDS
