"""The schedule: rings for work that is due, and settles what dead workers left.

A plain loop over the database, as Law 1 wants it: a schedule kept in Redis would be lost with it.
Several may run; they share the work.
"""

import logging
import signal
import threading
import time
from dataclasses import dataclass, field
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from outreach import queues
from outreach.campaigns import code_tries, recovering
from outreach.database import NotReady, transaction
from outreach.parts import Parts
from outreach.queues import Bell, Work
from outreach.schools.account_mail import is_account_mail_due
from outreach.settings import Settings
from outreach.wiring import wire

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SWEEP_SECONDS = 10.0
BELLS_AT_ONCE = 200


@dataclass
class Schedule:
    parts: Parts
    is_over: threading.Event = field(default_factory=threading.Event)
    _sweeps_at: float = 0.0
    _is_in_trouble: bool = False

    def keep(self) -> None:
        """Until told to end. An outage is said once, and waited for."""
        while not self.is_over.is_set():
            try:
                self.look()
            except (SQLAlchemyError, NotReady, OSError) as fault:
                if not self._is_in_trouble:
                    log.warning("the schedule waits: %s", type(fault).__name__)
                self._is_in_trouble = True
            else:
                if self._is_in_trouble:
                    log.info("the schedule goes on")
                self._is_in_trouble = False
            self.is_over.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Ring for all that is due; now and then, recover first and forget old tries at codes."""
        sweeps = time.monotonic() >= self._sweeps_at
        if sweeps:
            recovering.recover(self.parts)
            self._sweeps_at = time.monotonic() + SWEEP_SECONDS
        with transaction(self.parts.sessions) as session:
            now = self.parts.clock()
            if sweeps:
                code_tries.sweep(session, now)
            bells = queues.take_overdue(session, now, BELLS_AT_ONCE)
            if is_account_mail_due(session, now):
                bells.append(Bell(Work.ACCOUNT_MAIL, None))
        for bell in bells:
            self.parts.doorbell.ring(bell)


def run_schedule(settings: Settings) -> None:
    schedule = Schedule(wire(settings, pool_size=2))

    def end(_signal: int, _frame: FrameType | None) -> None:
        schedule.is_over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    schedule.keep()
