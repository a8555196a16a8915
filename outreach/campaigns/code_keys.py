"""The keys of personal codes: one hash to find a code by, and a seal under which it is kept."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outreach.pupils.sync.sealing import Sealer

_FINDING, _SEALING, _COUNTING = b"outreach.code", b"outreach.code-seal", b"outreach.code-try"


class CodeKeys:
    """`secret_keys` come newest first, as in the setting. Without them a copy of the database
    gives no code away: the space of codes alone could be searched through."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._finding = [_derive(key, _FINDING) for key in secret_keys]
        self._counting = _derive(secret_keys[0], _COUNTING)
        self._sealer = Sealer(secret_keys, _SEALING)

    def hash(self, code: str) -> bytes:
        """Under the newest key: how a new code is found again."""
        return _keyed(self._finding[0], code)

    def hashes(self, code: str) -> list[bytes]:
        """Under every key in force, newest first."""
        return [_keyed(key, code) for key in self._finding]

    def seal(self, code: str) -> bytes:
        return self._sealer.seal(code)

    def open(self, sealed: bytes) -> str | None:
        """None where no key in force sealed it."""
        opened = self._sealer.open_bytes(sealed)
        return None if opened is None else opened.decode()

    def is_newest(self, sealed: bytes) -> bool:
        return self._sealer.is_newest(sealed)

    def hash_of_whom(self, subject: str) -> bytes:
        """For counting tries. A new key forgets them, which is a matter of an hour."""
        return _keyed(self._counting, subject)


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
