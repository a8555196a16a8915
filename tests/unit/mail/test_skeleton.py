"""A filled skeleton says what the same words say when they are written as a whole."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.mail.composing import Mail, compose
from outreach.mail.skeleton import LONGEST_VALUE, Skeleton, new_mark

NAME, LINK = new_mark(), new_mark()
MARKS = {"name": NAME, "link": LINK}
URL = "https://questionnaires.example/q/" + "Aa0_-" * 11
PLAIN = f"Hello {NAME},\n\nopen\n{LINK}\n\n{NAME} {NAME}. {LINK}{NAME}\n"
BODIES = [
    PLAIN,
    PLAIN + "St Mary’s asks you.\n",
    f"{NAME}",
    f"{NAME}\n.{NAME}’\n",
    "’ " * 30 + f"{NAME} \n{LINK}\t\n" + "long " * 60 + f"{NAME}’s",
    "سلام " * 20 + NAME,
    "x" * 900 + NAME,
    "nothing of their own",
    "",
]
NUMBERS = [str(number) for number in range(len(BODIES))]
"""Of the bodies. They are new in each process, and so no names for tests."""
NAMES = ["Amy", "Zoë", "O'Neil <b>&amp;", "Łukasz " * 20, "n" * 400, "a\r\n.\r\nb", "مريم", "", " "]


def mail(text: str, html: str) -> Mail:
    return Mail(
        message_id="<1@q.example>",
        from_=("Hill School", "q@q.example"),
        to=(None, "amy@pupils.example"),
        subject="Hello",
        text=text,
        html=html,
        date=datetime(2026, 11, 2, tzinfo=UTC),
    )


def read_back(written: Mail) -> list[str]:
    raw = compose(written)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    parts = list(message.iter_parts())
    for part in parts:
        if part["Content-Transfer-Encoding"] == "quoted-printable":
            assert max(map(len, part.get_payload().splitlines())) <= 76
    return [part.get_content() for part in parts]


def filled_and_whole(body: str, name: str) -> tuple[Mail, Mail]:
    values = {"name": name, "link": URL}
    text, html = Skeleton(body, MARKS), Skeleton(body, MARKS, escape)
    whole = (
        body.replace(NAME, name).replace(LINK, URL),
        body.replace(NAME, escape(name)).replace(LINK, URL),
    )
    return mail(text.fill(values), html.fill(values)), mail(*whole)


@pytest.mark.parametrize("body", BODIES, ids=NUMBERS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_filled_in_reads_as_what_is_written_as_a_whole(body: str, name: str) -> None:
    filled, whole = filled_and_whole(body, name)
    assert (filled.text, filled.html) == (whole.text, whole.html)
    assert read_back(filled) == read_back(whole)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=90), st.sampled_from([NAME, LINK, "\n"])), max_size=12),
    st.text(max_size=LONGEST_VALUE + 20),
)
def test_any_words_and_any_name_read_the_same(pieces: list[str], name: str) -> None:
    filled, whole = filled_and_whole("".join(pieces), name)
    assert read_back(filled) == read_back(whole)


@pytest.mark.parametrize("body", BODIES[:2], ids=NUMBERS[:2])
def test_a_plain_name_is_filled_in_and_not_encoded_with_the_whole(body: str) -> None:
    skeleton = Skeleton(body, MARKS)
    assert skeleton.encoded(skeleton.fill({"name": "Amy", "link": URL}).values) is not None


def test_a_filled_subject_is_tidied_and_encoded_as_any_other() -> None:
    subject = Skeleton(f"{NAME}, your school asks", MARKS).fill(
        {"name": "Zoë\r\nBcc: e", "link": ""}
    )
    raw = compose(replace(mail("a", "b"), subject=subject))
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == "Zoë Bcc: e, your school asks"
    assert message["Bcc"] is None
