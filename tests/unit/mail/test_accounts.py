"""Several accounts: another takes over only where nothing of a mail can have left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from outreach.mail.accounts import FIRST_REST, Accounts, HandsOver
from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.smtp_url import SmtpUrlFault, parse_smtp_urls
from outreach.mail.transport import Limits
from tests.unit.mail.scripted_smtp import Act, ScriptedServer

Serve = Callable[[ScriptedServer], ScriptedServer]

QUICK = Limits(connect_seconds=0.5, reply_seconds=0.5)


@contextmanager
def two(serve: Serve, first: ScriptedServer, second: ScriptedServer) -> Iterator[Accounts]:
    servers = [serve(first).address, serve(second).address]
    accounts = Accounts(servers, 2, limits=QUICK)
    yield accounts
    accounts.close()


def send(connection: HandsOver, intents: list[str] | None = None) -> Outcome:
    def intend() -> None:
        if intents is not None:
            intents.append("intent")

    return connection.hand_over("b@q.example", "amy@hill.example", b"hello\r\n", before_body=intend)


@pytest.mark.parametrize(
    "answers",
    [
        {"banner": Act.CUT},
        {"banner": "421 too many connections"},
        {"EHLO": Act.CUT, "HELO": Act.CUT},
        {"MAIL": "550 5.7.1 sender not allowed"},
        {"MAIL": "451 4.3.0 not now"},
        {"RCPT": "421 4.7.0 leaving"},
        {"DATA": Act.CUT},
    ],
    ids=str,
)
def test_the_second_account_takes_what_the_first_cannot_have(
    serve: Serve, answers: dict[str, str | Act]
) -> None:
    first, second, intents = ScriptedServer(answers=answers), ScriptedServer(), []
    with two(serve, first, second) as accounts, accounts.connection() as connection:
        outcomes = [send(connection, intents) for _ in range(3)]
        assert [one.verdict for one in outcomes] == [Verdict.ACCEPTED] * 3
        assert {one.account for one in outcomes} == {second.address.place}
        assert intents == ["intent"] * 3
        assert (len(first.bodies), len(second.bodies)) == (0, 3)
        assert first.connections <= 2  # a kept line that closes is opened again once


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({"body": Act.CUT}, Verdict.UNKNOWN),
        ({"body": "421 4.3.0 leaving"}, Verdict.DEFERRED),
        ({"RCPT": "550 5.1.1 no such user"}, Verdict.REFUSED),
        ({"RCPT": "450 4.2.2 full"}, Verdict.DEFERRED),
    ],
    ids=str,
)
def test_what_may_have_left_and_what_is_about_the_recipient_stays_with_the_first(
    serve: Serve, answers: dict[str, str | Act], verdict: Verdict
) -> None:
    first, second = ScriptedServer(answers=answers), ScriptedServer()
    with two(serve, first, second) as accounts, accounts.connection() as connection:
        outcome = send(connection)
        assert (outcome.verdict, outcome.account) == (verdict, first.address.place)
        assert not second.connections


def test_an_account_rests_longer_each_time_and_is_preferred_again_when_well(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ScriptedServer(answers={"MAIL": "451 later"}), ScriptedServer()
    with two(serve, first, second) as accounts:
        with accounts.connection() as connection:
            send(connection)
        began, clock = time.monotonic(), 0.0
        monkeypatch.setattr("outreach.mail.accounts.time.monotonic", lambda: began + clock)
        assert accounts.preferred.server == second.address
        clock = FIRST_REST + 1
        assert accounts.preferred.server == first.address
        with accounts.connection() as connection:
            send(connection)
            clock += FIRST_REST + 1
            assert accounts.preferred.server == second.address
            clock += FIRST_REST
            first.answers.clear()
            assert send(connection).account == first.address.place
            assert send(connection).account == first.address.place


def test_where_every_account_is_in_trouble_the_mail_is_not_sent(serve: Serve) -> None:
    banner = {"banner": "421 down"}
    first, second = ScriptedServer(answers=banner), ScriptedServer(answers=banner)
    with two(serve, first, second) as accounts, accounts.connection() as connection:
        assert send(connection).verdict is Verdict.NOT_SENT
        assert send(connection).verdict is Verdict.NOT_SENT


def test_accounts_stand_with_commas_between_and_a_password_may_have_one() -> None:
    servers = parse_smtp_urls("smtp://one.example:25, smtps://u:a,b@two.example:465")
    assert [server.place for server in servers] == ["one.example:25", "two.example:465"]
    assert servers[1].password == "a,b"
    with pytest.raises(SmtpUrlFault, match="twice"):
        parse_smtp_urls("smtp://one.example:25,smtp://one.example:25")
