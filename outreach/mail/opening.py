"""Opens a line to a mail server: connect, greet, encrypt, log in. Any failure is the server's or
our own trouble, never a recipient's."""

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator

from outreach.mail.addresses import scrub
from outreach.mail.smtp_url import SmtpServer, StartTls
from outreach.mail.wire import Line, LineTrouble, PlainLine, Reply, TlsLine, read_reply


class ServerTrouble(Exception):
    """No line can be had now. `reply` is what the server said, where it said anything."""

    def __init__(self, words: str, reply: Reply | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.reply = reply


def open_line(
    server: SmtpServer, tls: ssl.SSLContext, *, connect_seconds: float, reply_seconds: float
) -> Line:
    """A line on which MAIL may be said. Raises ServerTrouble, and then leaves no socket behind."""
    line = _connect(server, tls, connect_seconds, reply_seconds)
    try:
        with _as_trouble(server):
            line.local_hostname = _our_name(line)
            _greet(line)
            if _starts_tls(server, line):
                _ask_for_tls(line, tls)
                _greet(line)
            if server.username is not None and server.password is not None:
                _log_in(line, server, server.username, server.password)
    except BaseException:
        line.close()
        raise
    return line


def _connect(
    server: SmtpServer, tls: ssl.SSLContext, connect_seconds: float, reply_seconds: float
) -> Line:
    with _as_trouble(server):
        if server.implicit_tls:
            return TlsLine(
                server.host,
                server.port,
                connect_seconds=connect_seconds,
                reply_seconds=reply_seconds,
                context=tls,
            )
        return PlainLine(
            server.host, server.port, connect_seconds=connect_seconds, reply_seconds=reply_seconds
        )


@contextlib.contextmanager
def _as_trouble(server: SmtpServer) -> Iterator[None]:
    try:
        yield
    except LineTrouble as trouble:
        raise ServerTrouble(trouble.words) from None
    except smtplib.SMTPConnectError as refusal:
        raise _refused("The mail server turned the connection away", _reply_of(refusal)) from None
    except smtplib.SMTPResponseException as refusal:
        words = "The mail server offered encryption (STARTTLS) and then declined it"
        raise _refused(words, _reply_of(refusal)) from None
    except ssl.SSLCertVerificationError as fault:
        raise ServerTrouble(
            f"The mail server's certificate is not one to trust: {fault.verify_message}. "
            "Name the server as its certificate does, or have its issuer trusted here."
        ) from None
    except ssl.SSLError:
        raise ServerTrouble("Encryption (TLS) with the mail server could not be agreed.") from None
    except TimeoutError:
        raise ServerTrouble(f"The mail server at {server.place} did not answer in time.") from None
    except socket.gaierror:
        raise ServerTrouble(f"The name of the mail server {server.place} is not known.") from None
    except (OSError, UnicodeError):
        # SMTPException is an OSError too.
        raise ServerTrouble(f"No mail server can be reached at {server.place}.") from None


def _our_name(line: Line) -> str:
    """What EHLO says: the host's name where it is a full one, else the address literal of
    RFC 5321 §4.1.3."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    if line.sock is None:
        return "[127.0.0.1]"
    address = str(line.sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _greet(line: Line) -> None:
    if line.sock is not None:
        # Without it the end of a long body waits for an acknowledgement of its beginning.
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reply = read_reply(*line.ehlo())
    if reply.kind == 5:
        reply = read_reply(*line.helo())
    if reply.kind != 2:
        raise _refused("The mail server did not accept our greeting", reply)


def _starts_tls(server: SmtpServer, line: Line) -> bool:
    if server.implicit_tls or server.starttls is StartTls.OFF:
        return False
    if line.has_extn("starttls"):
        return True
    if server.starttls is StartTls.REQUIRED:
        raise ServerTrouble(
            "The mail server does not offer encryption (STARTTLS), and SMTP_URL requires it."
        )
    if server.username is not None and not server.is_loopback:
        # Whoever sits on the way could have removed the offer, to be given the password.
        raise ServerTrouble(
            "The mail server does not offer encryption (STARTTLS), so the password was not sent. "
            "Add ?starttls=off to SMTP_URL if it may travel in the clear."
        )
    return False


def _ask_for_tls(line: Line, tls: ssl.SSLContext) -> None:
    """An offer that fails is trouble even where STARTTLS is optional: going on in the clear would
    give whoever broke it what they wanted. smtplib raises for any reply but 220."""
    line.starttls(context=tls)


def _log_in(line: Line, server: SmtpServer, username: str, password: str) -> None:
    """PLAIN (RFC 4616) or LOGIN, in UTF-8; smtplib's own can do ASCII only."""
    offered = line.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        secret = _base64(f"\0{username}\0{password}")
        reply = read_reply(*line.docmd("AUTH", f"PLAIN {secret}"))
        if reply.code == 334:
            reply = read_reply(*line.docmd(secret))
    elif "LOGIN" in offered:
        reply = read_reply(*line.docmd("AUTH", "LOGIN"))
        for answer in (username, password):
            if reply.code == 334:
                reply = read_reply(*line.docmd(_base64(answer)))
    else:
        raise ServerTrouble(
            f"The mail server at {server.place} offers no log-in (AUTH PLAIN or LOGIN), "
            "and SMTP_URL has a user name. Use the port for submission, often 587 or 465."
        )
    if reply.code != 235:
        raise _refused("The mail server did not accept our log-in", reply, username, password)


def _refused(what: str, reply: Reply, *secrets: str) -> ServerTrouble:
    said = scrub(reply.text, *secrets)
    return ServerTrouble(f"{what}: {said}" if said else f"{what}.", reply)


def _reply_of(refusal: smtplib.SMTPResponseException) -> Reply:
    text = refusal.smtp_error
    return read_reply(refusal.smtp_code, text if isinstance(text, bytes) else text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
