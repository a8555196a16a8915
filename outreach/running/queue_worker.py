"""The worker process: RQ's worker without forking, which outlives Redis and ends when asked."""

import logging
import signal
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy.exc import SQLAlchemyError

from outreach.campaigns import recovering, sending
from outreach.database import NotReady
from outreach.heartbeat import IDLE_SECONDS
from outreach.queues import QUEUES
from outreach.settings import Settings
from outreach.wiring import wire

log = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 1.0
RQ_MARGIN_SECONDS = 15
"""RQ waits that much less than its time to live for a job, and then says that it is there."""


class QueueWorker(SimpleWorker):
    """Ends after the job under way, which is told to come to an end. Says ids, never values."""

    max_connection_wait_time = 5.0

    def request_stop(self, signum: Any, frame: Any) -> None:  # noqa: ARG002
        """RQ's own also writes to Redis, from inside the signal: with Redis away the job fails."""
        sending.stopping.set()
        if self.get_state() == WorkerStatus.BUSY:
            self._stop_requested = True
        else:
            raise StopRequested

    def subscribe(self) -> None:
        """No commands over Redis: it would be one more connection and thread a process."""

    def unsubscribe(self) -> None:
        pass

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """The kind of fault and where, not its message: that can hold the values of a row."""
        kind, _, trace = (*exc_info, None, None, None)[:3]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
        name = getattr(kind, "__name__", "unknown")
        log.error("job failed %s %s: %s at %s", job.func_name, job.args, name, place)

    def handle_job_failure(self, *args: Any, **kwargs: Any) -> None:
        super().handle_job_failure(*args, **kwargs | {"exc_string": ""})


def work(settings: Settings, *, burst: bool = False) -> None:
    """Until told to end; `burst`: until the queues are empty. What dead workers left comes first."""
    _end_when_asked()
    _recover_first(settings)
    while not sending.stopping.is_set():
        connection = Redis.from_url(settings.redis_url)
        try:
            _work_on(connection, burst=burst)
        except (RedisError, OSError) as fault:
            log.warning("the worker waits for Redis: %s", type(fault).__name__)
        finally:
            connection.close()
        if burst:
            return
        _end_when_asked()
        sending.stopping.wait(TRY_AGAIN_SECONDS)


def _work_on(connection: Redis, *, burst: bool) -> None:
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
    worker = QueueWorker(
        queues,
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=IDLE_SECONDS + RQ_MARGIN_SECONDS,
        log_job_description=False,
    )
    worker.work(burst=burst, logging_level="WARNING")


def _end_when_asked() -> None:
    """While RQ is not listening for signals itself: before it starts and between two starts."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sending.stopping.set())


def _recover_first(settings: Settings) -> None:
    parts = wire(settings, pool_size=1)
    try:
        recovering.recover(parts)
    except (SQLAlchemyError, NotReady, OSError) as fault:
        log.warning("nothing recovered yet, the sweep will: %s", type(fault).__name__)
    finally:
        parts.sessions.kw["bind"].dispose()
        parts.redis.close()
