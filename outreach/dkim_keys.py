"""DKIM_KEYS: under which selectors mail is signed, and the private keys for it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from outreach.reading_settings import SettingsFault

FEWEST_BITS = 1024
"""Verifiers must take keys of 1,024 to 4,096 bits and need not take others (RFC 8301 §3.2)."""
MOST_BITS = 4096
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_EXAMPLE = "for example DKIM_KEYS=2026a=/etc/outreach/dkim-2026a.pem"
_MAKE = "Make one with: openssl genrsa -out FILE 2048"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """`pem` is the private key as its file has it; `repr` does not show it."""

    selector: str
    path: Path
    pem: bytes = field(repr=False)


def read_dkim_keys(text: str) -> tuple[DkimKey, ...]:
    """`selector=/path/key.pem`, comma separated; the first signs, the others are still published.

    Raises SettingsFault, which names the file and the mend.
    """
    keys: list[DkimKey] = []
    for part in filter(None, map(str.strip, text.split(","))):
        selector, equals, path = part.partition("=")
        if not equals or not path.strip():
            raise SettingsFault(f"DKIM_KEYS must be selector=/path/key.pem, {_EXAMPLE}.")
        keys.append(_read_key(selector.strip(), Path(path.strip()).expanduser()))
    if len({key.selector for key in keys}) < len(keys):
        raise SettingsFault("DKIM_KEYS gives one selector twice. Give each key one of its own.")
    return tuple(keys)


def private_key(key: DkimKey) -> RSAPrivateKey:
    """Raises ValueError where the file holds no RSA key without a password."""
    try:
        found = load_pem_private_key(key.pem, password=None)
    except (TypeError, UnsupportedAlgorithm) as fault:  # TypeError: it needs a password
        raise ValueError(str(fault)) from fault
    if not isinstance(found, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return found


def _read_key(selector: str, path: Path) -> DkimKey:
    if not _SELECTOR.fullmatch(selector):
        raise SettingsFault(
            "DKIM_KEYS has a selector that cannot stand in DNS. Use letters, digits and hyphens, "
            f"{_EXAMPLE}."
        )
    try:
        key = DkimKey(selector, path, path.read_bytes())
    except (OSError, ValueError) as fault:
        why = (fault.strerror if isinstance(fault, OSError) else None) or "no such path"
        raise SettingsFault(
            f"DKIM_KEYS names {path}, which cannot be read ({why}). "
            "Give the path of a private key that this user may read."
        ) from fault
    try:
        bits = private_key(key).key_size
    except ValueError as fault:
        raise SettingsFault(
            f"DKIM_KEYS names {path}, which is not a private RSA key in PEM form without a "
            f"password. {_MAKE}"
        ) from fault
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise SettingsFault(
            f"DKIM_KEYS names {path}, a key of {bits} bits: many receivers take {FEWEST_BITS} to "
            f"{MOST_BITS} alone. {_MAKE}"
        )
    return key
