"""Pace: how many mails may go through an account and to a domain in a time, shared by all workers.

Kept in Redis alone, and only pace is. Without Redis mail goes on without limits: nothing is lost
and nothing waits for it (Law 1). Off until limits are set, or until a server says “too many”.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Generic
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

from outreach.campaigns.addressed import A, by_domain
from outreach.campaigns.diagnosing import policy_reason
from outreach.mail.outcomes import Outcome, Verdict
from outreach.settings import Settings

log = logging.getLogger(__name__)

FIRST_SLOW = 30
"""Mails a minute, after the first “too many”. Each that follows halves it, down to one."""
SLOW_UNTIL = 240
"""Mails a minute. A slow pace that has grown to this is no limit any more."""
REGAIN_SECONDS = 600
"""After which a slow pace doubles."""
ONCE_SECONDS = 60
"""Many mails are under way when a server says “too many”: within this it was said once."""
LOOK_AGAIN = timedelta(minutes=10)
"""The longest that a mail waits for its place before it asks again, unless there is none before."""
SILENT_SECONDS = 5.0

HOUR, MINUTE = 3600, 60

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Limits:
    """Mails in any hour or minute; 0 is no limit."""

    account_per_hour: int = 0
    domain_per_hour: int = 0
    domain_per_minute: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            settings.pace_account_per_hour,
            settings.pace_domain_per_hour,
            settings.pace_domain_per_minute,
        )


@dataclass(frozen=True)
class Admitted(Generic[A]):
    """Those that may go now, and when each of the others may ask again."""

    now: list[A]
    later: Mapping[UUID, datetime]


@dataclass
class Pacer:
    """For mail through one account, by its `host:port`. Never raises for Redis."""

    redis: Redis
    account: str
    limits: Limits
    _silent_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._ask = self.redis.register_script((_HERE / "pace.lua").read_text("utf-8"))
        self._slow = self.redis.register_script((_HERE / "slow.lua").read_text("utf-8"))

    def admit(self, due: Sequence[A], now: datetime) -> Admitted[A]:
        """In the order given. One round trip a domain; a place that is taken counts at once."""
        later: dict[UUID, datetime] = {}
        for domain, messages in by_domain(due).items():
            places, wait, gap = self._places(domain, len(messages))
            for number, message in enumerate(messages[places:]):
                seconds = min(wait + number * gap, max(wait, LOOK_AGAIN.total_seconds()))
                later[message.message_id] = now + timedelta(seconds=seconds)
        return Admitted([one for one in due if one.message_id not in later], later)

    def give_back(self, unsent: Sequence[A]) -> None:
        """Places of mails that did not go."""
        for domain, messages in by_domain(unsent).items():
            self._places(domain, -len(messages))

    def learn(self, told: Mapping[UUID, Outcome], domains: Mapping[UUID, str]) -> None:
        """“Too many” lowers the pace to whoever said it: the domain, or our own mail server where
        nothing was said about a recipient."""
        lanes = {self._lane(outcome, domains.get(id)) for id, outcome in told.items()}
        for lane in sorted(lane for lane in lanes if lane is not None):
            self._slow_down(lane)

    def until(self, domain: str) -> float | None:
        """Seconds until all that now waits for its place to this domain has one; None: unknown."""
        if self._is_silent():
            return None
        try:
            line = self.redis.get(_key("line", domain))
            seconds, micro = self.redis.time()
        except (RedisError, OSError) as fault:
            self._be_silent(fault)
            return None
        return None if line is None else max(0.0, float(line) - seconds - micro / 1e6)

    def is_unlimited(self, domain: str) -> bool:
        """Whether nothing makes mail to this domain wait any more. False where Redis is away."""
        if self.limits != Limits() or self._is_silent():
            return False
        slow = (_key("slow", domain), _key("slow", _of_account(self.account)))
        try:
            return not self.redis.exists(*slow)
        except (RedisError, OSError) as fault:
            self._be_silent(fault)
            return False

    def _places(self, domain: str, wanted: int) -> tuple[int, float, float]:
        """How many of `wanted` may go now; seconds until the next may, and between those after."""
        if self._is_silent():
            return max(wanted, 0), 0.0, 0.0
        limits = [
            ("account-hour", self.account, self.limits.account_per_hour, HOUR),
            ("domain-hour", domain, self.limits.domain_per_hour, HOUR),
            ("domain-minute", domain, self.limits.domain_per_minute, MINUTE),
        ]
        standing = [limit for limit in limits if limit[2]]
        keys = [_key("line", domain), _key("slow", domain), _key("slow", _of_account(self.account))]
        keys += [_key(name, lane) for name, lane, _, _ in standing]
        sizes = [size for _, _, most, window in standing for size in (most, window)]
        try:
            places, wait, gap = self._ask(
                keys=keys, args=[wanted, SLOW_UNTIL, REGAIN_SECONDS, *sizes]
            )
        except (RedisError, OSError) as fault:
            self._be_silent(fault)
            return max(wanted, 0), 0.0, 0.0
        return int(places), float(wait), float(gap)

    def _lane(self, outcome: Outcome, domain: str | None) -> str | None:
        """Whose pace is to be lowered, if anybody's."""
        if outcome.verdict not in (Verdict.DEFERRED, Verdict.NOT_SENT) or outcome.code is None:
            return None
        if policy_reason(outcome.enhanced, f"{outcome.code} {outcome.words}") != "throttled":
            return None
        return _of_account(outcome.account or self.account) if outcome.is_server_trouble else domain

    def _slow_down(self, lane: str) -> None:
        if self._is_silent():
            return
        try:
            has_changed = self._slow(
                keys=[_key("slow", lane)],
                args=[FIRST_SLOW, SLOW_UNTIL, REGAIN_SECONDS, ONCE_SECONDS],
            )
        except (RedisError, OSError) as fault:
            self._be_silent(fault)
            return
        if has_changed:
            log.warning("pace lowered account=%s", self.account)

    def _is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def _be_silent(self, fault: Exception) -> None:
        self._silent_until = time.monotonic() + SILENT_SECONDS
        log.warning("pace not kept, mail goes on without limits: %s", type(fault).__name__)


def _key(name: str, lane: str) -> str:
    return f"outreach:pace:{name}:{lane}"


def _of_account(account: str) -> str:
    """A domain has no colon in it, so the two kinds of lane stay apart."""
    return f"account:{account}"


@cache
def pacer_of(redis: Redis, account: str, limits: Limits) -> Pacer:
    """One per process and account, so that Redis is left alone for a while after it failed."""
    return Pacer(redis, account, limits)
