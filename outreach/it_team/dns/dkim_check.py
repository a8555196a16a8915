"""Compares the DKIM keys that we sign with to those in DNS (RFC 6376 §3.6.1, RFC 8463)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from outreach.it_team.dns.asking import Asker, NoAnswer
from outreach.it_team.dns.findings import Finding, Verdict
from outreach.it_team.dns.tags import read_tags

PART = "DKIM"
SHORTEST, RECOMMENDED = 1024, 2048
"""Bits of an RSA key: RFC 8301 §3.2."""


@dataclass(frozen=True)
class PublishedKey:
    """A key of ours as DNS should show it: a TXT record of `name`. `is_signing`: mail carries it now;
    the others stand by, or are still verified."""

    selector: str
    domain: str
    record: str
    is_signing: bool

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def check_dkim(ask: Asker, keys: Sequence[PublishedKey], domain: str) -> list[Finding]:
    if not keys:
        words = (
            "This service does not sign its mail. Where the mail server behind SMTP_URL signs, a "
            "test send's headers show it; where none does, many schools refuse the mail."
        )
        return [
            Finding(PART, domain, Verdict.NOTE, words, "Set DKIM_KEYS, or let the server sign.")
        ]
    return [_check(ask, key) for key in keys]


def _check(ask: Asker, key: PublishedKey) -> Finding:
    try:
        found = ask.texts(key.name)
    except NoAnswer as fault:
        return Finding(PART, key.name, Verdict.UNKNOWN, str(fault), "Try again in a minute.")
    ours = read_tags(key.record)
    wrong = _fault(found, ours)
    if wrong is not None:
        words, mend = wrong
        if not key.is_signing:
            words += " Mail is not signed with it now, but will be when the keys are changed."
        verdict = Verdict.WRONG if key.is_signing else Verdict.NOTE
        return Finding(PART, key.name, verdict, words, mend, key.record)
    theirs = read_tags(found[0])
    if "y" in theirs.get("t", "").split(":"):
        words = "The record holds our key but says that the domain is only testing (t=y), so receivers may ignore it."
        return Finding(PART, key.name, Verdict.NOTE, words, "Leave out t=y.", key.record)
    bits = _rsa_bits(ours)
    if bits is not None and bits < RECOMMENDED:
        verdict = Verdict.WRONG if bits < SHORTEST else Verdict.NOTE
        words = (
            f"The record holds our key, which has {bits} bits; {RECOMMENDED} are expected today."
        )
        mend = (
            f"Make a key of {RECOMMENDED} bits under a new selector and put it first in DKIM_KEYS."
        )
        return Finding(PART, key.name, verdict, words, mend)
    use = "which signs our mail" if key.is_signing else "which stands by"
    return Finding(PART, key.name, Verdict.GOOD, f"The record holds our key, {use}.")


def _fault(found: tuple[str, ...], ours: dict[str, str]) -> tuple[str, str] | None:
    if not found:
        return "There is no such record, so our signature counts as broken.", "Publish it."
    if len(found) > 1:
        words = (
            f"There are {len(found)} TXT records under this name; receivers may take the wrong one."
        )
        return words, "Leave only this one."
    return _difference(read_tags(found[0]), ours)


def _difference(theirs: dict[str, str], ours: dict[str, str]) -> tuple[str, str] | None:
    if theirs.get("v", "DKIM1") != "DKIM1" or "p" not in theirs:
        return "The record is no DKIM key.", "Replace it."
    if not _squeezed(theirs["p"]):
        return "The key is marked as withdrawn (p is empty).", "Replace it."
    if not _lists(theirs, "h", "sha256") or not (
        _lists(theirs, "s", "email") or _lists(theirs, "s", "*")
    ):
        return "The record limits the key (h= or s=) to what our signature is not.", "Replace it."
    if theirs.get("k", "rsa") != ours.get("k", "rsa"):
        return "The record is of another kind of key than ours.", "Replace it."
    if _squeezed(theirs["p"]) != _squeezed(ours["p"]):
        words = "The record holds another key than ours, so our signature counts as broken."
        return words, "Replace it; look for a cut or a missing character."
    return None


def _lists(tags: dict[str, str], name: str, wanted: str) -> bool:
    """Without the tag everything is allowed."""
    return name not in tags or wanted in (one.strip() for one in tags[name].lower().split(":"))


def _squeezed(text: str) -> str:
    """Base64 may be folded."""
    return "".join(text.split())


def _rsa_bits(tags: dict[str, str]) -> int | None:
    if tags.get("k", "rsa") != "rsa":
        return None
    try:
        key = load_der_public_key(base64.b64decode(_squeezed(tags["p"])))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None
