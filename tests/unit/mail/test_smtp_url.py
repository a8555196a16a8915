"""SMTP_URL: what it may say, and faults that never give the password away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.mail.smtp_url import SmtpServer, SmtpUrlFault, StartTls, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:2525", SmtpServer("127.0.0.1", 2525)),
        ("smtp://relay.example", SmtpServer("relay.example", 25)),
        ("smtp://u:p@relay.example/", SmtpServer("relay.example", 587, "u", "p")),
        (
            "smtps://u:p@relay.example",
            SmtpServer("relay.example", 465, "u", "p", implicit_tls=True, starttls=StartTls.OFF),
        ),
        ("smtp://h:26?starttls=required", SmtpServer("h", 26, starttls=StartTls.REQUIRED)),
        ("smtp://h:26?starttls=off", SmtpServer("h", 26, starttls=StartTls.OFF)),
        ("smtp://h:26?starttls=optional", SmtpServer("h", 26)),
        ("smtp://a%40b.example:p%2F%3A%C3%A9@h:1", SmtpServer("h", 1, "a@b.example", "p/:é")),
        ("SMTP://[::1]:25", SmtpServer("::1", 25)),
    ],
)
def test_a_url_names_a_server(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example:25",
        "user:s3cretword@relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://:25",
        "smtp://user:s3cretword@",
        "smtp://user@relay.example",
        "smtp://:s3cretword@relay.example",
        "smtp://user:s3cret/word@relay.example",
        "smtp://user:s3cret?word@relay.example",
        "smtp://user:s3cret#word@relay.example",
        "smtp://user:s3cret word@relay.example",
        "smtp://user:s3cret\nword@relay.example",
        "smtp://user:s3cretword%00@relay.example",
        "smtp://user:s3cretword%FF@relay.example",
        "smtp://relay.example:s3cretword",
        "smtp://relay.example:0",
        "smtp://relay.example:65536",
        "smtp://[s3cretword]:25",
        "smtp://[::1:25",
        "smtp://relay..example",
        "smtp://relay.example/inbox",
        "smtp://relay.example?starttls=s3cretword",
        "smtp://relay.example?starttls=",
        "smtp://relay.example?tls=on",
        "smtp://relay.example?starttls=off&starttls=required",
        "smtps://relay.example?starttls=required",
    ],
)
def test_a_wrong_url_is_a_fault_that_names_the_setting_and_no_secret(url: str) -> None:
    with pytest.raises(SmtpUrlFault) as fault:
        parse_smtp_url(url)
    said = str(fault.value)
    assert "SMTP_URL" in said or "smtps://" in said
    assert "s3cret" not in said
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__ or fault.value.__context__ is None


@given(st.text(max_size=60))
def test_any_text_is_a_server_or_a_fault(text: str) -> None:
    for url in (text, f"smtp://{text}", f"smtp://u:{text}@h"):
        try:
            assert parse_smtp_url(url).port > 0
        except SmtpUrlFault:
            continue


def test_repr_and_str_hide_the_log_in() -> None:
    server = parse_smtp_url("smtp://someone:s3cretword@relay.example")
    assert "s3cretword" not in f"{server!r} {server}"
    assert "someone" not in f"{server!r} {server}"


def test_a_server_on_this_machine_is_known_as_one() -> None:
    assert parse_smtp_url("smtp://127.0.0.9:25").is_loopback
    assert parse_smtp_url("smtp://[::1]:25").is_loopback
    assert parse_smtp_url("smtp://localhost:25").is_loopback
    assert not parse_smtp_url("smtp://relay.example:25").is_loopback
