"""One claimed batch on its way: threads hand over on kept connections, their owner records.

Law 8 is kept here: the intent is in the journal before the first byte of a body leaves, the
outcome is in it before the next message is taken up.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from outreach.campaigns.braking import Brake
from outreach.campaigns.claiming import Batch, Claimed
from outreach.campaigns.journal import Journal
from outreach.campaigns.letters import Letter
from outreach.campaigns.recording import is_unsent
from outreach.clock import Clock
from outreach.mail.accounts import Accounts, HandsOver, accounts_of
from outreach.mail.addresses import UnsendableAddress
from outreach.mail.composing import compose
from outreach.mail.outcomes import Outcome, Verdict
from outreach.reading_settings import DEFAULT_CONNECTIONS
from outreach.switching_off import FRESH_SECONDS, LOOK_SECONDS

log = logging.getLogger(__name__)

CONNECTIONS = DEFAULT_CONNECTIONS
"""At once, per process, where SMTP_CONNECTIONS says nothing else. At most one message each is unknown
if the process is killed."""

TELL_SECONDS = 0.5
"""How often outcomes are recorded."""

LISTEN_SECONDS = 0.05

PATIENCE_AT_STOP = 3.0
"""Seconds that hand-overs under way get when the process is asked to end."""

PATIENCE_FOR_LOOK = 5.0
"""Seconds that a hand-over waits for a look at what is switched off, before its mail is put back."""

stopping = threading.Event()
"""Set when this process is asked to end: nothing more is taken up."""


class NotIntended(Exception):
    """No intent may be written any more, so the body must not leave."""


class LeftUnderWay(Exception):
    """The process ends with hand-overs under way; whoever recovers its journal settles them."""


@dataclass
class Progress:
    """What a batch came to. `trouble` is the server's, in words without addresses."""

    told: int = 0
    trouble: str | None = None

    @property
    def has_only_trouble(self) -> bool:
        return self.trouble is not None and self.told == 0


@cache
def pool_for(smtp_url: str, connections: int = CONNECTIONS) -> Accounts:
    """One per process, so that connections are kept from batch to batch and school to school."""
    return accounts_of(smtp_url, connections)


