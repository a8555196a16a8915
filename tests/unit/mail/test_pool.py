"""The pool: connections shared by threads, kept, discarded and not carried over a fork."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from outreach.mail.outcomes import Verdict
from outreach.mail.pool import Pool, PoolClosed
from outreach.mail.transport import Connection, Limits
from tests.unit.mail.scripted_smtp import ScriptedServer

Serve = Callable[[ScriptedServer], ScriptedServer]

QUICK = Limits(connect_seconds=0.5, reply_seconds=0.5)


def send(connection: Connection, body: bytes = b"hello\r\n") -> Verdict:
    outcome = connection.hand_over(
        "b@q.example", "amy@hill.example", body, before_body=lambda: None
    )
    return outcome.verdict


def test_four_threads_send_at_once_over_at_most_four_connections(serve: Serve) -> None:
    server = serve(ScriptedServer())
    pool = Pool(server.address, 4, limits=QUICK)
    verdicts: list[Verdict] = []
    together = threading.Barrier(4)

    def work(name: int) -> None:
        with pool.connection() as connection:
            together.wait(5)
            verdicts.append(send(connection, b"%d 0\r\n" % name))
        for number in range(1, 25):
            with pool.connection() as connection:
                verdicts.append(send(connection, b"%d %d\r\n" % (name, number)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    pool.close()
    assert verdicts == [Verdict.ACCEPTED] * 100
    assert sorted(server.bodies) == sorted(
        b"%d %d\r\n" % (name, number) for name in range(4) for number in range(25)
    )
    assert server.connections == 4


def test_a_thread_waits_while_all_connections_are_in_use(serve: Serve) -> None:
    pool = Pool(serve(ScriptedServer()).address, 1, limits=QUICK)
    order: list[str] = []

    def second() -> None:
        with pool.connection():
            order.append("second")

    with pool.connection():
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.05)
        order.append("first")
    waiting.join(10)
    pool.close()
    assert order == ["first", "second"]


def test_a_connection_is_kept_for_the_next_user_and_dropped_after_an_exception(
    serve: Serve,
) -> None:
    server = serve(ScriptedServer())
    pool = Pool(server.address, 2, limits=QUICK)
    for _ in range(3):
        with pool.connection() as connection:
            send(connection)
    assert server.connections == 1
    with pytest.raises(RuntimeError, match="stop"), pool.connection() as connection:
        raise RuntimeError("stop")
    with pool.connection() as connection:
        assert send(connection) is Verdict.ACCEPTED
    assert server.connections == 2
    pool.close()


def test_idle_connections_are_closed_with_a_word(serve: Serve) -> None:
    server = serve(ScriptedServer())
    patient = Pool(server.address, 2, limits=Limits(idle_seconds=600))
    hasty = Pool(server.address, 2, limits=Limits(idle_seconds=0.05))
    for pool in (patient, hasty):
        with pool.connection() as connection:
            send(connection)
    time.sleep(0.1)
    patient.close_idle()
    assert "QUIT" not in server.words_said()
    hasty.close_idle()
    assert server.words_said()[-1] == "QUIT"
    patient.close()
    hasty.close()


def test_a_closed_pool_gives_nothing_more_and_closes_what_comes_back(serve: Serve) -> None:
    server = serve(ScriptedServer())
    pool = Pool(server.address, 2, limits=QUICK)
    with pool.connection() as connection:
        send(connection)
        pool.close()
    assert not connection.is_open
    assert server.words_said()[-1] == "QUIT"
    with pytest.raises(PoolClosed), pool.connection():
        pass


def test_a_forked_child_does_not_speak_on_its_parents_connections(serve: Serve) -> None:
    server = serve(ScriptedServer())
    pool = Pool(server.address, 2, limits=QUICK)
    with pool.connection() as idle, pool.connection() as in_use:
        send(idle)
        send(in_use)
    with pool.connection() as in_use:
        send(in_use)
        child = os.fork()
        if child == 0:
            with pool.connection() as first, pool.connection() as second:
                good = send(first, b"a\r\n") is send(second, b"b\r\n") is Verdict.ACCEPTED
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert send(in_use, b"c\r\n") is Verdict.ACCEPTED
    with pool.connection() as connection:
        assert send(connection, b"d\r\n") is Verdict.ACCEPTED
    pool.close()
    assert server.bodies[3:] == [b"a\r\n", b"b\r\n", b"c\r\n", b"d\r\n"]
    assert server.connections == 4


def test_a_pool_has_room_for_one_at_least(serve: Serve) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Pool(serve(ScriptedServer()).address, 0)
