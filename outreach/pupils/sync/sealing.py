"""Integrators' secrets, and files that wait for their import: encrypted under keys from settings.

Fernet (AES-128-CBC with HMAC-SHA256), one key derived from each of SECRET_KEYS by HKDF. The newest
seals, all open; so after a new key has been put first, `reseal` makes the old ones needless.
"""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outreach.errors import Refusal

_PURPOSE = b"outreach.source-secret"
UPLOADS = b"outreach.roster-upload"


class CannotOpen(Refusal):
    """None of the keys in force sealed this secret."""


class Sealer:
    """`secret_keys` come newest first, as in the setting; each purpose has keys of its own."""

    def __init__(self, secret_keys: Sequence[str], purpose: bytes = _PURPOSE) -> None:
        fernets = [Fernet(_derive(key, purpose)) for key in secret_keys]
        self._newest, self._all = fernets[0], MultiFernet(fernets)

    def seal(self, secret: str) -> bytes:
        return self.seal_bytes(secret.encode())

    def seal_bytes(self, content: bytes) -> bytes:
        return self._newest.encrypt(content)

    def open_bytes(self, sealed: bytes) -> bytes | None:
        """None where no key in force sealed it."""
        try:
            return self._all.decrypt(sealed)
        except InvalidToken:
            return None

    def open(self, sealed: bytes) -> str:
        """Raises CannotOpen."""
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            raise CannotOpen(
                "The secret of this connection was stored under a key that SECRET_KEYS no longer "
                "has. Put that key back (not in the first place), or connect the school again."
            ) from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret under the newest key. Raises CannotOpen."""
        return self.seal(self.open(sealed))


def _derive(key: str, purpose: bytes) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
