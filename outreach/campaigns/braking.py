"""Within one batch: once a domain has turned away a run of mails, no more of it is taken up.

The rows tell it to everybody when outcomes are recorded; by then a batch could be through.
"""

import threading
from collections import Counter

from outreach.campaigns.claiming import Claimed
from outreach.campaigns.diagnosing import policy_reason, rules
from outreach.mail.addresses import domain_of
from outreach.mail.outcomes import Outcome, Verdict


class Brake:
    """Shared by the threads of a batch. What it stops waits again, and is held at the next claim."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, message: Claimed, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.ACCEPTED:
            if self._in_a_row:
                self._clear(domain_of(message.address))
        elif outcome.verdict is Verdict.REFUSED:
            said = f"{outcome.code} {outcome.words}"
            if policy_reason(outcome.enhanced, said) is not None:
                with self._lock:
                    self._in_a_row[domain_of(message.address)] += 1

    def stops(self, message: Claimed) -> bool:
        if not self._in_a_row:
            return False
        return self._in_a_row[domain_of(message.address)] >= rules().run.refused

    def _clear(self, domain: str) -> None:
        """Not a run that is complete: what was under way meanwhile does not open the door again."""
        with self._lock:
            if self._in_a_row[domain] < rules().run.refused:
                del self._in_a_row[domain]
