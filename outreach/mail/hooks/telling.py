"""What a provider told about one mail, whichever provider it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outreach.mail.bounces.judging import judge
from outreach.mail.bounces.reading import Kind, Reading, Verdict
from outreach.mail.bounces.tables import meanings

RETURN_VARIABLE = "return-path"
"""Under this name a provider hands our own token back, where it replaces the return path by its own."""

_LONGEST = 2000
_UNEXPLAINED = "unexplained"


class NotBelieved(Exception):
    """No signature of the provider's, or a wrong one, or too old."""


@dataclass(frozen=True)
class Told:
    """`return_path` is the envelope's sender, `token` our own variable: either may be empty, and
    neither is a proof before it was verified. `event_id` is the provider's."""

    event_id: str
    reading: Reading
    return_path: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def judged(
    kind: Kind,
    status: str,
    said: str,
    recipient: str,
    *,
    otherwise: str = _UNEXPLAINED,
    is_for_good: bool = False,
) -> Reading:
    """Our own reading of the code and the words of the server that refused; where these say nothing,
    the provider's class of it: the reason `otherwise`, `is_for_good` where it gave up on the address."""
    judgement = judge(status or None, said[:_LONGEST], is_final=kind is Kind.BOUNCE)
    reason, verdict = judgement.reason, judgement.verdict
    if reason == _UNEXPLAINED:
        reason = otherwise
        verdict = Verdict.HARD if is_for_good else meanings()[reason].verdict
    return Reading(kind, verdict, reason, judgement.status, recipient or None, said)


def text(document: object, *path: str | int) -> str:
    """What stands there in a stranger's JSON, where it is text or a number; else nothing. Half of a
    pair of surrogates, which nothing can encode, becomes a question mark, and NUL a space."""
    found: Any = document
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    plain = str(found)[:_LONGEST].encode("utf-8", "replace").decode()
    return plain.replace("\0", " ")
