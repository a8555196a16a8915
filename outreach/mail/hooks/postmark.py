"""Postmark: bounces and complaints by webhook, with the password that was agreed (HTTP Basic).

https://postmarkapp.com/developer/webhooks/bounce-webhook
"""

import hmac
from typing import Any

from outreach.mail.bounces.reading import NOTHING, Kind, Reading
from outreach.mail.hooks.telling import RETURN_VARIABLE, NotBelieved, Told, judged, text

METADATA_HEADER = "X-PM-Metadata-"

_FOR_GOOD = {
    "HardBounce": "unexplained",
    "BadEmailAddress": "bad_address",
    "ManuallyDeactivated": "unexplained",
}
_MAY_PASS = {
    "SoftBounce": "unexplained",
    "Transient": "unexplained",
    "DnsError": "unreachable",
    "SpamNotification": "spam",
    "VirusNotification": "content_refused",
    "Blocked": "blocked",
    "DMARCPolicy": "authentication",
    "Unknown": "unexplained",
}
_OTHER_KINDS = {
    "AutoResponder": Kind.OUT_OF_OFFICE,
    "ChallengeVerification": Kind.CHALLENGE,
    "SpamComplaint": Kind.COMPLAINT,
}


def check_password(password: str, given: str | None) -> None:
    """Raises NotBelieved."""
    if not hmac.compare_digest((given or "").encode(), password.encode()):
        raise NotBelieved("a wrong password")


def read_event(document: Any) -> Told:
    kind = text(document, "Type") or text(document, "RecordType")
    event_id = f"{text(document, 'RecordType')}-{text(document, 'ID')}"
    token = text(document, "Metadata", RETURN_VARIABLE)
    return Told(event_id, _reading(document, kind), token=token)


def _reading(document: Any, kind: str) -> Reading:
    recipient = text(document, "Email")
    if kind in _OTHER_KINDS:
        return Reading(_OTHER_KINDS[kind], recipient=recipient or None)
    otherwise = _FOR_GOOD.get(kind) or _MAY_PASS.get(kind)
    if otherwise is None:
        return NOTHING
    is_late = kind == "Transient"
    return judged(
        Kind.DELAYED if is_late else Kind.BOUNCE,
        "",
        text(document, "Details"),
        recipient,
        otherwise=otherwise,
        is_for_good=kind in _FOR_GOOD,
    )
