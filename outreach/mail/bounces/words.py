"""What a careers leader reads about a returned mail: what happened, and who does what about it."""

from outreach.mail.bounces.reading import Kind, Reading
from outreach.mail.bounces.tables import meanings

_OF_KIND = {
    Kind.OUT_OF_OFFICE: "The mail arrived; the mailbox answered by itself. Nothing needs doing.",
    Kind.COMPLAINT: "The mail arrived and was reported as unwanted. Do not mail this address "
    "again unless the student asks for it.",
    Kind.CHALLENGE: "A filter in front of the mailbox wants a person to confirm who wrote, and may "
    "keep the mail back until then. Ask the IT team to let our mail through.",
    Kind.OTHER: "This is not a notice that mail came back. Nothing was read from it.",
}
_DELAYED = "Not delivered yet; the mail server keeps trying. Nothing needs doing yet."
_HELD_BACK = "quarantined"  # nothing happens by itself
_SAYS_NO_MORE = ("unexplained", "expired")  # they speak of mail that has come back


def words_of(reading: Reading) -> str:
    """Two or three sentences that name nobody."""
    if reading.kind in _OF_KIND or reading.reason is None:
        return _OF_KIND.get(reading.kind, _OF_KIND[Kind.OTHER])
    meaning = meanings()[reading.reason]
    if reading.kind is Kind.DELAYED and reading.reason in _SAYS_NO_MORE:
        return _DELAYED
    if reading.kind is Kind.DELAYED and reading.reason != _HELD_BACK:
        return f"{_DELAYED} {meaning.words}"
    return f"{meaning.words} {meaning.to_do}"
