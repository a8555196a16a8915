"""The demo mailbox's pages, on loopback only: mails hold working links of students."""

import re
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from outreach.reading_settings import is_loopback
from outreach.running.mailbox_store import Mail, MailStore

PAGE = 50
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)
"""A mail in its frame runs no script, fetches nothing, and is a stranger to these pages."""


def show_local(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo('Europe/London')):%d/%m/%Y %H:%M:%S}"


def link_addresses(text: str) -> Markup:
    """Escaped text with its web addresses as links, which open beside the mailbox."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>')
        parts += [escape(text[end : match.start()]), link.format(match[0])]
        end = match.end()
    return Markup().join([*parts, escape(text[end:])])


class MailboxPages(BaseHTTPRequestHandler):
    """GET / · /mail/ID · /mail/ID/html · /mail/ID/source."""

    server: "MailboxServer"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        if not self._has_loopback_host():
            words = "The demo mailbox answers to this machine's own name only, such as 127.0.0.1."
            self._refuse(HTTPStatus.FORBIDDEN, "Not from here", words)
            return
        url = urlsplit(self.path)
        _, *steps = url.path.split("/")
        if steps == [""]:
            self._show_list({name: values[0] for name, values in parse_qs(url.query).items()})
        elif steps[0] == "mail" and len(steps) in (2, 3) and steps[2:] in _VIEWS_OF_A_MAIL:
            self._show_mail(steps[1], "".join(steps[2:]))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "No such page", "Nothing is at this address.")

    do_HEAD = do_GET  # noqa: N815 (the base's name)

    def _show_list(self, query: dict[str, str]) -> None:
        to, page = query.get("to", ""), query.get("page", "0")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0
        mails, total = self.server.store.find(to, skip=number * PAGE, limit=PAGE)
        self._render(
            "list.html",
            mails=mails,
            total=total,
            to=to,
            newer=number - 1 if number else None,
            older=number + 1 if (number + 1) * PAGE < total else None,
        )

    def _show_mail(self, mail_id: str, view: str) -> None:
        found = self.server.store.read(mail_id)
        if found is None:
            words = "This mail is not here. Only the newest mails are kept."
            self._refuse(HTTPStatus.NOT_FOUND, "No such mail", words)
            return
        mail, message, source = found
        if view == "source":
            self._send(HTTPStatus.OK, source, "text/plain; charset=utf-8", MAIL_POLICY)
        elif view == "html":
            html = '<!doctype html><base target="_blank">' + (_body(message, "html") or "")
            self._send(HTTPStatus.OK, html.encode(), "text/html; charset=utf-8", MAIL_POLICY)
        else:
            self._show_whole_mail(mail, message)

    def _show_whole_mail(self, mail: Mail, message: EmailMessage) -> None:
        self._render(
            "mail.html",
            mail=mail,
            text=_body(message, "plain"),
            has_html=_body(message, "html") is not None,
            headers=[(name, str(value)) for name, value in message.items()],
        )

    def _render(self, template: str, status: HTTPStatus = HTTPStatus.OK, **data: object) -> None:
        page = self.server.pages.get_template(template).render(**data)
        self._send(status, page.encode(), "text/html; charset=utf-8", PAGE_POLICY)

    def _refuse(self, status: HTTPStatus, heading: str, words: str) -> None:
        self._render("refusal.html", status, heading=heading, words=words)

    def _send(self, status: HTTPStatus, body: bytes, content_type: str, policy: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _has_loopback_host(self) -> bool:
        """A foreign name that resolves to loopback (DNS rebinding) must not read the mails."""
        try:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            return False
        return is_loopback(host or "")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: addresses in paths would name recipients."""


class MailboxServer(ThreadingHTTPServer):
    """Serves the pages of one store."""

    def __init__(self, port: int, store: MailStore) -> None:
        super().__init__(("127.0.0.1", port), MailboxPages)
        self.store = store
        self.daemon_threads = True
        folder = Path(__file__).with_name("mailbox_pages")
        self.pages = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
        )
        filters: dict[str, Callable[..., str]] = {"local": show_local, "links": link_addresses}
        self.pages.filters.update(filters)

    def server_bind(self) -> None:
        """Without the base's look-up of this machine's name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


_VIEWS_OF_A_MAIL: tuple[list[str], ...] = ([], ["html"], ["source"])


def _body(message: EmailMessage, kind: str) -> str | None:
    """The text or HTML part; one whose coding is broken is shown with replacement marks."""
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    content = part.get_payload(decode=True)
    charset = part.get_content_charset() or "utf-8"
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(charset, errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")
