"""Reports that a program can read: RFC 3464 about delivery, RFC 5965 about complaints."""

import re

from outreach.mail.bounces.judging import judge, status_field
from outreach.mail.bounces.reading import NOTHING, Kind, Reading
from outreach.mail.bounces.recipients import address_in, typed_address
from outreach.mail.bounces.tables import marks
from outreach.mail.bounces.unpacking import Fields, Unpacked

_COMPLAINTS = frozenset(
    {"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized", "other", ""}
)
"""Feedback-Type that means: somebody did not want this. Not among them: `not-spam` takes a
complaint back, `auth-failure` (RFC 6591) and `dmarc` are about signatures, `virus` about a scan."""

_SERIOUS_FIRST = (Kind.BOUNCE, Kind.DELAYED, Kind.OTHER)


def read_delivery_report(mail: Unpacked) -> list[Reading]:
    """One reading for each recipient, in the order of the report."""
    is_about_one = len(mail.recipients) == 1
    read = [_read_recipient(fields, mail, is_about_one) for fields in mail.recipients]
    return sorted(read, key=lambda reading: _SERIOUS_FIRST.index(reading.kind))


def _read_recipient(fields: Fields, mail: Unpacked, is_about_one: bool) -> Reading:
    recipient = typed_address(fields.get("original-recipient", "")) or typed_address(
        fields.get("final-recipient", "")
    )
    if recipient is None and is_about_one:
        recipient = address_in(mail.headers.get("x-failed-recipients", "")) or address_in(
            mail.returned.get("to", "")
        )
    status = status_field(fields.get("status", ""))
    kind = _kind(fields.get("action", ""), status, fields.get("diagnostic-code", ""))
    if kind is Kind.OTHER:
        return Reading(Kind.OTHER, status=status, recipient=recipient)
    # What the report says in words about several recipients cannot be told apart.
    told = [mail.text] if is_about_one else []
    said = _reply(fields)
    judged = judge(status, _diagnosis(fields), *told, is_final=kind is Kind.BOUNCE)
    return Reading(kind, judged.verdict, judged.reason, judged.status, recipient, said)


def _kind(action: str, status: str | None, diagnosis: str) -> Kind:
    """By Action (RFC 3464 §2.3.3); where that is missing or a word of the server's own, by class."""
    action = re.split(r"[^a-z]", action.strip().lower(), maxsplit=1)[0]
    if action in ("delivered", "relayed", "expanded"):
        return Kind.OTHER
    if action in ("delayed", "deferred", "warning"):
        return Kind.DELAYED
    if action in ("failed", "failure", "error"):
        return Kind.BOUNCE
    first = (status or diagnosis.rpartition(";")[2].strip())[:1]
    return {"2": Kind.OTHER, "4": Kind.DELAYED}.get(first, Kind.BOUNCE)


def _diagnosis(fields: Fields) -> str:
    """The reply, and what Exchange knows beside it, in fields of its own."""
    beside = fields.get("status", ""), fields.get("x-display-name-reason", "")
    return "\n".join([_reply(fields), *beside])


def _reply(fields: Fields) -> str:
    """Without its type."""
    code = fields.get("diagnostic-code", "")
    kind, semicolon, reply = code.partition(";")
    return reply if semicolon and re.fullmatch(r"[\w. -]{1,30}", kind) else code


def is_complaint(mail: Unpacked) -> bool:
    """By its report, or as a provider's notice that brings along the mail complained about."""
    if mail.feedback is not None or mail.report_type == "feedback-report":
        return True
    found = marks("complaint_subjects").match(mail.headers.get("subject", "").lower())
    return bool(found and mail.returned)


def read_complaint(mail: Unpacked) -> Reading:
    fields = mail.feedback or {}
    if fields.get("feedback-type", "").strip().lower() not in _COMPLAINTS:
        return NOTHING
    about = (
        fields.get("original-rcpt-to", ""),
        fields.get("removal-recipient", ""),
        mail.returned.get("x-hmxmroriginalrecipient", ""),
        mail.returned.get("x-original-to", ""),
        mail.returned.get("to", ""),
    )
    found = (address_in(one) for one in about)
    return Reading(Kind.COMPLAINT, recipient=next((one for one in found if one), None))
