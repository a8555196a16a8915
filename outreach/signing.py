"""Signed opaque tokens: which school and which row, and a signature for one purpose.

A token is base64url(8 bytes of school key + 16 bytes of row id) + "." + a 16 byte HMAC-SHA256,
55 characters in all, so that a link does not wrap in a mail. It has no age limit of its own:
what it opens decides (a campaign closes, a link is revoked).
"""

import hashlib
import hmac
from base64 import b32hexdecode, b32hexencode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.signer import HMACAlgorithm

SCHOOL_KEY_BYTES = 8
SIGNATURE_BYTES = 16
FOLDED_SIGNATURE_BYTES = 14
"""112 bits: with 24 bytes of ids, what fits into the local part of an address (64 octets)."""


class Purpose(Enum):
    """One salt per purpose: a token for one never opens another."""

    LINK = "outreach.link"
    STOP_MAIL = "outreach.stop-mail"
    SOURCE_HOOK = "outreach.source-hook"
    IT_PAGE = "outreach.it-page"
    IT_TEST = "outreach.it-test"
    RETURN_PATH = "outreach.return-path"


class BadToken(Exception):
    """The token was not made by this service for this purpose, or was altered on its way."""


@dataclass(frozen=True)
class TokenSubject:
    """What a token names. Trust `school_key` only from here, after the signature is verified."""

    school_key: bytes
    row_id: UUID


class _ShortHMAC(HMACAlgorithm):
    """HMAC-SHA256 cut to 128 bits (RFC 2104 §5), which keeps links short."""

    def __init__(self) -> None:
        super().__init__(hashlib.sha256)

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:SIGNATURE_BYTES]

    def verify_signature(self, key: bytes, value: bytes, sig: bytes) -> bool:
        return hmac.compare_digest(self.get_signature(key, value), sig)


class _QuickSigner(Signer):
    """Derives each key once, not for each token: mail to 100,000 needs 200,000 of them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._derived: dict[str | bytes | None, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived


class TokenSigner:
    """Signs with the newest key, verifies with all of them.

    `secret_keys` come newest first, as in the setting; itsdangerous wants them oldest first.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        keys = list(reversed(secret_keys))
        self._signers = {
            purpose: _QuickSigner(
                keys,
                salt=purpose.value.encode(),
                sep=".",
                key_derivation="hmac",
                digest_method=hashlib.sha256,
                algorithm=_ShortHMAC(),
            )
            for purpose in Purpose
        }
        self._folding_keys = {
            purpose: [hmac.digest(key.encode(), purpose.value.encode(), "sha256") for key in keys]
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, school_key: bytes, row_id: UUID) -> str:
        payload = base64_encode(school_key + row_id.bytes)
        return self._signers[purpose].sign(payload).decode("ascii")

    def sign_folded(self, purpose: Purpose, school_key: bytes, row_id: UUID) -> str:
        """61 digits and small letters, which mean the same in capitals: mail servers may fold the
        case of an address."""
        payload = school_key + row_id.bytes
        signature = _folded_signature(self._folding_keys[purpose][-1], payload)
        return b32hexencode(payload + signature).decode("ascii").rstrip("=").lower()

    def verify_folded(self, purpose: Purpose, token: str) -> TokenSubject:
        """Raise BadToken unless `sign_folded` gave it here for `purpose`, whatever its case."""
        try:
            given = b32hexdecode(token.upper() + "=" * (-len(token) % 8))
        except ValueError as fault:  # no ASCII, or no base32
            raise BadToken from fault
        payload, signature = given[:-FOLDED_SIGNATURE_BYTES], given[-FOLDED_SIGNATURE_BYTES:]
        if len(payload) != SCHOOL_KEY_BYTES + 16 or not any(
            hmac.compare_digest(_folded_signature(key, payload), signature)
            for key in self._folding_keys[purpose]
        ):
            raise BadToken
        school_key, row_id = payload[:SCHOOL_KEY_BYTES], payload[SCHOOL_KEY_BYTES:]
        return TokenSubject(school_key, UUID(bytes=row_id))

    def verify(self, purpose: Purpose, token: str) -> TokenSubject:
        """Raise BadToken unless `token` was signed here for `purpose`."""
        try:
            payload = base64_decode(self._signers[purpose].unsign(token.encode("ascii", "replace")))
        except BadSignature as fault:
            raise BadToken from fault
        if len(payload) != SCHOOL_KEY_BYTES + 16:
            raise BadToken
        school_key, row_id = payload[:SCHOOL_KEY_BYTES], payload[SCHOOL_KEY_BYTES:]
        return TokenSubject(school_key, UUID(bytes=row_id))


def _folded_signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:FOLDED_SIGNATURE_BYTES]


def hash_secret(secret: str) -> bytes:
    """How a random secret (cookie, one-time link) is stored: it has 256 bits, so no salt."""
    return hashlib.sha256(secret.encode()).digest()
