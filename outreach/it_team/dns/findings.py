"""One thing that a check looked at, in words for people, with its mend."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    GOOD = "good"
    NOTE = "note"
    """It works, and something about it is worth knowing or making better."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """DNS did not answer, or the time was up."""


class Side(Enum):
    """Who can mend it."""

    SENDER = "sender"
    """Whoever runs this service, in its domain's DNS or its settings."""
    SCHOOL = "school"


@dataclass(frozen=True)
class Finding:
    """`part` is SPF, DKIM, DMARC, PTR, MX or a name; `about` the domain or host; `record` is what to
    publish, ready to copy."""

    part: str
    about: str
    verdict: Verdict
    words: str
    mend: str = ""
    record: str = ""
    side: Side = Side.SENDER
