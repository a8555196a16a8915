"""Encryption and log-in: what is required is insisted on, and the password goes nowhere else."""

import base64
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.smtp_url import SmtpServer, StartTls
from outreach.mail.transport import Connection, Limits
from tests.unit.mail.scripted_smtp import Answer, ScriptedServer

Serve = Callable[[ScriptedServer], ScriptedServer]

OFFERED: dict[str, Answer] = {"EHLO": "250-test\n250 STARTTLS"}
PASSWORD = "pässword"


def send(address: SmtpServer, tls: ssl.SSLContext | None = None) -> Outcome:
    connection = Connection(address, limits=Limits(0.5, 0.5), tls=tls)
    try:
        return connection.hand_over(
            "b@q.example", "amy@hill.example", b"hello\r\n", before_body=lambda: None
        )
    finally:
        connection.close()


def with_log_in(server: ScriptedServer) -> SmtpServer:
    return replace(server.address, username="sender", password=PASSWORD)


def test_required_encryption_that_is_not_offered_stops_before_any_address_is_named(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer())
    outcome = send(replace(server.address, starttls=StartTls.REQUIRED))
    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.is_server_trouble
    assert "does not offer encryption" in outcome.words
    assert server.words_said() == ["EHLO"]


@pytest.mark.parametrize("starttls", [StartTls.OPTIONAL, StartTls.OFF])
def test_encryption_that_is_not_required_and_not_offered_is_done_without(
    serve: Serve, starttls: StartTls
) -> None:
    server = serve(ScriptedServer())
    assert send(replace(server.address, starttls=starttls)).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("starttls", [StartTls.OPTIONAL, StartTls.REQUIRED])
def test_encryption_that_is_offered_is_used(
    serve: Serve, server_tls: ssl.SSLContext, trusting: ssl.SSLContext, starttls: StartTls
) -> None:
    server = serve(ScriptedServer(dict(OFFERED), tls=server_tls))
    outcome = send(replace(server.address, starttls=starttls), trusting)
    assert outcome.verdict is Verdict.ACCEPTED
    assert server.words_said()[:4] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]


def test_encryption_that_is_switched_off_is_not_used_where_offered(serve: Serve) -> None:
    server = serve(ScriptedServer(dict(OFFERED)))
    assert send(replace(server.address, starttls=StartTls.OFF)).verdict is Verdict.ACCEPTED
    assert "STARTTLS" not in server.words_said()


@pytest.mark.parametrize("implicit", [False, True])
def test_a_certificate_nobody_vouches_for_is_not_accepted(
    serve: Serve, server_tls: ssl.SSLContext, implicit: bool
) -> None:
    server = serve(ScriptedServer(dict(OFFERED), tls=server_tls, implicit_tls=implicit))
    outcome = send(server.address)
    assert outcome.verdict is Verdict.NOT_SENT
    assert "certificate is not one to trust" in outcome.words
    assert "MAIL" not in server.words_said()


def test_a_certificate_for_another_name_is_not_accepted(
    serve: Serve, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(ScriptedServer(dict(OFFERED), tls=server_tls))
    outcome = send(replace(server.address, host="localhost"), trusting)
    assert "certificate is not one to trust" in outcome.words


def test_an_offer_of_encryption_that_is_withdrawn_is_not_followed_in_the_clear(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer({**OFFERED, "STARTTLS": "454 4.7.0 not now"}))
    outcome = send(server.address)
    assert (outcome.verdict, outcome.code, outcome.enhanced) == (Verdict.NOT_SENT, 454, "4.7.0")
    assert "MAIL" not in server.words_said()


def test_words_slipped_in_before_encryption_begins_are_not_believed(
    serve: Serve, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(
        ScriptedServer({**OFFERED, "STARTTLS": "220 go on\n250 slipped in"}, tls=server_tls)
    )
    # Taken for the answer to EHLO it would shift every reply by one, and DATA would meet RCPT's.
    assert send(server.address, trusting).verdict is Verdict.ACCEPTED


def test_several_mails_go_over_one_connection_that_is_encrypted_from_the_start(
    serve: Serve, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(ScriptedServer(tls=server_tls, implicit_tls=True))
    connection = Connection(server.address, limits=Limits(0.5, 0.5), tls=trusting)
    for number in range(5):
        outcome = connection.hand_over(
            "b@q.example", "amy@hill.example", b"%d\r\n" % number, before_body=lambda: None
        )
        assert outcome.verdict is Verdict.ACCEPTED
    connection.close()
    assert (server.connections, len(server.bodies)) == (1, 5)


def test_a_log_in_beyond_ascii_goes_as_plain(serve: Serve) -> None:
    server = serve(ScriptedServer({"EHLO": "250-test\n250 AUTH LOGIN PLAIN"}))
    assert send(with_log_in(server)).verdict is Verdict.ACCEPTED
    secret = server.commands[1].removeprefix("AUTH PLAIN ")
    assert base64.b64decode(secret).decode() == f"\0sender\0{PASSWORD}"


def test_a_server_that_knows_login_only_is_given_both_in_turn(serve: Serve) -> None:
    name, password = (base64.b64encode(each.encode()).decode() for each in ("sender", PASSWORD))
    server = serve(
        ScriptedServer(
            {
                "EHLO": "250-test\n250 AUTH LOGIN",
                "AUTH": "334 VXNlcm5hbWU6",
                name.upper(): "334 UGFzc3dvcmQ6",
                password.upper(): "235 welcome",
            }
        )
    )
    assert send(with_log_in(server)).verdict is Verdict.ACCEPTED
    assert server.commands[1:4] == ["AUTH LOGIN", name, password]


@pytest.mark.parametrize("code", [454, 535, 534])
def test_a_refused_log_in_blames_the_server_side_and_repeats_no_secret(
    serve: Serve, code: int
) -> None:
    words = f"{code} {code // 100}.7.8 sender/{PASSWORD} is wrong".encode().decode("latin-1")
    server = serve(ScriptedServer({"EHLO": "250-test\n250 AUTH PLAIN", "AUTH": words}))
    outcome = send(with_log_in(server))
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, code)
    assert outcome.is_server_trouble
    assert "did not accept our log-in" in outcome.words
    assert PASSWORD not in outcome.words
    assert "MAIL" not in server.words_said()


def test_a_server_without_a_log_in_is_named_as_the_reason(serve: Serve) -> None:
    outcome = send(with_log_in(serve(ScriptedServer())))
    assert outcome.verdict is Verdict.NOT_SENT
    assert "offers no log-in" in outcome.words


def test_a_password_does_not_cross_a_network_in_the_clear_unless_told_to(serve: Serve) -> None:
    server = serve(ScriptedServer({"EHLO": "250-test\n250 AUTH PLAIN"}))

    # 0.0.0.0 reaches this machine, but is not a loopback address by name.
    distant = replace(with_log_in(server), host="0.0.0.0")
    outcome = send(distant)
    assert outcome.verdict is Verdict.NOT_SENT
    assert "the password was not sent" in outcome.words
    assert "AUTH" not in server.words_said()
    assert send(replace(distant, starttls=StartTls.OFF)).verdict is Verdict.ACCEPTED
