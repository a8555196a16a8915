"""Signatures as another program verifies them, and keys that the settings cannot use."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from outreach.dkim_keys import DkimKey, private_key, read_dkim_keys
from outreach.mail.composing import Mail, compose
from outreach.mail.dkim import OVERSIGNED, Dkim, relaxed_body
from outreach.reading_settings import SettingsFault

DOMAIN = "outreach.example"
MAIL = Mail(
    message_id="<1@outreach.example>",
    from_=("Hill School via Future Skills", "questionnaires@outreach.example"),
    to=(None, "amy@pupils.example"),
    subject="Zoë, your school asks",
    text="Hello Zoë,\n\n  two   spaces, and\ta tab \n\nEnd\n\n\n",
    html="<p>Hello  Zoë</p>\n",
    date=datetime(2026, 11, 2, 9, tzinfo=UTC),
    headers={
        "List-Unsubscribe": "<https://outreach.example/stop/" + "x" * 60 + ">",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "1:2:invite:outreach",
    },
)


@cache
def pem(bits: int = 2048, password: bytes = b"", number: int = 0) -> bytes:
    key = rsa.generate_private_key(65537, bits)
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def key(selector: str = "2026a", **what: int) -> DkimKey:
    return DkimKey(selector, Path("key.pem"), pem(**what))


def verifies(raw: bytes, *keys: DkimKey) -> bool:
    """By dkimpy, from records that only this test knows."""
    records = {f"{each.selector}._domainkey.{DOMAIN}.".encode(): _record(each) for each in keys}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name)))


def _record(of: DkimKey) -> bytes:
    public = private_key(of).public_key()
    octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(octets)


@pytest.mark.parametrize(
    "mail",
    [
        MAIL,
        replace(MAIL, reply_to=("Mr Hill", "hill@school.example"), headers={}),
        replace(MAIL, text="plain\n", html="<p>plain</p>"),
        replace(MAIL, text="", html=""),
        replace(MAIL, text="سلام\n" * 40, subject="س" * 90),
    ],
)
def test_what_we_sign_another_program_verifies(mail: Mail) -> None:
    signed = Dkim(DOMAIN, (key(),)).sign(compose(mail))
    assert verifies(signed, key())
    assert signed.endswith(compose(mail))
    assert max(map(len, signed.split(b"\r\n"))) <= 998


def test_every_header_that_matters_is_signed_and_from_and_subject_cannot_be_doubled() -> None:
    raw = compose(MAIL)
    signed = Dkim(DOMAIN, (key(),)).sign(raw)
    for line in (b"From: eve@far.example\r\n", b"Subject: another\r\n"):
        assert not verifies(line + signed, key())
    for name in (b"To", b"Date", b"Message-ID", b"Content-Type", b"List-Unsubscribe-Post"):
        start = signed.index(b"\r\n" + name + b":") + 2
        assert not verifies(signed[:start] + b"X-Was-" + signed[start:], key()), name
    assert not verifies(signed.replace(b"Hello", b"Hullo"), key())
    assert OVERSIGNED == (b"from", b"subject")


def test_spaces_that_servers_change_on_the_way_do_not_break_a_signature() -> None:
    signed = Dkim(DOMAIN, (key(),)).sign(compose(MAIL))
    changed = signed.replace(b"Subject: ", b"Subject:   ").replace(b"End\r\n", b"End  \r\n")
    assert verifies(changed.replace(b"MIME-Version:", b"Mime-version:"), key())


def test_the_first_key_signs_and_the_older_one_is_not_used() -> None:
    new, old = key("2026b", number=1), key("2026a")
    signed = Dkim(DOMAIN, (new, old)).sign(compose(MAIL))
    assert verifies(signed, new, old)
    assert not verifies(signed, old)
    assert b"s=2026b;" in signed


def test_without_a_key_mail_goes_as_it_is() -> None:
    assert Dkim(DOMAIN, ()).sign(b"From: a@b.example\r\n\r\nHello\r\n").startswith(b"From")


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b" \r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # the example of RFC 6376 §3.4.5
        (b"no end", b"no end\r\n"),
    ],
)
def test_a_body_is_relaxed_as_the_document_says(body: bytes, relaxed: bytes) -> None:
    assert relaxed_body(body) == relaxed


def test_keys_are_read_from_their_files_in_their_order(tmp_path: Path) -> None:
    for name in ("a.pem", "b.pem"):
        (tmp_path / name).write_bytes(pem())
    keys = read_dkim_keys(f"new={tmp_path}/b.pem, old={tmp_path}/a.pem")
    assert [(each.selector, each.path.name) for each in keys] == [
        ("new", "b.pem"),
        ("old", "a.pem"),
    ]
    assert "PRIVATE" not in repr(keys)
    assert read_dkim_keys("") == ()


def _faulty_files(folder: Path) -> Sequence[tuple[str, str]]:
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    contents = {"none.pem": b"hello", "locked.pem": pem(1024, b"secret"), "ed.pem": other}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [
        (f"a={folder}/gone.pem", "gone.pem, which cannot be read"),
        (f"a={folder}", "which cannot be read"),
        *((f"a={folder}/{name}", f"{name}, which is not a private RSA key") for name in contents),
        ("a", "selector=/path/key.pem"),
        ("a b=/x", "selector that cannot stand in DNS"),
    ]


def test_a_key_that_cannot_sign_stops_the_start_and_names_file_and_mend(tmp_path: Path) -> None:
    for given, words in _faulty_files(tmp_path):
        with pytest.raises(SettingsFault, match="DKIM_KEYS") as fault:
            read_dkim_keys(given)
        assert words in str(fault.value)
    (tmp_path / "key.pem").write_bytes(pem())
    with pytest.raises(SettingsFault, match="one selector twice"):
        read_dkim_keys(f"a={tmp_path}/key.pem,a={tmp_path}/key.pem")
