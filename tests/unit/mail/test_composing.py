"""Composed mails, read back by the standard library's parser."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.mail.addresses import UnsendableAddress
from outreach.mail.composing import Mail, compose
from outreach.mail.headers import UnsafeHeader

URL = "https://questions.hill.example/q/" + "aZ9_-" * 24
PLAIN = Mail(
    message_id="<invite.1@hill.example>",
    from_=("Hill Demo School", "careers@hill.example"),
    to=("Amy Field", "amy@pupils.hill.example"),
    subject="Your questionnaire",
    text=f"Hello Amy,\n\n{URL}\n\nYour school\n",
    html=f'<p>Hello Amy</p><p><a href="{URL}">Begin</a></p>\n',
    date=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
)

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
letters = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=120)


def read_back(mail: Mail) -> EmailMessage:
    message = message_from_bytes(compose(mail), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, subtype: str) -> str:
    found = message.get_body((subtype,))
    assert found is not None
    octets = found.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode("utf-8").replace("\r\n", "\n")


def without_controls(text: str) -> str:
    """The contract of a body, said once more in other words."""
    text = "".join(c for c in text if c in "\t\r\n" or not (ord(c) < 32 or ord(c) == 127))
    return re.sub("\r\n|\r", "\n", text)


def in_one_line(text: str) -> str:
    """The contract of a subject or a name, said once more in other words."""
    gaps = {"Cc", "Zs", "Zl", "Zp"}
    kept = ["\n" if unicodedata.category(c) in gaps else c for c in text]
    return " ".join(word for word in "".join(kept).split("\n") if word)


@settings(deadline=None)
@given(anything)
def test_any_text_and_html_come_back_as_they_were_written(text: str) -> None:
    message = read_back(replace(PLAIN, text=text, html=f"<p>{text}</p>"))
    assert part(message, "plain") == without_controls(text)
    assert part(message, "html") == f"<p>{without_controls(text)}</p>"


@settings(deadline=None)
@given(anything)
def test_any_subject_comes_back_in_one_line(subject: str) -> None:
    assert read_back(replace(PLAIN, subject=subject))["Subject"] == in_one_line(subject)


@settings(deadline=None)
@given(letters)
def test_any_name_comes_back_with_its_address(name: str) -> None:
    mail = replace(PLAIN, to=(name, "amy@hill.example"), from_=(name, "a@b.example"))
    classic, modern = message_from_bytes(compose(mail)), read_back(mail)
    for header, address in (("To", "amy@hill.example"), ("From", "a@b.example")):
        written, found = parseaddr(classic[header])
        assert str(make_header(decode_header(written))) == in_one_line(name)
        assert found == address
        assert modern[header].addresses[0].addr_spec == address
        if len(name.encode()) < 40:
            # The newer parser puts a space between two encoded words of one name.
            assert modern[header].addresses[0].display_name == in_one_line(name)


@settings(max_examples=200, deadline=None)
@given(anything, anything, anything, anything)
def test_nothing_typed_adds_a_header_or_breaks_the_wire_format(
    subject: str, name: str, text: str, html: str
) -> None:
    raw = compose(replace(PLAIN, subject=subject, to=(name, "a@b.example"), text=text, html=html))
    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=policy.default)
    assert message.keys() == [
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "MIME-Version",
        "Content-Type",
    ]
    assert [each.get_content_type() for each in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert not message.defects


@settings(deadline=None)
@given(anything)
def test_header_lines_of_typed_text_stay_within_76_characters(subject: str) -> None:
    head = compose(replace(PLAIN, subject=subject)).partition(b"\r\n\r\n")[0]
    subject_lines = head[head.index(b"Subject:") : head.index(b"MIME-Version:")].split(b"\r\n")
    assert max(map(len, subject_lines)) <= 76
    assert all(line.strip() for line in subject_lines[:-1])


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\r\nBcc: x@y.example\r\n\r\n"])
def test_a_subject_cannot_smuggle_a_header_in(line_end: str) -> None:
    message = read_back(replace(PLAIN, subject=f"Hello{line_end}Bcc: eve@far.example"))
    assert "Bcc" not in message
    assert message["Subject"].startswith("Hello Bcc:")


@pytest.mark.parametrize("name", ['Amy "Ace" Field', "Field, Amy", "Amy (10A) <x@y.example>"])
def test_a_name_with_marks_that_mean_something_in_headers_stays_a_name(name: str) -> None:
    (found,) = read_back(replace(PLAIN, to=(name, "amy@hill.example")))["To"].addresses
    assert (found.display_name, found.addr_spec) == (name, "amy@hill.example")


def test_the_url_of_an_ascii_mail_stands_unbroken_on_its_own_line_of_the_raw_source() -> None:
    assert f"\r\n{URL}\r\n".encode() in compose(PLAIN)


def test_a_text_with_one_accent_stays_readable_in_the_raw_source() -> None:
    raw = compose(replace(PLAIN, text="Hello Zoë,\n\nyour school asks you.\n"))
    assert b"Hello Zo=C3=AB,\r\n\r\nyour school asks you.\r\n" in raw


def test_a_text_in_another_script_goes_as_base64() -> None:
    raw = compose(replace(PLAIN, text="سلام دنیا"))
    assert b"Content-Transfer-Encoding: base64" in raw


def test_a_very_long_ascii_line_is_encoded() -> None:
    message = read_back(replace(PLAIN, text="x" * 2000))
    assert part(message, "plain") == "x" * 2000
    assert message.get_body(("plain",))["Content-Transfer-Encoding"] == "quoted-printable"  # type: ignore[index]


def test_a_text_that_holds_the_boundary_gets_another_one() -> None:
    boundary = message_from_bytes(compose(PLAIN)).get_boundary()
    text = f"before\n--{boundary}\nafter\n--{boundary}--\n"
    assert part(read_back(replace(PLAIN, text=text)), "plain") == text


def test_the_same_mail_gives_the_same_bytes_and_its_own_message_id() -> None:
    assert compose(PLAIN) == compose(replace(PLAIN))
    bare = replace(PLAIN, message_id="invite.1@hill.example")
    assert read_back(bare)["Message-ID"] == "<invite.1@hill.example>"


def test_extra_headers_come_back_and_a_long_unsubscribe_link_stays_whole() -> None:
    headers = {
        "List-Unsubscribe": f"<{URL}>, <mailto:stop@hill.example?subject=stop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": "17:100001:invite:outreach",
    }
    mail = replace(PLAIN, headers=headers, reply_to=("Ms Hill", "hill@hill.example"))
    message = read_back(mail)
    assert {name: message[name] for name in headers} == headers
    assert message["Reply-To"] == "Ms Hill <hill@hill.example>"
    assert f"<{URL}>".encode() in compose(mail)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-One", "a\r\nBcc: eve@far.example"),
        ("X-One", "a\nb"),
        ("X-One", "a\0b"),
        ("X-One", "Zoë"),
        ("X-One", ""),
        ("X-One", " a"),
        ("X-One", "y" * 1000),
        ("X One", "a"),
        ("X-One: a\r\nBcc", "a"),
        ("Subject", "a second one"),
        ("Content-Type", "text/plain"),
        ("bcc", "eve@far.example"),
    ],
)
def test_an_unsafe_extra_header_is_a_fault_that_does_not_repeat_its_value(
    name: str, value: str
) -> None:
    with pytest.raises(UnsafeHeader) as fault:
        compose(replace(PLAIN, headers={name: value}))
    assert "eve" not in str(fault.value)


@pytest.mark.parametrize("wrong", ["", "a", "a b@c", "<a@b", "a@b\r\nBcc: x@y", "é@b", "a@b>\n"])
def test_an_unsafe_message_id_is_a_fault(wrong: str) -> None:
    with pytest.raises(UnsafeHeader):
        compose(replace(PLAIN, message_id=wrong))


@pytest.mark.parametrize(
    "address",
    [
        "zoë@hill.example",
        "a b@hill.example",
        "a@b.example>\r\nBcc: x",
        "a@b@c.example",
        "amy",
        "a@",
    ],
)
def test_an_address_that_smtp_cannot_carry_is_unsendable(address: str) -> None:
    with pytest.raises(UnsendableAddress) as fault:
        compose(replace(PLAIN, to=(None, address)))
    assert address not in str(fault.value)


def test_a_domain_in_another_script_goes_as_idna() -> None:
    message = read_back(replace(PLAIN, to=("Zoë", "zoe@bücher.example")))
    assert message["To"].addresses[0].addr_spec == "zoe@xn--bcher-kva.example"


def test_a_date_without_a_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="time zone"):
        compose(replace(PLAIN, date=datetime(2026, 11, 2)))  # noqa: DTZ001


def test_the_repr_of_a_mail_shows_no_person() -> None:
    assert repr(PLAIN) == "Mail(message_id='<invite.1@hill.example>')"
