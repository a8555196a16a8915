"""What became of a mail that was to be handed over: five verdicts, and the server's words."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    ACCEPTED = "accepted"  # the server took the mail
    DEFERRED = "deferred"  # it said: not now (4xx)
    REFUSED = "refused"  # it said: never (5xx)
    UNKNOWN = "unknown"  # the body was on its way and no final reply came: never send again
    NOT_SENT = "not_sent"  # no byte of the body left: safe to try again


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` is the three digits of the reply that decided (None: no reply did). `enhanced` is the
    RFC 3463 status, such as 5.1.1. `words` is at most 300 characters, without addresses or control
    characters. `is_server_trouble`: true where nothing was said about this recipient, so the caller
    waits and blames nobody; always so with NOT_SENT. `account` is the mail server, as host:port, that
    gave it, where several are set."""

    verdict: Verdict
    code: int | None = None
    enhanced: str | None = None
    words: str = ""
    is_server_trouble: bool = False
    account: str | None = None
