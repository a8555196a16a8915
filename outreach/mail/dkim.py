"""Signs mail by DKIM (RFC 6376): rsa-sha256, relaxed header and relaxed body."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from outreach.dkim_keys import DkimKey, private_key

SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
    b"auto-submitted",
)
"""What a mail has of these. RFC 8058 §4 wants its two headers among them."""

OVERSIGNED = (b"from", b"subject")
"""Signed once more than they are there, so that nobody can add a second (RFC 6376 §8.15)."""

_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r]*(?:\r\n[ \t][^\r]*)*)\r\n")
_SPACES = re.compile(rb"[ \t]+")
_NOT_ONE_SPACE = re.compile(rb" [ \t]+|\t[ \t]*")
_FOLD_AFTER = 64


class Dkim:
    """Of one domain. Safe from several threads; signing lets others run meanwhile."""

    def __init__(self, domain: str, keys: tuple[DkimKey, ...]) -> None:
        """The first of `keys` signs; with none, mail goes as it is."""
        self.domain = domain
        self.selector = keys[0].selector if keys else None
        self._key = private_key(keys[0]) if keys else None

    def sign(self, raw: bytes) -> bytes:
        """The mail with its signature on top. `raw` has CRLF line ends, as `compose` gives them."""
        if self._key is None or self.selector is None:
            return raw
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = _fields(head + b"\r\n")
        names = [name for name in SIGNED if name in fields]
        signed = b"".join(
            b"%s:%s\r\n" % (name, value) for name in names for value in reversed(fields[name])
        )
        listed = [
            name for each in names for name in [each] * (len(fields[each]) + (each in OVERSIGNED))
        ]
        unsigned = (
            b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s;\r\n h=%s;\r\n bh=%s;\r\n b="
            % (self.domain.encode(), self.selector.encode(), _folded(listed), _hash(body))
        )
        signed += b"dkim-signature:" + _relaxed(unsigned)
        signature = base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256()))
        return b"DKIM-Signature: %s%s\r\n%s" % (unsigned, _in_lines(signature), raw)


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.4. Most of our bodies are nearly so already, and looking costs little."""
    if b"\t" in body or b"  " in body:
        body = _NOT_ONE_SPACE.sub(b" ", body)
    body = body.replace(b" \r\n", b"\r\n")
    stripped = body.rstrip(b"\r\n")
    return stripped + b"\r\n" if stripped else b""


def _hash(body: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())


def _fields(head: bytes) -> dict[bytes, list[bytes]]:
    """By name in small letters, each value relaxed (RFC 6376 §3.4.2), in their order."""
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _HEADER.findall(head):
        fields.setdefault(name.lower(), []).append(_relaxed(value))
    return fields


def _relaxed(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _folded(names: list[bytes]) -> bytes:
    """White space around the colons of `h=` is allowed (RFC 6376 §3.5)."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) > _FOLD_AFTER:
            lines.append(b"")
        lines[-1] += b":" + name
    return b"\r\n ".join(lines)


def _in_lines(signature: bytes) -> bytes:
    starts = range(0, len(signature), _FOLD_AFTER)
    return b"\r\n ".join(signature[start : start + _FOLD_AFTER] for start in starts)
