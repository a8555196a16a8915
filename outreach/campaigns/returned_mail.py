"""The edge where returned mail comes in: one transaction for each piece of news, its reply after that.

Only when the news is committed is it taken from whoever brought it; till then it is theirs.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from redis import RedisError
from sqlalchemy.orm import Session

from outreach import clock
from outreach.campaigns.bouncing import StillUnderWay, Taken, take_in
from outreach.campaigns.return_paths import read_return_path
from outreach.database import transaction
from outreach.mail.receiving import Reply
from outreach.parts import Parts
from outreach.signing import BadToken

log = logging.getLogger(__name__)

WAITS_FOR_RECORD = (0.2, 0.4, 0.8, 1.6)
"""Seconds. A server that bounces at once is faster than the record of what it took."""

STRANGERS_KEPT = timedelta(days=8)


def is_return_path(parts: Parts, recipient: str) -> bool:
    """Signed by us. Whether its message still exists is for whoever takes the mail."""
    try:
        read_return_path(parts.settings, parts.signer, recipient)
    except BadToken:
        return False
    return True


def may_write_to(parts: Parts, recipient: str) -> bool:
    """As `is_return_path`, asked by a sender: who is turned away is counted."""
    if is_return_path(parts, recipient):
        return True
    count_stranger(parts)
    return False


def take_returned(parts: Parts, recipient: str, raw: bytes, source: str) -> Taken:
    """Committed when it returns. Raises StillUnderWay, and what the database raises."""
    return in_own_transaction(
        parts, lambda session: take_in(session, parts, recipient, raw, source, parts.clock())
    )


def in_own_transaction(parts: Parts, take: Callable[[Session], Taken]) -> Taken:
    for seconds in WAITS_FOR_RECORD:
        try:
            return _once(parts, take)
        except StillUnderWay:
            time.sleep(seconds)
    return _once(parts, take)


def _once(parts: Parts, take: Callable[[Session], Taken]) -> Taken:
    with transaction(parts.sessions) as session:
        taken = take(session)
    if taken is Taken.NOT_OURS:
        count_stranger(parts)
    return taken


def reply_to(parts: Parts, recipient: str, raw: bytes, source: str) -> Reply:
    """For a sender that waits. What was taken before is taken again, to no effect."""
    try:
        take_returned(parts, recipient, raw, source)
    except StillUnderWay:
        return Reply.NOT_NOW
    return Reply.TAKEN


def count_stranger(parts: Parts) -> None:
    """Of today, for whoever runs the service: many may mean that a key was taken away too early."""
    key = _strangers_key(parts, 0)
    try:
        parts.redis.incr(key)
        parts.redis.expire(key, STRANGERS_KEPT)
    except RedisError as fault:
        log.warning("not counted: %s", type(fault).__name__)


def strangers(parts: Parts, days: int = 7) -> int:
    """How much mail came to no return path of ours in these days. Raises RedisError."""
    keys = [_strangers_key(parts, day) for day in range(days)]
    return sum(int(count) for count in parts.redis.mget(keys) if count)


def _strangers_key(parts: Parts, days_ago: int) -> str:
    day = clock.london_date(parts.clock() - timedelta(days=days_ago))
    return f"bounces:not-ours:{day.isoformat()}"
