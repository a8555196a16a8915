"""Handing over on a real socket: every verdict, every place where a line can break."""

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.mail.addresses import UnsendableAddress
from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.transport import Connection, Limits
from tests.unit.mail.scripted_smtp import Act, Answer, ScriptedServer, scripted

Serve = Callable[[ScriptedServer], ScriptedServer]

QUICK = Limits(connect_seconds=0.3, reply_seconds=0.3)
BODY = b"Subject: hello\r\n\r\nHello Amy\r\n"
AMY = "amyfield@hill.example"


class Intent:
    """Stands for the intent log: counts how often it was written."""

    def __init__(self) -> None:
        self.written = 0

    def __call__(self) -> None:
        self.written += 1


def hand_over(
    server: ScriptedServer, *, limits: Limits = QUICK, body: bytes = BODY
) -> tuple[Outcome, Intent]:
    connection, intent = Connection(server.address, limits=limits), Intent()
    try:
        return connection.hand_over("b@q.example", AMY, body, before_body=intent), intent
    finally:
        connection.close()


def hand_over_on(connection: Connection, body: bytes = BODY) -> Outcome:
    return connection.hand_over("b@q.example", AMY, body, before_body=lambda: None)


def test_an_accepted_mail_arrives_whole_with_its_envelope(serve: Serve) -> None:
    server = serve(ScriptedServer())
    outcome, intent = hand_over(server)
    assert outcome == Outcome(Verdict.ACCEPTED, 250, "2.0.0", "taken as 4F2")
    assert intent.written == 1
    assert server.bodies == [BODY]
    assert server.commands[1:3] == ["MAIL FROM:<b@q.example>", f"RCPT TO:<{AMY}>"]
    assert server.words_said() == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


REFUSALS = [
    # (where, code, verdict, whether the server is to blame, whether the intent was written)
    ("banner", 421, Verdict.NOT_SENT, True, 0),
    ("banner", 554, Verdict.NOT_SENT, True, 0),
    ("EHLO", 421, Verdict.NOT_SENT, True, 0),
    ("EHLO", 450, Verdict.NOT_SENT, True, 0),
    ("MAIL", 451, Verdict.DEFERRED, True, 0),
    ("MAIL", 421, Verdict.DEFERRED, True, 0),
    ("MAIL", 550, Verdict.NOT_SENT, True, 0),
    ("MAIL", 530, Verdict.NOT_SENT, True, 0),
    ("RCPT", 450, Verdict.DEFERRED, False, 0),
    ("RCPT", 452, Verdict.DEFERRED, False, 0),
    ("RCPT", 421, Verdict.DEFERRED, True, 0),
    ("RCPT", 550, Verdict.REFUSED, False, 0),
    ("RCPT", 530, Verdict.NOT_SENT, True, 0),
    ("RCPT", 503, Verdict.NOT_SENT, True, 0),
    ("DATA", 451, Verdict.DEFERRED, False, 0),
    ("DATA", 554, Verdict.REFUSED, False, 0),
    ("body", 421, Verdict.DEFERRED, True, 1),
    ("body", 452, Verdict.DEFERRED, False, 1),
    ("body", 552, Verdict.REFUSED, False, 1),
    ("body", 554, Verdict.REFUSED, False, 1),
]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(("where", "code", "verdict", "is_server_trouble", "written"), REFUSALS)
def test_a_refusal_means_what_its_code_and_place_say(
    serve: Serve,
    where: str,
    code: int,
    verdict: Verdict,
    is_server_trouble: bool,
    written: int,
    pipelining: bool,
) -> None:
    answers: dict[str, Answer] = {"EHLO": "250-test\n250 PIPELINING"} if pipelining else {}
    answers[where] = f"{code} {code // 100}.7.1 not this"
    server = serve(ScriptedServer(answers))
    outcome, intent = hand_over(server)
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert outcome.is_server_trouble is is_server_trouble
    assert outcome.enhanced == f"{code // 100}.7.1"
    assert outcome.words.endswith("not this")
    assert intent.written == written
    assert len(server.bodies) == written


