"""Amazon SNS over HTTPS: whether a message is really Amazon's, and of a topic of ours.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from outreach.mail.hooks.telling import NotBelieved, text

Fetch = Callable[[str], bytes]

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE = re.compile(rf"https://{_HOST.pattern}/[A-Za-z0-9-]{{1,100}}\.pem")
"""As Amazon writes it, and nothing that some reader of addresses could take for another place."""
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_SECONDS = 5.0
_LARGEST = 64 * 1024
_MOST_KEPT = 20

_kept: dict[str, x509.Certificate] = {}
_keeping = threading.Lock()


class Unreachable(Exception):
    """Amazon did not answer: the message is neither believed nor refused, and comes again."""


@dataclass(frozen=True)
class SnsMessage:
    """A verified one. `subscribe_url` is set where Amazon asks whether we want the topic."""

    message_id: str
    body: str = field(repr=False)
    subscribe_url: str = field(default="", repr=False)

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def fetch(url: str) -> bytes:
    """From Amazon, as `is_amazons` says. Raises Unreachable."""
    try:
        with urllib3.PoolManager(timeout=_SECONDS, retries=False) as pool:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            content = answer.read(_LARGEST)
            answer.release_conn()
    except urllib3.exceptions.HTTPError as fault:
        raise Unreachable(type(fault).__name__) from None
    if answer.status != 200:
        raise Unreachable(f"HTTP {answer.status}")
    return content


def verify(document: Any, topics: Sequence[str], now: datetime, fetch_from: Fetch) -> SnsMessage:
    """Raises NotBelieved, and Unreachable where the certificate cannot be had just now."""
    kind = text(document, "Type")
    if kind not in _SIGNED or text(document, "TopicArn") not in topics:
        raise NotBelieved("not of a topic of ours")
    given = {name: document.get(name) for name in _SIGNED[kind]}
    if not all(isinstance(value, str) or value is None for value in given.values()):
        raise NotBelieved("not as SNS writes it")
    _check_signature(document, given, now, fetch_from)
    subscribe_url = str(given.get("SubscribeURL") or "")
    if subscribe_url and not is_amazons(subscribe_url):
        raise NotBelieved("a subscription elsewhere")
    return SnsMessage(str(given["MessageId"]), str(given["Message"] or ""), subscribe_url)


def confirm(message: SnsMessage, fetch_from: Fetch) -> None:
    """Tell Amazon that we want what the topic brings. Raises Unreachable."""
    fetch_from(message.subscribe_url)


def is_amazons(url: str) -> bool:
    """Of SNS itself: whoever chooses the address of a certificate chooses who is believed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = not parts.username and port in (None, 443)
    return (
        parts.scheme == "https" and is_plain and _HOST.fullmatch(parts.hostname or "") is not None
    )


def _check_signature(
    document: Any, given: dict[str, Any], now: datetime, fetch_from: Fetch
) -> None:
    algorithm = _HASHES.get(text(document, "SignatureVersion"))
    if algorithm is None:
        raise NotBelieved("an unknown way of signing")
    key = _certificate(text(document, "SigningCertURL"), now, fetch_from).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotBelieved("an unknown kind of key")
    signed = "".join(f"{name}\n{value}\n" for name, value in given.items() if value is not None)
    try:
        signature = base64.b64decode(text(document, "Signature"), validate=True)
        key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm())
    except (InvalidSignature, ValueError):
        raise NotBelieved("a wrong signature") from None


def _certificate(url: str, now: datetime, fetch_from: Fetch) -> x509.Certificate:
    """Fetched once a process. It comes from Amazon's own host over https, which vouches for it."""
    if _CERTIFICATE.fullmatch(url) is None:
        raise NotBelieved("a certificate from elsewhere")
    with _keeping:
        found = _kept.get(url)
    if found is None:
        try:
            found = x509.load_pem_x509_certificate(fetch_from(url))
        except ValueError:
            raise Unreachable("no certificate") from None
        with _keeping:
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[url] = found
    if not found.not_valid_before_utc <= now.astimezone(UTC) <= found.not_valid_after_utc:
        with _keeping:
            _kept.pop(url, None)
        raise NotBelieved("a certificate out of date")
    return found