@dataclass
class Sending:
    """`tell` records outcomes; only the owner's thread calls it. `may_go_on` is asked all the while,
    every LOOK_SECONDS, in a thread of its own: no outcome's recording delays it. While it cannot be
    asked, nothing leaves. `sign` is the last to see a mail before it goes.
    """

    batch: Batch
    letter: Letter
    journal: Journal
    pool: Accounts
    clock: Clock
    tell: Callable[[dict[UUID, Outcome]], bool]
    may_go_on: Callable[[], bool]
    sign: Callable[[bytes], bytes] = bytes
    connections: int = CONNECTIONS
    progress: Progress = field(default_factory=Progress)
    brake: Brake = field(default_factory=Brake)

    def __post_init__(self) -> None:
        self._waiting = deque(self.batch.messages)
        self._done: deque[tuple[UUID, Outcome]] = deque()
        self._threads = min(self.connections, len(self.batch.messages))
        self._working = self._threads
        self._has_ended = threading.Condition()
        self._is_over = threading.Event()  # nothing more is taken up
        self._is_revoked = threading.Event()  # no body may leave any more
        self._has_looked = threading.Condition()
        self._yes_asked_at = float("-inf")
        self._is_done = threading.Event()  # nobody has to look any more
        left = (self.batch.lease_until - self.clock()).total_seconds()
        self._lease_ends = time.monotonic() + left

    def run(self, seconds: float) -> Progress:
        """Hand over until all is done or `seconds` are over. Raises LeftUnderWay.

        An exception (the database, a job's time limit) stops handing over before it goes on; what
        is then not recorded is in the journal.
        """
        threads = [
            threading.Thread(target=self._work, name=f"mail-{number}", daemon=True)
            for number in range(self._threads)
        ]
        for thread in threads:
            thread.start()
        looking = threading.Thread(target=self._look, name="mail-look", daemon=True)
        looking.start()
        try:
            self._listen(time.monotonic() + seconds)
        except BaseException as fault:
            self._revoke()
            if not isinstance(fault, LeftUnderWay):
                for thread in threads:
                    thread.join()
            raise
        finally:
            self._is_done.set()
            looking.join()
        return self.progress

    def _look(self) -> None:
        """Nothing is taken up any more once the campaign or the school says no, or cannot be asked."""
        while not self._is_done.is_set():
            asked_at = time.monotonic()
            try:
                may_go_on = self.may_go_on()
            except Exception as fault:
                log.error("not looked claim=%s: %s", self.batch.claim_id, type(fault).__name__)
                may_go_on = False
            if not may_go_on:
                self._revoke()
                return
            with self._has_looked:
                self._yes_asked_at = asked_at
                self._has_looked.notify_all()
            self._is_done.wait(LOOK_SECONDS)

    def _revoke(self) -> None:
        self._is_over.set()
        self._is_revoked.set()
        with self._has_looked:
            self._has_looked.notify_all()

    def _require_leave(self) -> None:
        """A yes that was asked for just now; it is waited for, not for ever. Raises NotIntended."""
        if self._has_leave():
            return
        with self._has_looked:
            is_known = self._has_looked.wait_for(
                lambda: self._is_revoked.is_set() or self._has_leave(), PATIENCE_FOR_LOOK
            )
        if not is_known:
            raise NotIntended("Nobody could say in time whether mail may still go.")
        if self._is_revoked.is_set():
            raise NotIntended

    def _has_leave(self) -> bool:
        is_fresh = time.monotonic() - self._yes_asked_at < FRESH_SECONDS
        return is_fresh and not self._is_revoked.is_set()

    def _listen(self, deadline: float) -> None:
        """Looks now and then: to be woken for each mail would cost as much as handing it over."""
        told: dict[UUID, Outcome] = {}
        tell_at, stopped_at = time.monotonic() + TELL_SECONDS, None
        is_working = True
        while is_working:
            with self._has_ended:
                is_working = not self._has_ended.wait_for(lambda: not self._working, LISTEN_SECONDS)
            while self._done:
                told.update((self._done.popleft(),))
            now = time.monotonic()
            if now >= tell_at:
                self._tell(told)
                told, tell_at = {}, time.monotonic() + TELL_SECONDS
            if now >= deadline:
                self._is_over.set()
            if stopping.is_set():
                self._is_over.set()
                stopped_at = stopped_at or now
                if is_working and now > stopped_at + PATIENCE_AT_STOP:
                    self._tell(told)
                    raise LeftUnderWay
        self._tell(told)

    def _tell(self, told: dict[UUID, Outcome]) -> None:
        for outcome in told.values():
            if not is_unsent(outcome):
                self.progress.told += 1
            elif outcome.is_server_trouble:
                self.progress.trouble = outcome.words or "The mail server could not be used."
        if not self.tell(told):
            self._revoke()

    def _work(self) -> None:
        """One thread, one connection. It ends when the server has trouble: others may have none."""
        try:
            with self.pool.connection() as connection:
                message = self._next()
                while message is not None:
                    following = self._next_to_announce()
                    outcome = self._hand_over(connection, message, following)
                    self._done.append((message.message_id, outcome))
                    self.brake.note(message, outcome)
                    if is_unsent(outcome) or self._is_over.is_set():
                        self._put_back(following)
                        return
                    message = following or self._next()
        except Exception as fault:
            log.error("a mail thread ended claim=%s: %s", self.batch.claim_id, type(fault).__name__)
        finally:
            with self._has_ended:
                self._working -= 1
                self._has_ended.notify_all()

    def _next(self) -> Claimed | None:
        if self._is_over.is_set():
            return None
        try:
            while self.brake.stops(message := self._waiting.popleft()):
                pass
        except IndexError:
            return None
        return message

    def _next_to_announce(self) -> Claimed | None:
        """Taken early, so that its envelope goes ahead; not where another thread is free for it."""
        return self._next() if len(self._waiting) > self._threads else None

    def _put_back(self, message: Claimed | None) -> None:
        """For the threads that go on. Where none does, it waits for the next claim."""
        if message is not None:
            self._waiting.appendleft(message)

    def _hand_over(
        self, connection: HandsOver, message: Claimed, following: Claimed | None
    ) -> Outcome:
        """Whatever goes wrong, an outcome: what is not known to be unsent is unknown."""
        has_intent = False

        def intend() -> None:
            nonlocal has_intent
            self._require_leave()
            if not self._has_lease():
                raise NotIntended
            try:
                self.journal.intend(message.message_id)
            except OSError as fault:
                raise NotIntended("The intent journal could not be written.") from fault
            has_intent = True

        try:
            mail = self.letter.write(message, self.clock())
            outcome = connection.hand_over(
                *self._envelope_of(message),
                self.sign(compose(mail)),
                before_body=intend,
                ahead=self._envelope_of(following) if following else None,
            )
        except NotIntended as why:
            # With words, it is trouble of ours: the school's mail pauses as for a server's.
            return Outcome(Verdict.NOT_SENT, words=str(why), is_server_trouble=bool(why.args))
        except UnsendableAddress as fault:
            outcome = Outcome(Verdict.REFUSED, words=fault.reason)
        except Exception as fault:
            log.error("not handed over message=%s: %s", message.message_id, type(fault).__name__)
            outcome = _after_fault(has_intent=has_intent)
        try:
            self.journal.record(message.message_id, outcome)
        except OSError as fault:
            # Its owner still has the outcome; only if the process dies too is the mail unknown.
            log.error("journal not written claim=%s: %s", self.batch.claim_id, fault.strerror)
        return outcome

    def _envelope_of(self, message: Claimed) -> tuple[str, str]:
        return self.letter.return_path(message.message_id), message.address

    def _has_lease(self) -> bool:
        """By two clocks: one goes on while the machine sleeps, the other cannot be set back."""
        return time.monotonic() < self._lease_ends and self.clock() < self.batch.lease_until


def _after_fault(*, has_intent: bool) -> Outcome:
    if has_intent:
        return Outcome(Verdict.UNKNOWN, words="The service failed while handing this mail over.")
    return Outcome(Verdict.DEFERRED, words="The service could not write this mail.")
