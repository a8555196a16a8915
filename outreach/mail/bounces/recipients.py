"""Which address a returned mail is about."""

import re

from outreach.mail.bounces.dialects import Failing
from outreach.mail.bounces.unpacking import Unpacked

_ADDRESS = re.compile(
    r"(?<![^\s<>\"'()\[\],;:=])"
    r"([^\s<>\"'()\[\],;:@\\]{1,64}@[A-Za-z0-9_\u0080-\uffff](?:[\w.-]{0,251}\w)?)"
)
_ALONE = re.compile(rf"^[\s>*\-]{{0,20}}<?{_ADDRESS.pattern}>?:?\s*$", re.M)
_NAMED = re.compile(
    r"\b(?:rcpt to:|recipients?:?|address(?:es)?:?|delivered to:?|delivery to|sent to|"
    r"(?:message|mail) to|deliver to|to:|for|to|user)\s{0,5}[\"'<]{0,2}" + _ADDRESS.pattern,
    re.I,
)
NEXT_RECIPIENT = re.compile(rf"^[\s*\-]{{0,20}}<?{_ADDRESS.pattern}>?:?(?:\s*$|\s+\()", re.M)
"""A line that begins what a notice says about another recipient."""
_LONGEST = 8000
_SYSTEMS = ("mailer-daemon", "postmaster", "noreply", "no-reply")


def address_in(text: str) -> str | None:
    """The first address of a header or a line."""
    found = _ADDRESS.search(text[:_LONGEST])
    return found[1].rstrip(".") if found else None


def typed_address(value: str) -> str | None:
    """Of a field such as `rfc822; amy@hill.example` (RFC 3464 §2.3.1). Some servers leave the
    type out; other types (X.400, `IMCEAEX-…`) name no mailbox of the Internet's."""
    kind, semicolon, address = value.partition(";")
    if semicolon and kind.strip().lower() not in ("rfc822", "utf-8", "smtp", "822", "internet"):
        return None
    found = address_in(address if semicolon else value)
    if found is None or found.lower().startswith("imcea"):
        return None
    # Servers hand xtext (RFC 3461 §4) through undecoded; these two must have been encoded.
    return re.sub(r"\+(2B|3D)", lambda match: {"2B": "+", "3D": "="}[match[1]], found)


def recipient_told(mail: Unpacked, known: Failing, text: str) -> str | None:
    """From the words of a mail that brings no report: its own header, then what was
    `known` of its dialect, then where addresses usually stand."""
    ours = _not_the_recipient(mail)
    candidates = [address_in(mail.headers.get("x-failed-recipients", ""))]
    candidates += known.addresses
    text = text[:_LONGEST]
    for pattern in (_ALONE, _NAMED, _ADDRESS):
        candidates += (match[1].rstrip(".") for match in pattern.finditer(text))
    candidates.append(address_in(mail.returned.get("to", "")))
    return next((one for one in candidates if one and _may_be(one, ours)), None)


def _not_the_recipient(mail: Unpacked) -> frozenset[str]:
    """Whoever sent this notice, and to whom: that is our own return path."""
    found = (address_in(mail.headers.get(name, "")) for name in ("to", "from", "delivered-to"))
    return frozenset(one.lower() for one in found if one)


def _may_be(address: str, ours: frozenset[str]) -> bool:
    lower = address.lower()
    return lower not in ours and "." in lower.rpartition("@")[2] and not lower.startswith(_SYSTEMS)
