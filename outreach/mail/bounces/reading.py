"""What was read from one returned mail."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    BOUNCE = "bounce"  # a server gave up
    DELAYED = "delayed"  # a server still tries, or holds the mail back
    OUT_OF_OFFICE = "out_of_office"  # it arrived, and a program answered
    COMPLAINT = "complaint"  # it arrived, and was reported as unwanted
    CHALLENGE = "challenge"  # a filter wants a person to confirm who wrote
    OTHER = "other"  # none of these: a person's reply, a receipt, rubbish


class Verdict(StrEnum):
    HARD = "hard"  # the address is no good
    SOFT = "soft"  # the address may be good: not now, or not this mail
    POLICY = "policy"  # a rule at the receiving end: says nothing about the address


@dataclass(frozen=True, slots=True)
class Reading:
    """`reason` is a key of `reasons.yaml`, and is set where `verdict` is. `status` is the RFC 3463
    code that decided, such as 5.1.1; None where the mail holds none. `recipient` is the address it
    is about as the mail has it: good for showing, never a proof (who forges a bounce chooses it).
    `said` is what the refusing server wrote, as it came: fit to keep only after `scrub`.
    """

    kind: Kind
    verdict: Verdict | None = None
    reason: str | None = None
    status: str | None = None
    recipient: str | None = field(default=None, repr=False)
    said: str = field(default="", repr=False, compare=False)


NOTHING = Reading(Kind.OTHER)
