"""The demo mailbox: what it keeps, and that a mail in it stays harmless."""

import http.client
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from outreach.running.mailbox_store import MailStore
from outreach.running.mailbox_web import MailboxServer

LINK = "http://127.0.0.1:8000/q/abc.def"


def a_mail(subject: str = "Hello", text: str = f"Hi,\n{LINK}\n", html: str = "") -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mailbox", kept=3)


@pytest.fixture
def mailbox(store: MailStore) -> Iterator[http.client.HTTPConnection]:
    server = MailboxServer(0, store)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield connection
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()


def get(mailbox: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, str, str]:
    mailbox.request("GET", path, headers=headers)
    reply = mailbox.getresponse()
    policy = reply.getheader("Content-Security-Policy", "")
    return reply.status, reply.read().decode(), policy


def test_the_newest_mails_are_kept_and_the_oldest_go(store: MailStore, tmp_path: Path) -> None:
    for number in range(5):
        store.add("a@b.example", ["p@school.example"], a_mail(f"Mail {number}"))
    rows, total = store.find()
    assert [row.subject for row in rows] == ["Mail 4", "Mail 3", "Mail 2"]
    assert total == len(list((tmp_path / "mailbox").glob("*.eml"))) == 3


def test_mails_are_there_after_a_restart(store: MailStore, tmp_path: Path) -> None:
    store.add("a@b.example", ["p@school.example"], a_mail("Grüße"))
    rows, _ = MailStore(tmp_path / "mailbox").find()
    assert [(row.to, row.subject) for row in rows] == [("p@school.example", "Grüße")]


def test_mails_are_found_by_recipient(store: MailStore) -> None:
    store.add("a@b.example", ["ann@school.example"], a_mail())
    store.add("a@b.example", ["bob@school.example"], a_mail())
    assert [row.to for row in store.find(" ANN ")[0]] == ["ann@school.example"]


def test_links_in_the_text_can_be_followed(
    store: MailStore, mailbox: http.client.HTTPConnection
) -> None:
    mail = store.add("a@b.example", ["p@school.example"], a_mail(text=f"See {LINK}?a=1&b=2."))
    _, page, _ = get(mailbox, f"/mail/{mail.id}")
    assert f'<a href="{LINK}?a=1&amp;b=2" target="_blank"' in page


def test_nothing_in_a_mail_becomes_part_of_the_page(
    store: MailStore, mailbox: http.client.HTTPConnection
) -> None:
    evil = "<script>alert(1)</script>"
    mail = store.add("a@b.example", ["p@school.example"], a_mail(evil, evil, evil))
    for path in ("/", "/?to=%3Cscript%3E", f"/mail/{mail.id}"):
        status, page, policy = get(mailbox, path)
        assert status == 200
        assert "<script" not in page
        assert "script-src" not in policy
        assert "default-src 'none'" in policy


def test_the_html_of_a_mail_is_shown_in_a_sandbox_without_scripts(
    store: MailStore, mailbox: http.client.HTTPConnection
) -> None:
    mail = store.add("a@b.example", ["p@school.example"], a_mail(html="<p>Hi</p>"))
    _, page, _ = get(mailbox, f"/mail/{mail.id}")
    assert f'src="/mail/{mail.id}/html" sandbox="allow-popups' in page
    status, html, policy = get(mailbox, f"/mail/{mail.id}/html")
    assert (status, "<p>Hi</p>" in html) == (200, True)
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy + page
    assert "allow-same-origin" not in policy + page


def test_a_mail_that_breaks_every_rule_is_still_shown(
    store: MailStore, mailbox: http.client.HTTPConnection
) -> None:
    broken = b"Subject: =?x?q?\xff\xfe\r\nContent-Type: text/plain; charset=nowhere\r\n\r\n\xff\x00"
    mail = store.add("", [], broken)
    assert get(mailbox, f"/mail/{mail.id}")[0] == 200
    assert get(mailbox, "/")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1:80"])
def test_a_foreign_host_name_is_refused(mailbox: http.client.HTTPConnection, host: str) -> None:
    assert get(mailbox, "/", Host=host)[0] == 403


@pytest.mark.parametrize("path", ["/nothing", "/mail/none", "/mail/../secret-keys", "/mail/a/b/c"])
def test_an_unknown_address_is_not_found(mailbox: http.client.HTTPConnection, path: str) -> None:
    assert get(mailbox, path)[0] == 404