BREAKS = [
    ("banner", Verdict.NOT_SENT),
    ("EHLO", Verdict.NOT_SENT),
    ("MAIL", Verdict.NOT_SENT),
    ("RCPT", Verdict.NOT_SENT),
    ("DATA", Verdict.NOT_SENT),
    ("body", Verdict.UNKNOWN),
]


@pytest.mark.parametrize("act", [Act.CUT, Act.SILENCE, Act.DRIP])
@pytest.mark.parametrize(("where", "verdict"), BREAKS)
def test_a_line_that_breaks_falls_silent_or_drips_is_unknown_only_after_the_body_began(
    serve: Serve, where: str, verdict: Verdict, act: Act
) -> None:
    server = serve(ScriptedServer({where: act}))
    began = time.monotonic()
    outcome, intent = hand_over(server)
    assert outcome.verdict is verdict
    assert outcome.code is None
    assert outcome.words
    assert outcome.is_server_trouble is (verdict is Verdict.NOT_SENT)
    assert intent.written == (verdict is Verdict.UNKNOWN)
    assert time.monotonic() - began < 10


def test_a_line_cut_half_way_through_the_body_is_unknown(serve: Serve) -> None:
    server = serve(ScriptedServer(cut_body_after=100_000))
    outcome, intent = hand_over(server, body=b"x" * 70 + b"\r\n" + b"y\r\n" * 2_000_000)
    assert outcome.verdict is Verdict.UNKNOWN
    assert intent.written == 1
    assert server.bodies == []


def test_a_line_that_breaks_right_after_354_sends_nothing_or_is_unknown(serve: Serve) -> None:
    server = serve(ScriptedServer(cut_body_after=0))
    outcome, intent = hand_over(server)
    assert outcome.verdict is (Verdict.UNKNOWN if intent.written else Verdict.NOT_SENT)
    assert server.bodies == []


def test_a_reply_of_many_lines_is_heard_out_and_an_endless_one_is_not(serve: Serve) -> None:
    server = serve(ScriptedServer({"RCPT": "250-still\n" * 30 + "250 thinking"}))
    assert hand_over(server)[0].verdict is Verdict.ACCEPTED
    endless = serve(ScriptedServer({"RCPT": "250-still\n" * 500 + "250 thinking"}))
    assert hand_over(endless)[0].verdict is Verdict.NOT_SENT


def test_no_server_at_all_is_not_sent() -> None:
    with scripted(ScriptedServer()) as gone:
        pass
    outcome, intent = hand_over(gone)
    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.is_server_trouble
    assert "No mail server can be reached at 127.0.0.1" in outcome.words
    assert intent.written == 0


def test_an_intent_that_cannot_be_written_lets_no_byte_of_the_body_leave(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=QUICK)

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        connection.hand_over("b@q.example", AMY, BODY, before_body=fail)
    assert not connection.is_open
    assert server.line_ended.wait(2)
    assert server.words_said() == ["EHLO", "MAIL", "RCPT", "DATA"]
    assert (server.bodies, server.body_octets) == ([], 0)
    assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()


