"""Amazon SES: what its notifications and published events say (both shapes are alike but for a name).

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from typing import Any

from outreach.mail.bounces.reading import NOTHING, Kind, Reading
from outreach.mail.hooks.telling import Told, judged, text

_CLASSES = {
    "MailboxFull": "mailbox_full",
    "MessageTooLarge": "too_big",
    "ContentRejected": "content_refused",
    "AttachmentRejected": "content_refused",
    "NoEmail": "bad_address",
    "SpamDetected": "spam",
    "RecipientServerError": "server_trouble",
    "TransientCommunicationFailure": "unreachable",
}
"""By the subtype of a bounce, or the type of a delay."""


def read_notice(document: Any, message_id: str) -> Told:
    """`document` is the SNS message's own text, parsed; `message_id` names it where SES does not."""
    kind = text(document, "notificationType") or text(document, "eventType")
    event_id, reading = message_id, NOTHING
    match kind:
        case "Bounce":
            event_id = text(document, "bounce", "feedbackId") or message_id
            reading = _bounce(document)
        case "DeliveryDelay":
            reading = _delay(document)
        case "Complaint":
            event_id = text(document, "complaint", "feedbackId") or message_id
            if text(document, "complaint", "complaintFeedbackType") != "not-spam":
                to = text(document, "complaint", "complainedRecipients", 0, "emailAddress")
                reading = Reading(Kind.COMPLAINT, recipient=to or None)
    return Told(event_id, reading, return_path=text(document, "mail", "source"))


def _bounce(document: Any) -> Reading:
    of = ("bounce", "bouncedRecipients", 0)
    return judged(
        Kind.BOUNCE,
        text(document, *of, "status"),
        text(document, *of, "diagnosticCode"),
        text(document, *of, "emailAddress"),
        otherwise=_CLASSES.get(text(document, "bounce", "bounceSubType"), "unexplained"),
        is_for_good=text(document, "bounce", "bounceType") == "Permanent",
    )


def _delay(document: Any) -> Reading:
    of = ("deliveryDelay", "delayedRecipients", 0)
    return judged(
        Kind.DELAYED,
        text(document, *of, "status"),
        text(document, *of, "diagnosticCode"),
        text(document, *of, "emailAddress"),
        otherwise=_CLASSES.get(text(document, "deliveryDelay", "delayType"), "unexplained"),
    )
