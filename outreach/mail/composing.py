"""One mail as bytes: multipart/alternative of text and HTML, 7-bit safe, by filling a skeleton.

The standard library's EmailMessage costs about a hundred times as much per mail and is used in the
tests, to read back what is written here. Dots at line starts are left to the transport.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache, partial

from outreach.mail.bodies import EncodedBody, encode_body
from outreach.mail.headers import extra_line, mailbox_line, message_id_line, text_line
from outreach.mail.skeleton import Filled

Mailbox = tuple[str | None, str]  # display name, address

_SKELETON = b"""\
%(head)s\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="%(boundary)s"\r
\r
--%(boundary)s\r
Content-Type: text/plain; charset="utf-8"\r
Content-Transfer-Encoding: %(text_encoding)s\r
\r
%(text)s\r
--%(boundary)s\r
Content-Type: text/html; charset="utf-8"\r
Content-Transfer-Encoding: %(html_encoding)s\r
\r
%(html)s\r
--%(boundary)s--\r
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What one person is to receive.

    `subject` and display names: any script; line breaks and controls in them become spaces.
    `text` and `html`: any script; controls other than tab and line ends are dropped.
    Addresses, `message_id` and `headers` must be right: see `compose`.
    `repr` shows the Message-ID only, so that no log gets more.
    """

    message_id: str
    from_: Mailbox = field(repr=False)
    to: Mailbox = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    date: datetime = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reply_to: Mailbox | None = field(default=None, repr=False)


def compose(mail: Mail) -> bytes:
    """RFC 5322 message: ASCII only, CRLF line ends, no line over 998 octets. The same Mail gives
    the same bytes.

    Raises UnsendableAddress (an address that needs SMTPUTF8 or is none), UnsafeHeader (a control
    character or worse in the Message-ID or an extra header) and ValueError (a date without zone).
    """
    if mail.date.tzinfo is None:
        raise ValueError("The date of a mail needs a time zone.")
    head = [
        message_id_line(mail.message_id),
        _date_line(mail.date.replace(microsecond=0)),
        _from_line(*mail.from_),
        mailbox_line("To", *mail.to),
        _subject_line(mail.subject),
    ]
    if mail.reply_to is not None:
        head.append(mailbox_line("Reply-To", *mail.reply_to))
    head.extend(extra_line(name, value) for name, value in mail.headers.items())
    text, html = _encoded(mail.text), _encoded(mail.html)
    return _SKELETON % {
        b"head": "\r\n".join(head).encode("ascii"),
        b"boundary": _boundary(mail.message_id, text, html),
        b"text_encoding": text.encoding,
        b"text": text.payload,
        b"html_encoding": html.encoding,
        b"html": html.payload,
    }


def _encoded(body: str) -> EncodedBody:
    return body.encoded() if isinstance(body, Filled) else encode_body(body)


# Of a campaign's mails these lines are the same over and over.
_from_line = lru_cache(64)(partial(mailbox_line, "From"))
_subject_line = lru_cache(64)(partial(text_line, "Subject"))


@lru_cache(16)
def _date_line(at: datetime) -> str:
    return f"Date: {format_datetime(at)}"


def _boundary(message_id: str, *bodies: EncodedBody) -> bytes:
    """A line that neither body contains. `=_` cannot stand in quoted-printable or base64; in plain
    text the digest keeps it apart, and the loop makes that certain."""
    seed = message_id
    while True:
        digest = hashlib.blake2b(seed.encode("utf-8"), digest_size=12).hexdigest()
        boundary = f"=_{digest}".encode()
        if not any(boundary in body.payload for body in bodies):
            return boundary
        seed = digest
