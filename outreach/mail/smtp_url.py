"""Reads SMTP_URL: smtp://[user:pass@]host[:port][?starttls=required|optional|off], or smtps://…

Several accounts stand with commas between them.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote_to_bytes, urlsplit

import idna

from outreach.reading_settings import split_smtp_urls

_SUBMISSION, _RELAY, _SUBMISSIONS = 587, 25, 465
_HOST = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*"
)
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_SHAPE = "smtp://user:password@host:port or smtps://user:password@host:port"


class SmtpUrlFault(ValueError):
    """Says what is wrong and the mend. Never repeats any part of the URL: a password with an
    unescaped / or @ in it turns up in any part."""


class StartTls(StrEnum):
    REQUIRED = "required"
    OPTIONAL = "optional"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over. `repr` shows neither user name nor password."""

    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    starttls: StartTls = StartTls.OPTIONAL

    @property
    def place(self) -> str:
        """`host:port`, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_smtp_urls(urls: str) -> list[SmtpServer]:
    """One account or several, with commas between, the preferred first. Raises SmtpUrlFault.

    A comma that no smtp:// or smtps:// follows belongs to a password.
    """
    servers = [parse_smtp_url(url) for url in split_smtp_urls(urls)]
    if len({(server.place, server.username) for server in servers}) < len(servers):
        raise SmtpUrlFault("SMTP_URL names one account twice. Name each once.")
    return servers


def parse_smtp_url(url: str) -> SmtpServer:
    """User name and password are percent-decoded. Raises SmtpUrlFault.

    Ports by default: smtps 465; smtp 587 with a user name (submission, RFC 6409), 25 without (a
    relay that knows us). `starttls` by default is `optional`: used, with the certificate verified,
    wherever the server offers it.
    """
    if _NOT_IN_A_URL.search(url):
        raise SmtpUrlFault("SMTP_URL has a space or a control character in it. Remove it.")
    parts = _split(url)
    if parts.scheme not in {"smtp", "smtps"}:
        raise SmtpUrlFault(f"SMTP_URL must begin with smtp:// or smtps://. Write {_SHAPE}.")
    if parts.path not in {"", "/"} or parts.fragment:
        raise SmtpUrlFault(
            "SMTP_URL has something after the port that does not belong there. If the user name or "
            "password contains / ? # @ or :, write it percent-encoded: %2F %3F %23 %40 %3A."
        )
    username, password = _credentials(parts)
    implicit_tls = parts.scheme == "smtps"
    default = _SUBMISSIONS if implicit_tls else _SUBMISSION if username else _RELAY
    return SmtpServer(
        host=_host(parts),
        port=_port(parts, default),
        username=username,
        password=password,
        implicit_tls=implicit_tls,
        starttls=_starttls(parts.query, implicit_tls),
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise SmtpUrlFault(f"SMTP_URL cannot be read as an address. Write {_SHAPE}.") from None


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise SmtpUrlFault("SMTP_URL has brackets, but no IPv6 address in them.") from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            host = ""
    if not _HOST.fullmatch(host):
        raise SmtpUrlFault(
            f"SMTP_URL names no mail server, or not one that can be. Write {_SHAPE}."
        )
    return host


def _port(parts: SplitResult, default: int) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise SmtpUrlFault(
            "SMTP_URL has a port that is not a number from 1 to 65535. If the password contains "
            "/ ? # @ or :, write it percent-encoded: %2F %3F %23 %40 %3A."
        )
    return port or default


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    if not parts.username or not parts.password:
        raise SmtpUrlFault(
            "SMTP_URL needs both a user name and a password before the @, or neither."
        )
    try:
        username = unquote_to_bytes(parts.username).decode("utf-8")
        password = unquote_to_bytes(parts.password).decode("utf-8")
    except UnicodeDecodeError:
        raise SmtpUrlFault("SMTP_URL has a user name or password that is not UTF-8.") from None
    if "\0" in username + password:
        raise SmtpUrlFault("SMTP_URL has a zero character in its user name or password.")
    return username, password


def _starttls(query: str, implicit_tls: bool) -> StartTls:
    given = parse_qsl(query, keep_blank_values=True)
    if not given:
        return StartTls.OFF if implicit_tls else StartTls.OPTIONAL
    if len(given) > 1 or given[0][0] != "starttls":
        raise SmtpUrlFault("SMTP_URL takes one setting after the ?, and its name is starttls.")
    if implicit_tls:
        raise SmtpUrlFault(
            "smtps:// is encrypted from the first byte: remove starttls, or use smtp://."
        )
    try:
        return StartTls(given[0][1])
    except ValueError:
        raise SmtpUrlFault("SMTP_URL: starttls must be required, optional or off.") from None
