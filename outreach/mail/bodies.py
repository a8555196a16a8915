"""The body of one MIME part, 7-bit safe: plain where that can be, else encoded (RFC 2045 §6).

Works on bytes: `translate` and `replace` there cost a fifth of what a regular expression does.
"""

import base64
import binascii
from dataclasses import dataclass

LONGEST_PLAIN_LINE = 989  # RFC 5322 §2.1.1 allows 998; servers add a dot or a space now and then
_CONTROLS = bytes(set(range(32)) - set(b"\t\r\n")) + b"\x7f"
_BEYOND_ASCII = bytes(range(128, 256))


@dataclass(frozen=True, slots=True)
class EncodedBody:
    """`payload` is ASCII with CRLF line ends; `encoding` is its Content-Transfer-Encoding."""

    encoding: bytes
    payload: bytes


def encode_body(text: str) -> EncodedBody:
    """Plain `7bit` wherever possible, so that whoever reads the raw source finds a URL unbroken.
    Line ends become CRLF; control characters are dropped, since no reader can show them."""
    octets = plain_octets(text)
    if octets.isascii() and max(map(len, octets.split(b"\n"))) <= LONGEST_PLAIN_LINE:
        return EncodedBody(b"7bit", octets.replace(b"\n", b"\r\n"))
    beyond_ascii = len(octets) - len(octets.translate(None, _BEYOND_ASCII))
    if beyond_ascii * 6 <= len(octets):  # quoted-printable is then the smaller, and readable
        encoded = binascii.b2a_qp(octets, istext=True)
        return EncodedBody(b"quoted-printable", encoded.replace(b"\n", b"\r\n"))
    encoded = base64.encodebytes(octets.replace(b"\n", b"\r\n"))
    return EncodedBody(b"base64", encoded.replace(b"\n", b"\r\n"))


def plain_octets(text: str) -> bytes:
    """UTF-8 with line ends of one octet, without controls."""
    octets = text.encode("utf-8", "replace").translate(None, _CONTROLS)
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return octets