def test_the_intent_is_written_before_the_first_byte_of_the_body_leaves(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=QUICK)
    seen: list[tuple[str, int]] = []

    def note() -> None:
        time.sleep(0.1)
        seen.append((server.words_said()[-1], server.body_octets))

    connection.hand_over("b@q.example", AMY, BODY, before_body=note)
    connection.close()
    assert seen == [("DATA", 0)]
    assert server.body_octets > 0


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        (b".\r\n", b".\r\n"),
        (b".a\r\n..b\r\n.\r\nc\r\n", b".a\r\n..b\r\n.\r\nc\r\n"),
        (
            b"a\r\n.\r\nMAIL FROM:<eve@far.example>\r\n",
            b"a\r\n.\r\nMAIL FROM:<eve@far.example>\r\n",
        ),
        (b"a\n.\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\rb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"no end", b"no end\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots_and_line_ends_arrive_as_they_should_and_end_nothing_early(
    serve: Serve, body: bytes, arrives: bytes
) -> None:
    server = serve(ScriptedServer())
    assert hand_over(server, body=body)[0].verdict is Verdict.ACCEPTED
    (raw,) = server.bodies
    unstuffed = b"".join(line.removeprefix(b".") for line in raw.splitlines(keepends=True))
    assert unstuffed == arrives
    assert server.words_said() == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_hundred_mails_go_over_one_connection(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address)
    outcomes = [hand_over_on(connection, b"%d\r\n" % number) for number in range(100)]
    connection.close()
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert server.bodies == [b"%d\r\n" % number for number in range(100)]
    assert server.connections == 1
    assert server.words_said().count("RSET") == 99


def test_a_refused_recipient_leaves_nothing_behind_for_the_next_mail(serve: Serve) -> None:
    server = serve(ScriptedServer({"RCPT": "550 5.1.1 unknown"}))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over_on(connection).verdict is Verdict.REFUSED
    server.answers["RCPT"] = "250 ok"
    assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()
    assert server.connections == 1
    assert server.words_said()[:7] == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]


def test_a_connection_is_renewed_after_its_number_of_mails(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=Limits(mails_per_connection=3))
    for _ in range(7):
        assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()
    assert server.connections == 3
    assert server.words_said().count("QUIT") == 3


def test_a_connection_idle_too_long_is_renewed(serve: Serve) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=Limits(idle_seconds=0.05))
    hand_over_on(connection)
    time.sleep(0.1)
    assert connection.is_stale
    hand_over_on(connection)
    connection.close()
    assert server.connections == 2


def test_a_server_that_hung_up_between_mails_is_met_by_a_new_connection(serve: Serve) -> None:
    server = serve(ScriptedServer(hang_up_after=1))
    connection = Connection(server.address, limits=QUICK)
    for _ in range(3):
        assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()
    assert (server.connections, len(server.bodies)) == (3, 3)


@pytest.mark.parametrize("parting", ["421 4.4.2 idle too long", Act.CUT])
def test_a_server_that_takes_leave_at_the_next_mail_is_asked_anew(
    serve: Serve, parting: Answer
) -> None:
    server = serve(ScriptedServer({"RSET": parting}))
    connection = Connection(server.address, limits=QUICK)
    for _ in range(2):
        assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()
    assert (server.connections, len(server.bodies)) == (2, 2)


def test_an_unknown_mail_is_not_sent_again_and_the_next_goes_on_a_new_connection(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer({"body": Act.CUT}))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over_on(connection, b"first\r\n").verdict is Verdict.UNKNOWN
    server.answers["body"] = "250 ok"
    assert hand_over_on(connection, b"second\r\n").verdict is Verdict.ACCEPTED
    connection.close()
    assert server.bodies == [b"first\r\n", b"second\r\n"]
    assert server.connections == 2


def test_the_envelope_goes_in_one_write_and_the_body_alone_where_pipelining_is_offered(
    serve: Serve,
) -> None:
    none = {"RCPT": "550 no", "DATA": "503 nobody to write to"}
    server = serve(ScriptedServer({"EHLO": "250-test\n250 PIPELINING", **none}))
    connection = Connection(server.address, limits=QUICK)
    assert hand_over_on(connection).verdict is Verdict.REFUSED
    assert hand_over_on(connection).verdict is Verdict.REFUSED
    server.answers |= {"RCPT": "250 ok", "DATA": "354 go on"}
    assert hand_over_on(connection).verdict is Verdict.ACCEPTED
    connection.close()
    assert (server.connections, len(server.bodies)) == (1, 1)


