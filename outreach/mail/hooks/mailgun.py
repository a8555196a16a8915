"""Mailgun: events by webhook, signed by HMAC over a time and a token.

https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks/
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from outreach.mail.bounces.reading import NOTHING, Kind, Reading
from outreach.mail.hooks.telling import RETURN_VARIABLE, NotBelieved, Told, judged, text

VARIABLES_HEADER = "X-Mailgun-Variables"
MOST_AGE = timedelta(hours=12)
"""Mailgun tries again for eight hours. What is older, or from the future, is a recording."""
MOST_AHEAD = timedelta(minutes=5)
TOKEN_LIFETIME = MOST_AGE + MOST_AHEAD
"""A token can be told again for as long as this."""


def check_signature(key: str, document: Any, now: datetime) -> None:
    """Raises NotBelieved. It signs a time and a token, and not the event: whoever overhears one could
    tell another event with it, so see `token_and_event` too."""
    timestamp, token = (
        text(document, "signature", "timestamp"),
        text(document, "signature", "token"),
    )
    expected = hmac.digest(key.encode(), f"{timestamp}{token}".encode(), "sha256").hex()
    if not token or not hmac.compare_digest(
        expected.encode(), text(document, "signature", "signature").encode()
    ):
        raise NotBelieved("a wrong signature")
    try:
        age = now.timestamp() - float(timestamp)
    except ValueError:
        raise NotBelieved("no time") from None
    if not -MOST_AHEAD.total_seconds() <= age <= MOST_AGE.total_seconds():
        raise NotBelieved("not of this time")


def token_and_event(document: Any, told: Told) -> tuple[bytes, bytes]:
    """Fingerprints: a token that came with one event is good for that event alone."""
    event = f"{told.event_id}\n{told.return_path}\n{told.token}\n{told.reading!r}"
    token = text(document, "signature", "token")
    return sha256(token.encode()).digest(), sha256(event.encode()).digest()


def read_event(document: Any) -> Told:
    of = "event-data"
    kind = text(document, of, "event")
    reading = NOTHING
    if kind == "failed":
        reading = _failed(document)
    elif kind == "complained":
        reading = Reading(Kind.COMPLAINT, recipient=text(document, of, "recipient") or None)
    return Told(
        text(document, of, "id"),
        reading,
        return_path=text(document, of, "envelope", "sender"),
        token=text(document, of, "user-variables", RETURN_VARIABLE),
    )


def _failed(document: Any) -> Reading:
    of, status = "event-data", ("event-data", "delivery-status")
    is_final = text(document, of, "severity") != "temporary"
    code, said = text(document, *status, "code"), text(document, *status, "message")
    # Codes of Mailgun's own (605 and more: an address that it does not mail any more) are no replies.
    is_reply = code[:1] in ("4", "5") and len(code) == 3
    is_refused_before = text(document, of, "reason").startswith("suppress-")
    return judged(
        Kind.BOUNCE if is_final else Kind.DELAYED,
        text(document, *status, "enhanced-code"),
        f"{code} {said}" if is_reply else said,
        text(document, of, "recipient"),
        is_for_good=is_final and (is_refused_before or code.startswith("5")),
    )
