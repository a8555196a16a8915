"""Asking over real sockets: servers that drip, swamp, hang up, or lie where we must not look."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from outreach.pupils.sources import sockets
from outreach.pupils.sources.http import HttpClient, Patience, retry_after
from outreach.pupils.sources.sockets import NotPublic, Watch, is_public, pool_of
from outreach.pupils.sources.source import Nonsense, TooSlow, Unreachable
from tests.unit.pupils.raw_server import answer, dripping, raw_server

BRIEF = Patience(
    connect_seconds=5, read_seconds=5, whole_seconds=0.5, tries=3, first_wait=0.0, longest_wait=0.1
)
HEAD = b"HTTP/1.1 200 OK\r\n"


def client(url: str, patience: Patience = BRIEF, **more: Any) -> HttpClient:
    return HttpClient("The server", url, may_be_private=True, patience=patience, **more)


@pytest.fixture
def quickly() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 2.5


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (HEAD, b"X"),
        (HEAD, b"X-More: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b'\r\n{"whole": 1}', b" "),
    ],
    ids=["status", "header", "headers", "continue", "body", "chunks", "body without a length"],
)
def test_whatever_drips_is_cut_off_when_its_time_is_over(first: bytes, drop: bytes) -> None:
    with raw_server(dripping(first, drop)) as server, pytest.raises(TooSlow, match="in time"):
        client(server.url).get("x")

    assert len(server.questions) == 1  # nor is it asked again to drip once more


@pytest.mark.usefixtures("quickly")
def test_a_handshake_that_drips_is_cut_off_too() -> None:
    of_16_kilobytes = b"\x16\x03\x03\x40\x00"
    with raw_server(dripping(of_16_kilobytes, b"\x02")) as server, pytest.raises(TooSlow):
        client(server.url.replace("http:", "https:")).get("x")


def test_a_page_and_all_that_is_asked_for_it_have_one_time_together() -> None:
    def slowly(sock: socket.socket) -> None:
        time.sleep(0.3)
        sock.sendall(answer(b"{}"))

    patience = Patience(whole_seconds=5, page_seconds=0.8, tries=1)
    with raw_server(slowly) as server:
        asking = client(server.url, patience)
        asking.begin_page()
        assert asking.get("x").document == {}
        with pytest.raises(TooSlow):
            [asking.get("x") for _ in range(5)]
        asking.begin_page()
        assert asking.get("x").document == {}


def test_a_connection_is_kept_and_one_that_has_ended_meanwhile_is_made_anew() -> None:
    with raw_server(lambda sock: sock.sendall(answer(b"{}"))) as server:
        asking = client(server.url)
        server.keeps_connections = True
        assert [asking.get("x").status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 1
        server.keeps_connections = False
        assert [asking.get("x").status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 3


def test_a_kept_connection_is_watched_and_one_that_was_cut_off_is_not_used_again() -> None:
    replies = iter([answer(b'{"n": 1}'), answer(b"", length=9), answer(b'{"n": 3}')])
    with raw_server(lambda sock: sock.sendall(next(replies))) as server:
        server.keeps_connections = True
        asking = client(server.url)
        assert asking.get("x").document == {"n": 1}
        with pytest.raises(TooSlow):
            asking.get("x")
        assert asking.get("x").document == {"n": 3}
        assert server.connections == 2


def test_an_answer_that_was_cut_off_is_asked_for_again() -> None:
    replies = iter([answer(b'{"n"', length=8), b"", answer(b'{"n": 1}')])
    with raw_server(lambda sock: sock.sendall(next(replies))) as server:
        assert client(server.url).get("x").document == {"n": 1}


@pytest.mark.parametrize("start", [HEAD + b"\r\n", HEAD + b"Content-Length: 99999999\r\n\r\n"])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(start: bytes) -> None:
    patience = Patience(whole_seconds=10, tries=1)
    swamp = dripping(start, b" " * 100_000, every=0.0)
    with raw_server(swamp) as server, pytest.raises(Nonsense, match="larger than 1 MB"):
        client(server.url, patience, largest_answer=1024 * 1024).get("x")


def test_a_token_does_not_go_to_a_host_that_a_backslash_hides() -> None:
    with (
        raw_server(lambda sock: sock.sendall(answer(b"{}"))) as theirs,
        raw_server(lambda sock: sock.sendall(answer(b"{}"))) as evil,
    ):
        hidden = f"{evil.url}\\@127.0.0.1:{theirs.port}/x"
        with pytest.raises(Nonsense, match="another host"):
            client(theirs.url).get(hidden, headers={"Authorization": "Bearer secret"})

    assert evil.connections == theirs.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1"])
def test_a_private_address_is_judged_before_it_is_connected_to(host: str) -> None:
    with raw_server(lambda sock: sock.sendall(answer(b"{}"))) as server:
        watch, timeout = Watch(), urllib3.Timeout(connect=2, read=2)
        pool = pool_of("http", host, server.port, watch, timeout, must_be_public=True)
        with watch.of_seconds(2), pytest.raises(NotPublic):
            pool.request("GET", "/", retries=False)

    assert server.connections == 0


def test_every_address_that_is_not_entered_is_refused_in_the_same_words() -> None:
    with raw_server(lambda sock: sock.sendall(answer(b"{}"))) as server:
        told = set()
        for url in (
            "https://localhost",
            "https://127.0.0.1",
            "https://[::1]",
            "https://10.0.0.1/x",
            "https://169.254.169.254",
            "http://mis.hill.example",
            "https://mis.hill.example:8443",
            f"https://127.0.0.1:{server.port}",
            "https://127.0.0.1:9",
        ):
            with pytest.raises(Nonsense) as refusal:
                HttpClient("The server", url, patience=BRIEF).get("x")
            told.add(refusal.value.words)

    assert len(told) == 1
    assert server.connections == 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::808:808", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.usefixtures("quickly")
def test_a_name_that_nobody_tells_the_address_of_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()

    def look_long(*_: Any, **__: Any) -> list[Any]:
        is_over.wait(5)
        return []

    monkeypatch.setattr(sockets.socket, "getaddrinfo", look_long)
    patience = Patience(connect_seconds=0.2, whole_seconds=0.5, tries=2, first_wait=0.0)
    with pytest.raises(Unreachable, match="in time"):
        client("http://mis.hill.example", patience).get("x")
    is_over.set()


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "-1", "1.5", "9" * 50, "٣", "Fri, 31 Dec 99999 23:59:59 GMT",
        "Fri, 31 Dec 2026 23:59:59 +99999999999999", "Fri, 31 Dec 2026 23:59:59 +9999", ":", ",",
    ],
)  # fmt: skip
def test_a_retry_after_that_is_none_says_nothing(text: str) -> None:
    assert retry_after({"Retry-After": text}) is None
