"""Notices without a report: what a mail system says in words, and what programs answer."""

import re
from dataclasses import dataclass

from outreach.mail.bounces import tables
from outreach.mail.bounces.dialects import Failing, failing
from outreach.mail.bounces.judging import judge, one_line
from outreach.mail.bounces.reading import NOTHING, Kind, Reading
from outreach.mail.bounces.recipients import NEXT_RECIPIENT, address_in, recipient_told
from outreach.mail.bounces.tables import marks
from outreach.mail.bounces.unpacking import Unpacked

_OPENING = 2500
"""Characters in which a notice says what it is about; later ones are detail."""
_CONVERSATION = re.compile(r"\s*(?:re|aw|sv|antw|odp|fwd?|wg|tr)\s*:", re.I)
_QUOTE = re.compile(
    r"^(?:>|on .{5,200}wrote:|-{2,}\s?original message|from: .{1,200}\n(?:sent|date|to): )",
    re.I | re.M,
)
_REFUSAL = re.compile(r"(?<![\d.])(?:5\d\d[ -]|5\.[0-7]\.\d{1,3})(?!\d)")
_FINAL = re.compile(
    r"permanent (?:fatal )?(?:error|failure)|failed permanently|giv(?:en|ing) up|failed after"
    r"|could not be delivered for"
)
_PROGRAMS = frozenset(
    {
        "x-autoreply",
        "x-autoreply-from",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-reply",
        "x-mail-autoreply",
        "x-ms-exchange-inbox-rules-loop",
        "x-vacation",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class _Heard:
    """What is asked again and again, in small letters. `own` is the text without what it quotes
    or returns, with its case and its lines."""

    subject: str
    opening: str
    own: str
    is_system: bool

    def says(self, name: str) -> bool:
        pattern = marks(name)
        return bool(pattern.search(self.subject) or pattern.search(self.opening))


def read_notice(mail: Unpacked) -> Reading:
    """The order matters: programs that answer for people come first, because they quote."""
    heard = _hear(mail)
    if not heard.is_system and _asks_to_confirm(heard):
        return Reading(Kind.CHALLENGE, recipient=_sender(mail))
    if _is_away_subject(heard):
        return Reading(Kind.OUT_OF_OFFICE, recipient=_sender(mail))
    if _is_held_back(mail, heard):
        verdict = tables.meanings()["quarantined"].verdict
        told = recipient_told(mail, Failing(), heard.own)
        return Reading(Kind.DELAYED, verdict, "quarantined", None, told)
    known = failing(mail.start)
    if _is_delivery_notice(mail, heard, known):
        return _read_delivery_notice(mail, heard, known)
    if not heard.is_system and (_is_answered_by_program(mail) or heard.says("away_words")):
        return Reading(Kind.OUT_OF_OFFICE, recipient=_sender(mail))
    return NOTHING


def is_rejection(mail: Unpacked) -> bool:
    """Whether a receipt means a refusal: filters of mailboxes answer so (RFC 5429 §2.1.2)."""
    return "rejected" in _opening(mail.text)


def _hear(mail: Unpacked) -> _Heard:
    is_system = _is_named(mail, "mail_systems")
    own = _own_words(mail.text, is_system)
    return _Heard(_small(mail.headers.get("subject", "")), _opening(own), own, is_system)


def _small(text: str) -> str:
    return text.lower().replace("\u2019", "'")


def _opening(own: str) -> str:
    return one_line(_small(own[:_OPENING]))


def _own_words(text: str, is_system: bool) -> str:
    """Without the mail that it returns, or quotes. A mail system's own lines may begin with `>`."""
    cut = marks("returned_below").search(_small(text))
    quoted = None if is_system else _QUOTE.search(text)
    own = text[: min(found.start() for found in (cut, quoted) if found)] if cut or quoted else text
    return own if own.strip() else text


def _is_named(mail: Unpacked, name: str) -> bool:
    return bool(marks(name).search(mail.headers.get("from", "").lower()))


def _sender(mail: Unpacked) -> str | None:
    return address_in(mail.headers.get("from", ""))


def _asks_to_confirm(heard: _Heard) -> bool:
    return heard.says("challenge_requests") and heard.says("challenge_reasons")


def _is_away_subject(heard: _Heard) -> bool:
    if not marks("away_subjects").search(heard.subject):
        return False
    return not (heard.is_system and marks("bounce_subjects").search(heard.subject))


def _is_held_back(mail: Unpacked, heard: _Heard) -> bool:
    if not heard.says("quarantine_words") or _REFUSAL.search(heard.opening):
        return False
    if marks("bounce_subjects").search(heard.subject):  # it gave up, and quotes a subject
        return False
    return heard.is_system or _is_named(mail, "filters")


def _is_delivery_notice(mail: Unpacked, heard: _Heard, known: Failing) -> bool:
    """Two signs: who writes, what the subject says, what the text says, a known dialect. One alone
    is met in answers by people, who write about mail that did not arrive."""
    if "x-failed-recipients" in mail.headers or mail.has_delivery_report:
        return True
    if not heard.is_system and _CONVERSATION.match(heard.subject):
        return False
    words = any(marks(name).search(heard.opening) for name in ("bounce_words", "delay_words"))
    signs = [
        bool(marks("bounce_subjects").search(heard.subject)),
        words or bool(heard.is_system and _REFUSAL.search(heard.opening)),
    ]
    if heard.is_system:
        signs.append(True)
    elif _is_answered_by_program(mail):
        return all(signs)  # nearly always an absent person, whatever they quote
    signs.append(bool(known.addresses))
    return sum(signs) >= 2


def _read_delivery_notice(mail: Unpacked, heard: _Heard, known: Failing) -> Reading:
    recipient = recipient_told(mail, known, heard.own)
    is_delayed = known.is_temporary or (
        heard.says("delay_words") and not _FINAL.search(heard.opening)
    )
    about = _about(recipient, heard.own)
    judged = judge(None, about, heard.own, is_final=not is_delayed)
    kind = Kind.DELAYED if is_delayed else Kind.BOUNCE
    said = _refusal_in(about) or _refusal_in(heard.own)
    return Reading(kind, judged.verdict, judged.reason, judged.status, recipient, said)


def _refusal_in(text: str) -> str:
    """From the refusing server's code to the end of its paragraph; what people are told around it may
    hold their names."""
    found = _REFUSAL.search(text)
    return text[found.start() :].partition("\n\n")[0] if found else ""


def _about(recipient: str | None, own: str) -> str:
    """The lines that stand under the recipient, up to the next one's."""
    start = own.find(recipient) if recipient else -1
    if start < 0:
        return ""
    under = own[start + len(recipient or "") :][:1500]
    following = NEXT_RECIPIENT.search(under)
    return under[: following.start()] if following else under


def _is_answered_by_program(mail: Unpacked) -> bool:
    """RFC 3834 §5, and what programs wrote before and beside it."""
    headers = mail.headers
    if headers.get("auto-submitted", "").strip().lower().startswith("auto-replied"):
        return True
    if headers.keys() & _PROGRAMS:
        return True
    return (
        headers.get("precedence", "").strip().lower() in ("auto_reply", "auto-reply")
        or headers.get("x-autogenerated", "").strip().lower() == "reply"
        or "mailbox rules" in headers.get("x-ms-exchange-generated-message-source", "").lower()
    )
