"""Header lines: any script as encoded words, folded, with no way to smuggle a line in.

Documents: RFC 5322 §2.1.1 (line lengths) and §3.2.4 (quoted strings), RFC 2047 (encoded words).
What people typed (subject, display names) is tidied; what programs made (addresses, ids, extra
headers) must be right, and a control character there is a fault of ours.
"""

import base64
import re

from outreach.mail.addresses import sendable

SOFT_LIMIT, HARD_LIMIT = 76, 998  # characters of a line without CRLF
_WORD_FRAME = len("=?utf-8?b??=")
_FULL_WORD = 45  # octets of UTF-8 in one encoded word: 60 letters of base64 and the frame are 72

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_MESSAGE_ID = re.compile(r"(<)?([!-;=?A-~]{1,400}@[!-;=?A-~]{1,255})(?(1)>)")
_PIECES = re.compile(r" *[^ ]+")

# Written by `compose` itself, or by servers on the way.
_NOT_FOR_CALLERS = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date"})
_NOT_FOR_CALLERS |= {"message-id", "mime-version", "return-path", "received"}


class UnsafeHeader(ValueError):
    """A header that a program made cannot be written as it is. The message names the header,
    never its value."""


def tidy(text: str) -> str:
    """Runs of line breaks, tabs, other controls and spaces of any kind become one plain space."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def text_line(name: str, text: str) -> str:
    """A header of free text, such as Subject."""
    text = tidy(text)
    if text.isascii() and "=?" not in text:
        line = fold(f"{name}: {text}")
        if _longest(line) <= SOFT_LIMIT:
            return line
    return f"{name}: {_encoded_words(text, taken=len(name) + 2)}"


def mailbox_line(name: str, display: str | None, address: str) -> str:
    """A header of one mailbox, such as From. Raises UnsendableAddress."""
    address = sendable(address)
    shown = tidy(display or "")
    if not shown:
        return f"{name}: {address}"
    shown = _phrase(shown, taken=len(name) + 2)
    line = f"{name}: {shown} <{address}>"
    return line if _longest(line) <= SOFT_LIMIT else f"{name}: {shown}\r\n <{address}>"


def extra_line(name: str, value: str) -> str:
    """A header whose value a program made: printable ASCII, folded at its spaces only, so that a
    long URL stays whole."""
    if not _HEADER_NAME.fullmatch(name):
        raise UnsafeHeader("A header's name may hold letters, digits and hyphens only.")
    if name.lower() in _NOT_FOR_CALLERS or name.lower().startswith("content-"):
        raise UnsafeHeader(f"{name} is written by compose and cannot be given as an extra header.")
    if not _HEADER_VALUE.fullmatch(value):
        raise UnsafeHeader(f"{name} must be printable ASCII without line breaks or outer spaces.")
    line = fold(f"{name}: {value}")
    if _longest(line) > HARD_LIMIT:
        raise UnsafeHeader(
            f"{name} has a part longer than {HARD_LIMIT} characters without a space."
        )
    return line


def message_id_line(message_id: str) -> str:
    """Takes the id with or without its angle brackets."""
    found = _MESSAGE_ID.fullmatch(message_id)
    if not found:
        raise UnsafeHeader(
            "Message-ID must look like <something@domain>, in ASCII, without spaces."
        )
    return f"Message-ID: <{found[2]}>"


def fold(line: str) -> str:
    """Breaks before spaces where the line would pass SOFT_LIMIT; unfolding gives the line back."""
    if len(line) <= SOFT_LIMIT:
        return line
    lines = [""]
    for piece in _PIECES.findall(line):
        # Never directly after the colon: a first line without a value is mangled by some servers.
        has_value = len(lines) > 1 or " " in lines[0]
        if has_value and len(lines[-1]) + len(piece) > SOFT_LIMIT:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\r\n".join(lines)


def _phrase(shown: str, taken: int) -> str:
    if shown.isascii() and "=?" not in shown and len(shown) <= SOFT_LIMIT - taken - 4:
        if _ATOMS.fullmatch(shown):
            return shown
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        if len(escaped) <= SOFT_LIMIT - taken - 4:
            return f'"{escaped}"'
    return _encoded_words(shown, taken)


def _encoded_words(text: str, taken: int) -> str:
    """`taken`: characters already on the first line. No character is split over two words
    (RFC 2047 §5)."""
    chunks: list[bytes] = []
    chunk, room = b"", (SOFT_LIMIT - taken - _WORD_FRAME) // 4 * 3
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > room:
            chunks.append(chunk)
            chunk, room = b"", _FULL_WORD
        chunk += octets
    chunks.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(each).decode()}?=" for each in chunks)


def _longest(folded: str) -> int:
    return max(map(len, folded.split("\r\n")))
