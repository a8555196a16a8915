"""The demo mailbox as a mail server that gives mail back, so that a trial shows what happens then.

Mail to `somebody+bounce@…`, `+full`, `+blocked` or `+away` is kept as any other, and comes back to where it was
sent from, as a school's own mail server would send it.
"""

import logging
import smtplib
import time
from dataclasses import dataclass

log = logging.getLogger(__name__)

TRIES, SECONDS_BETWEEN = 5, 2.0

_REPORT = """\
From: Mail Delivery System <mailer-daemon@demo-mailbox.localhost>
To: <{sender}>
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_returned"

--=_returned
Content-Type: text/plain; charset=utf-8

Your message could not be delivered: {said}

--=_returned
Content-Type: message/delivery-status

Reporting-MTA: dns; demo-mailbox.localhost

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {said}

--=_returned--
"""
_AWAY = """\
From: <{recipient}>
To: <{sender}>
Subject: Automatic reply: I am away
Auto-Submitted: auto-replied

I am out of the office until Monday.
"""


@dataclass(frozen=True)
class Return:
    status: str
    said: str
    template: str = _REPORT


RETURNS = {
    "bounce": Return("5.1.1", "550 5.1.1 User unknown"),
    "full": Return("5.2.2", "552 5.2.2 Mailbox full"),
    "blocked": Return("5.7.1", "550 5.7.1 Delivery restricted: sender not on the allowed list"),
    "away": Return("", "", _AWAY),
}
"""By what stands after the last + of the part before the @."""


def returned(sender: str, recipient: str) -> bytes | None:
    """What comes back of a mail; None where it stays."""
    local, _, domain = recipient.rpartition("@")
    tag = local.rpartition("+")[2] if "+" in local else ""
    kind = RETURNS.get(tag.lower())
    if kind is None or not sender or not domain:
        return None
    written = kind.template.format(
        sender=sender, recipient=recipient, status=kind.status, said=kind.said
    )
    return written.replace("\n", "\r\n").encode("utf-8", "replace")


def give_back(port: int, sender: str, raw: bytes) -> None:
    """To the receiver of bounces on this machine, which may only just be starting."""
    for _ in range(TRIES):
        try:
            with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=10) as line:
                line.sendmail("", [sender], raw)
        except smtplib.SMTPRecipientsRefused:
            return
        except (OSError, smtplib.SMTPException):
            time.sleep(SECONDS_BETWEEN)
        else:
            return
    log.warning("a mail could not be given back")
