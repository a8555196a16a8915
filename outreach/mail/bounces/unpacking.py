"""Any bytes into the few parts of a returned mail that are read: bounded, and never raising.

Sizes and counts are cut before the parser sees them, since its time and its depth grow with what a
stranger chose to nest.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from html import unescape

from outreach.mail.bounces.parsing import is_readable, parse

LONGEST = 256 * 1024
"""Octets that are read. What tells about a bounce stands first; the returned mail comes last."""
_MOST_LINES, _MOST_DELIMITERS, _MOST_NESTERS = 8000, 400, 40
_LONGEST_LINE = 1000  # RFC 5322 §2.1.1 allows 998
_LONGEST_HEADER, _LONGEST_TEXT = 1000, 20_000
_MOST_RECIPIENTS, _MOST_BLOCKS = 50, 200
_START = 64 * 1024

_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_NESTER = re.compile(rb"boundary[*\d]{0,4}[ \t]{0,9}=|message/|multipart/digest", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/td|/h\d|/li)\b[^<>]{0,2000}>", re.I)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""With halves of surrogate pairs, which no output can be written with."""

Fields = dict[str, str]
"""The fields of one header, by lower-case name; of several the first."""


@dataclass(repr=False)
class Unpacked:
    """`text` is what the sender of this mail says, without attachments. `recipients` are the groups
    of a delivery report that are about a recipient, `feedback` the fields of a complaint,
    `returned` the header of the mail that came back. `start` is the bounded beginning as it came."""

    headers: Fields
    start: bytes
    content_type: str = ""
    report_type: str = ""
    text: str = ""
    recipients: list[Fields] = field(default_factory=list)
    has_delivery_report: bool = False
    feedback: Fields | None = None
    returned: Fields = field(default_factory=dict)


def unpack(raw: bytes) -> Unpacked:
    raw = bounded(raw)
    message = parse(raw)
    found = Unpacked(
        _fields(message), raw[:_START], message.get_content_type(), _report_type(message)
    )
    plain: list[str] = []
    marked_up: list[str] = []
    for part in _own_parts(message):
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            _read_delivery_report(part, found)
        elif kind == "message/feedback-report" and found.feedback is None:
            found.feedback = _report_fields(part)
        elif kind in ("message/rfc822", "message/global") and not found.returned:
            found.returned = _fields_inside(part)
        elif kind == "text/rfc822-headers" and not found.returned:
            found.returned = _fields(parse(bounded(_decoded(part))))
        elif kind == "text/plain" and not _is_attached(part):
            plain.append(_text_of(part))
        elif kind == "text/html" and not _is_attached(part):
            marked_up.append(_without_tags(_text_of(part)))
    told = "\n".join(plain)
    found.text = (told if told.strip() else "\n".join(marked_up))[:_LONGEST_TEXT]
    return found


def bounded(raw: bytes) -> bytes:
    """The beginning that is safe to parse, of a mail or of what a part of it decodes to. Lines end with a line feed; overlong ones are broken."""
    raw = raw[:LONGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if raw.startswith((b"From ", b">From ")):  # a mailbox file's own line
        raw = raw.partition(b"\n")[2]
    lines = raw.split(b"\n", _MOST_LINES)[:_MOST_LINES]
    if any(len(line) > _LONGEST_LINE for line in lines):
        lines = [piece for line in lines for piece in _broken(line)][:_MOST_LINES]
    raw = b"\n".join(lines)
    for pattern, most in ((_DELIMITER, _MOST_DELIMITERS), (_NESTER, _MOST_NESTERS)):
        for count, match in enumerate(pattern.finditer(raw)):
            if count == most:
                raw = raw[: match.start()]
                break
    return raw


def _broken(line: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(line), 1), _LONGEST_LINE):
        yield line[start : start + _LONGEST_LINE]


