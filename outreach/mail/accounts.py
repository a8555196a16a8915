"""Several SMTP accounts, the first preferred: another takes a mail only where none of it has left.

A mail may go to a second server only while the first cannot have it: before the intent to send its
body was written. An account in trouble rests for a growing while, in this process.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.pool import Pool
from outreach.mail.smtp_url import SmtpServer, parse_smtp_urls
from outreach.mail.transport import Connection, Limits

log = logging.getLogger(__name__)

FIRST_REST, LONGEST_REST = 15.0, 900.0
"""Seconds, doubling with each trouble that follows a rest."""


class HandsOver(Protocol):
    """What hands one mail over; see `transport.Connection.hand_over`."""

    def hand_over(
        self,
        envelope_from: str,
        recipient: str,
        body: bytes,
        *,
        before_body: Callable[[], None],
        ahead: tuple[str, str] | None = None,
    ) -> Outcome: ...


@dataclass(eq=False)
class Account:
    """One mail server of SMTP_URL, and when it may be used again."""

    server: SmtpServer
    pool: Pool
    troubles: int = 0
    rests_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_awake(self) -> bool:
        return time.monotonic() >= self.rests_until

    def rest(self) -> None:
        """Many threads may find the same trouble: it counts once."""
        with self._lock:
            if not self.is_awake:
                return
            seconds = min(LONGEST_REST, FIRST_REST * 2**self.troubles)
            self.troubles = min(self.troubles + 1, 16)
            self.rests_until = time.monotonic() + seconds
        log.warning("a mail account rests account=%s seconds=%.0f", self.server.place, seconds)

    def is_well(self) -> None:
        with self._lock:
            self.troubles, self.rests_until = 0, 0.0


class Accounts:
    """In the order of SMTP_URL. With one account it does what its pool does."""

    def __init__(
        self, servers: Sequence[SmtpServer], size: int, *, limits: Limits | None = None
    ) -> None:
        """`size` connections to each at once."""
        if not servers:
            raise ValueError("At least one mail server is needed.")
        self._all = [Account(server, Pool(server, size, limits=limits)) for server in servers]

    @property
    def preferred(self) -> Account:
        """The first that is awake; where all rest, the one that has rested most of its time."""
        awake = (account for account in self._all if account.is_awake)
        return next(awake, None) or min(self._all, key=lambda account: account.rests_until)

    @contextlib.contextmanager
    def connection(self) -> Iterator[HandsOver]:
        """For one thread alone, as `Pool.connection`."""
        if len(self._all) == 1:
            with self._all[0].pool.connection() as only:
                yield only
            return
        with contextlib.ExitStack() as held:
            yield _OnAny(self, held)

    def close(self) -> None:
        for account in self._all:
            account.pool.close()


class _OnAny:
    """A connection to whichever account is preferred, kept until another is."""

    def __init__(self, accounts: Accounts, held: contextlib.ExitStack) -> None:
        self._accounts = accounts
        self._held = held
        self._now: tuple[Account, Connection] | None = None

    def hand_over(
        self,
        envelope_from: str,
        recipient: str,
        body: bytes,
        *,
        before_body: Callable[[], None],
        ahead: tuple[str, str] | None = None,
    ) -> Outcome:
        """As on one connection. `account` of the outcome is the server that gave it."""
        tried: set[Account] = set()
        while True:
            account, connection = self._on(self._accounts.preferred)
            tried.add(account)
            is_intended = False

            def intend() -> None:
                nonlocal is_intended
                is_intended = True
                before_body()

            outcome = connection.hand_over(
                envelope_from, recipient, body, before_body=intend, ahead=ahead
            )
            outcome = replace(outcome, account=account.server.place)
            if not _is_trouble(outcome):
                if outcome.verdict is not Verdict.UNKNOWN:
                    account.is_well()
                return outcome
            account.rest()
            if is_intended or self._accounts.preferred in tried:
                return outcome

    def _on(self, account: Account) -> tuple[Account, Connection]:
        if self._now is None or self._now[0] is not account:
            self._held.close()
            self._now = account, self._held.enter_context(account.pool.connection())
        return self._now


def _is_trouble(outcome: Outcome) -> bool:
    return outcome.is_server_trouble or outcome.verdict is Verdict.NOT_SENT


def accounts_of(smtp_url: str, size: int, *, limits: Limits | None = None) -> Accounts:
    """Raises SmtpUrlFault."""
    return Accounts(parse_smtp_urls(smtp_url), size, limits=limits)
