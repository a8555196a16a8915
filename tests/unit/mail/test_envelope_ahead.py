"""The next envelope goes out with a body where the server lets it; never a second body."""

from collections.abc import Callable

import pytest

from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.pool import Pool
from outreach.mail.transport import Connection, Limits
from tests.unit.mail.scripted_smtp import Act, Answer, ScriptedServer

Serve = Callable[[ScriptedServer], ScriptedServer]

QUICK = Limits(connect_seconds=0.3, reply_seconds=0.3)
PIPELINING: dict[str, Answer] = {"EHLO": "250-test\n250 PIPELINING"}
SENDER = "b@q.example"
NAMES = ("amy", "ben", "cai")


def address(name: str) -> str:
    return f"{name}@hill.example"


def hand_over(connection: Connection, name: str, then: str | None = None) -> Outcome:
    ahead = (SENDER, address(then)) if then else None
    body = f"Hello {name}\r\n".encode()
    return connection.hand_over(SENDER, address(name), body, before_body=lambda: None, ahead=ahead)


def hand_over_all(connection: Connection) -> list[Verdict]:
    following = (*NAMES[1:], None)
    return [
        hand_over(connection, name, then).verdict
        for name, then in zip(NAMES, following, strict=True)
    ]


def test_each_body_brings_the_next_envelope_and_arrives_whole(serve: Serve) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over_all(connection) == [Verdict.ACCEPTED] * 3
    connection.close()
    assert server.bodies == [f"Hello {name}\r\n".encode() for name in NAMES]
    assert server.words_said() == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]
    assert [line for line in server.commands if line.startswith("RCPT")] == [
        f"RCPT TO:<{address(name)}>" for name in NAMES
    ]
    assert server.connections == 1


def test_a_server_that_does_not_offer_it_is_told_one_thing_after_the_other(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=QUICK)
    assert hand_over(connection, "amy", "ben").verdict is Verdict.ACCEPTED
    assert not connection.has_said_ahead
    assert hand_over(connection, "ben").verdict is Verdict.ACCEPTED
    connection.close()
    assert server.words_said().count("RSET") == 1


@pytest.mark.parametrize(("to_data", "connections"), [("503 nobody", 1), ("354 go on", 2)])
def test_a_recipient_refused_ahead_is_refused_and_the_next_mail_goes(
    serve: Serve, to_data: str, connections: int
) -> None:
    refusal = {f"RCPT TO:<{address('ben')}>": "550 5.1.1 unknown", "DATA for nobody": to_data}
    server = serve(ScriptedServer(PIPELINING | refusal))
    connection = Connection(server.address, limits=QUICK)
    amy, ben = hand_over(connection, "amy", "ben"), hand_over(connection, "ben", "cai")
    cai = hand_over(connection, "cai")
    connection.close()
    verdicts = (amy.verdict, ben.verdict, cai.verdict)
    assert verdicts == (Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED)
    assert server.bodies == [b"Hello amy\r\n", b"Hello cai\r\n"]
    assert server.connections == connections


def test_an_intent_that_cannot_be_written_lets_no_byte_leave_after_an_envelope_ahead(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=QUICK)
    hand_over(connection, "amy", "ben")

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        connection.hand_over(SENDER, address("ben"), b"Hello\r\n", before_body=fail)
    assert not connection.is_open
    assert server.line_ended.wait(2)
    assert server.bodies == [b"Hello amy\r\n"]


def test_a_line_that_breaks_before_the_reply_leaves_one_mail_unknown_and_the_next_goes(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer(PIPELINING | {"body": Act.CUT}))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over(connection, "amy", "ben").verdict is Verdict.UNKNOWN
    server.answers["body"] = "250 taken"
    assert hand_over(connection, "ben").verdict is Verdict.ACCEPTED
    connection.close()
    assert (server.connections, len(server.bodies)) == (2, 2)


@pytest.mark.parametrize(
    "parting", [Act.CUT, "421 4.4.2 going down", "503 5.5.1 one thing after the other"]
)
def test_a_server_that_turns_away_what_went_ahead_is_asked_anew(
    serve: Serve, parting: Answer
) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=QUICK)
    server.next_answers["MAIL"] = ["250 ok", parting]
    assert hand_over(connection, "amy", "ben").verdict is Verdict.ACCEPTED
    assert connection.has_said_ahead
    assert hand_over(connection, "ben", "cai").verdict is Verdict.ACCEPTED
    assert hand_over(connection, "cai").verdict is Verdict.ACCEPTED
    connection.close()
    assert server.bodies == [f"Hello {name}\r\n".encode() for name in NAMES]
    assert server.connections == 2


def test_another_mail_than_the_one_announced_goes_on_a_line_of_its_own(serve: Serve) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=QUICK)
    hand_over(connection, "amy", "ben")
    assert hand_over(connection, "cai").verdict is Verdict.ACCEPTED
    connection.close()
    assert server.bodies == [b"Hello amy\r\n", b"Hello cai\r\n"]
    assert server.connections == 2


def test_an_address_that_cannot_be_written_is_not_announced(serve: Serve) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over(connection, "amy", "zoë").verdict is Verdict.ACCEPTED
    assert not connection.has_said_ahead
    connection.close()


def test_a_connection_is_renewed_after_its_number_of_mails_with_nothing_announced(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    connection = Connection(server.address, limits=Limits(mails_per_connection=2))
    assert hand_over_all(connection) == [Verdict.ACCEPTED] * 3
    connection.close()
    assert server.connections == 2
    assert server.words_said().count("QUIT") == 2


def test_a_pool_keeps_no_connection_that_still_waits_for_an_announced_mail(serve: Serve) -> None:
    server = serve(ScriptedServer(dict(PIPELINING)))
    pool = Pool(server.address, 1, limits=QUICK)
    with pool.connection() as connection:
        hand_over(connection, "amy", "ben")
    assert server.line_ended.wait(2)
    with pool.connection() as connection:
        assert hand_over(connection, "ben").verdict is Verdict.ACCEPTED
    pool.close()
    assert server.connections == 2
    assert "RSET" not in server.words_said()