def _own_parts(message: Message) -> Iterator[Message]:
    """The leaves, without going into a mail that this one carries."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed(_inside(part)))
        else:
            yield part


def _inside(part: Message) -> list[Message]:
    inside = part.get_payload() if part.is_multipart() else []
    return [one for one in inside if isinstance(one, Message)] if isinstance(inside, list) else []


def _read_delivery_report(part: Message, found: Unpacked) -> None:
    """RFC 3464 §2.1: fields about the message, then a group for each recipient. Servers are seen
    that leave the first group out, so a group is known by its own fields."""
    found.has_delivery_report = True
    blocks = _inside(part)
    if not any(map(_is_of_recipient, blocks)):
        # Encoded, or of the kind for addresses beyond ASCII (RFC 6533), which the parser leaves.
        given = re.split(rb"\n\s*\n", bounded(_body_of(part)), maxsplit=_MOST_BLOCKS)
        blocks = [parse(one) for one in given[:_MOST_BLOCKS]]
    groups = [one for one in blocks if _is_of_recipient(one)]
    found.recipients += map(_fields, groups[: _MOST_RECIPIENTS - len(found.recipients)])


def _is_of_recipient(block: Message) -> bool:
    names = ("final-recipient", "original-recipient", "action", "status")
    return any(name in block for name in names)


def _body_of(part: Message) -> bytes:
    body = part.as_bytes().partition(b"\n\n")[2].strip()
    if str(part.get("content-transfer-encoding", "")).strip().lower() != "base64":
        return body
    with suppress(ValueError):
        return base64.b64decode(b"".join(body.split())).replace(b"\r\n", b"\n").strip()
    return b""


def _report_fields(part: Message) -> Fields:
    inside = _inside(part)
    if inside:
        told = _fields(inside[0])
        # The parser takes `message/feedback-report` for a mail: its fields are that mail's header.
        return told or _fields(parse(bounded(_decoded(inside[0]))))
    return _fields(parse(bounded(_decoded(part).lstrip())))


def _fields_inside(part: Message) -> Fields:
    inside = _inside(part)
    if inside:
        return _fields(inside[0])
    return _fields(parse(bounded(_decoded(part))))


def _fields(message: Message) -> Fields:
    fields: Fields = {}
    for name, value in message.items():
        if len(fields) < 200:
            fields.setdefault(name.strip().lower(), readable(str(value)))
    return fields


def readable(value: str) -> str:
    """A header's value in one line, encoded words read where they can be."""
    value = value[:_LONGEST_HEADER]
    if "=?" in value:
        with suppress(HeaderParseError, ValueError):  # then it stays as it came
            value = "".join(
                piece if isinstance(piece, str) else _in_charset(piece, charset)
                for piece, charset in decode_header(value)
            )
    else:
        # What the parser could not decode: octets of a header that should have been ASCII.
        value = _in_charset(value.encode("utf-8", "surrogateescape"), "utf-8")
    return " ".join(_CONTROLS.sub(" ", value).split())


def _in_charset(octets: bytes, charset: str | None) -> str:
    told = (charset,) if charset is None or is_readable(charset) else ()
    for name in (*told, "utf-8", "latin-1"):
        try:
            return octets.decode(name or "ascii")
        except (LookupError, ValueError):  # no such charset, or not in it
            continue
    return ""


def _decoded(part: Message) -> bytes:
    inside = part.get_payload(decode=True)
    return inside if isinstance(inside, bytes) else b""


def _text_of(part: Message) -> str:
    text = _in_charset(_decoded(part), part.get_content_charset())
    return _CONTROLS.sub(" ", text)


def _without_tags(text: str) -> str:
    text = text[: 5 * _LONGEST_TEXT]
    shown, _, rest = text.partition("<style")
    while rest:
        shown_next, _, rest = rest.partition("</style>")[2].partition("<style")
        shown += shown_next
    text = _BREAK.sub("\n", shown)
    return unescape(_TAG.sub(" ", text)).replace("\xa0", " ")


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _report_type(message: Message) -> str:
    if message.get_content_type() != "multipart/report":
        return ""
    given = message.get_param("report-type", "")
    return given.strip().lower() if isinstance(given, str) else ""
