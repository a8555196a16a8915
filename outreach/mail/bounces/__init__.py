"""Reading mail that came back: any bytes in, one frozen reading out. Nothing is acted on here.

The law of evidence is elsewhere: whoever acts on a reading must first have verified the signed
return path, since anybody can write a mail that looks like a bounce.
"""

from outreach.mail.bounces.notices import is_rejection, read_notice
from outreach.mail.bounces.reading import NOTHING, Kind, Reading, Verdict
from outreach.mail.bounces.reports import is_complaint, read_complaint, read_delivery_report
from outreach.mail.bounces.tables import Meaning, meanings
from outreach.mail.bounces.unpacking import Unpacked, unpack
from outreach.mail.bounces.words import words_of

__all__ = ["Kind", "Meaning", "Reading", "Verdict", "meanings", "read", "read_each", "words_of"]


def read(raw: bytes) -> Reading:
    """The reading of the mail: of several recipients, the first that failed, or else the first that
    is delayed. Never raises; what cannot be read is of the kind `other`."""
    return read_each(raw)[0]


def read_each(raw: bytes) -> tuple[Reading, ...]:
    """A reading for each recipient of a delivery report, those that failed first; else just one."""
    try:
        return _read_unpacked(unpack(raw))
    except Exception:  # the standard library's parser raises many things over rubbish
        return (NOTHING,)


def _read_unpacked(mail: Unpacked) -> tuple[Reading, ...]:
    if is_complaint(mail):
        return (read_complaint(mail),)
    if mail.report_type == "disposition-notification" and not is_rejection(mail):
        return (NOTHING,)  # a receipt (RFC 8098): it was shown, or deleted unread
    if mail.recipients:
        return tuple(read_delivery_report(mail))
    return (read_notice(mail),)