@pytest.mark.parametrize(
    ("where", "reply", "verdict"),
    [
        ("DATA", "250 instead of 354", Verdict.NOT_SENT),
        ("DATA", "354 go on\n250 already taken", Verdict.NOT_SENT),
        ("MAIL", "354 what", Verdict.NOT_SENT),
        ("RCPT", "250-one\n550 two", Verdict.NOT_SENT),
        ("RCPT", "999 no such code", Verdict.NOT_SENT),
        ("RCPT", "hello there", Verdict.NOT_SENT),
        ("RCPT", "250 " + "x" * 9000, Verdict.NOT_SENT),
        ("body", "hello there", Verdict.UNKNOWN),
        ("body", "354 more please", Verdict.UNKNOWN),
        ("body", "250", Verdict.ACCEPTED),
    ],
)
def test_a_reply_that_is_no_answer_is_never_taken_for_one(
    serve: Serve, where: str, reply: str, verdict: Verdict
) -> None:
    server = serve(ScriptedServer({where: reply}))
    outcome, intent = hand_over(server)
    assert outcome.verdict is verdict
    assert intent.written == (where == "body")


replies = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
    st.builds(
        lambda code, mark, text: f"{code}{mark}{text}",
        st.integers(0, 999),
        st.sampled_from(" -\n"),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r"), max_size=10),
    ),
    st.just(Act.CUT),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["banner", "EHLO", "MAIL", "RCPT", "DATA", "body"]), replies, max_size=2
    )
)
def test_whatever_a_server_says_there_is_an_outcome_and_intent_decides_what_is_unknown(
    answers: dict[str, Answer],
) -> None:
    with scripted(ScriptedServer(answers)) as server:
        outcome, intent = hand_over(server, limits=Limits(connect_seconds=0.1, reply_seconds=0.1))
    if outcome.verdict in {Verdict.UNKNOWN, Verdict.ACCEPTED}:
        assert intent.written == 1
    if outcome.verdict is Verdict.NOT_SENT:
        assert intent.written == 0
        assert server.bodies == []
        assert outcome.is_server_trouble


def test_the_words_of_a_server_are_kept_without_addresses_controls_or_length(serve: Serve) -> None:
    said = f"550-5.1.1 <{AMY}>: user AMYFIELD\x07 unknown\n550 5.1.1 " + "why " * 200
    outcome, _ = hand_over(serve(ScriptedServer({"RCPT": said})))
    assert outcome.enhanced == "5.1.1"
    assert outcome.words.startswith("<[address]>: user [address] unknown why why")
    assert len(outcome.words) == 300


def test_an_address_or_body_that_smtp_cannot_carry_is_refused_before_a_word_is_said(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address)
    for sender, to in (("b@q.example", "zoë@hill.example"), ("b@q.example\r\nRSET", AMY)):
        with pytest.raises(UnsendableAddress):
            connection.hand_over(sender, to, BODY, before_body=lambda: None)
    with pytest.raises(ValueError, match="7-bit"):
        connection.hand_over("", AMY, "Zoë".encode(), before_body=lambda: None)
    assert server.connections == 0


def test_an_empty_return_path_and_a_domain_in_another_script_go_as_smtp_writes_them(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=QUICK)
    connection.hand_over("", "amy@bücher.example", BODY, before_body=lambda: None)
    connection.close()
    assert server.commands[1:3] == ["MAIL FROM:<>", "RCPT TO:<amy@xn--bcher-kva.example>"]


def test_trying_to_open_says_what_a_mail_would_meet(serve: Serve) -> None:
    well = Connection(serve(ScriptedServer()).address, limits=QUICK)
    assert well.try_to_open() is None
    well.close()
    ill = Connection(serve(ScriptedServer({"banner": "554 5.7.1 go away"})).address, limits=QUICK)
    outcome = ill.try_to_open()
    assert outcome is not None
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, 554)


def test_a_forked_child_opens_its_own_connection_and_leaves_the_parents_alone(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer())
    connection = Connection(server.address, limits=QUICK)
    hand_over_on(connection)
    child = os.fork()
    if child == 0:
        os._exit(hand_over_on(connection, b"child\r\n").verdict is not Verdict.ACCEPTED)
    assert os.waitpid(child, 0)[1] == 0
    assert hand_over_on(connection, b"parent\r\n").verdict is Verdict.ACCEPTED
    connection.close()
    assert server.bodies == [BODY, b"child\r\n", b"parent\r\n"]
    assert server.connections == 2
