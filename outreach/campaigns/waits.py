"""How long to wait before trying again: growing, and jittered so that many come back apart."""

import random
from datetime import timedelta

AFTER_NOT_NOW = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=4),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
"""After the mail server said "not now" (4xx) to a message, by its tries so far."""

GIVE_UP_AFTER = timedelta(days=3)
"""Since the message was queued: by then the questionnaire is stale news."""

LONGEST_PAUSE = 60.0
"""Seconds. A mail server that is down costs nobody's try, so it is looked at often."""


def wait_after(tries: int) -> timedelta:
    """Before a deferred message is offered again; `tries` counts the one that just failed."""
    return _jittered(AFTER_NOT_NOW[min(tries, len(AFTER_NOT_NOW)) - 1])


def pause_after(failures: int) -> timedelta:
    """Before a school's mail is tried again after trouble with the server: 2, 4, 8 … 60 s."""
    return _jittered(timedelta(seconds=min(LONGEST_PAUSE, 2.0 * 2 ** min(failures, 10))))


def _jittered(wait: timedelta) -> timedelta:
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, guards nothing
