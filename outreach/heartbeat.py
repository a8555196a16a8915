"""Whether somebody does the work: the workers that RQ knows of in Redis, by their last heartbeat."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from redis import Redis
from redis.exceptions import RedisError
from rq.utils import utcparse
from rq.worker import WorkerStatus
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from outreach.queues import JOB_TIMEOUT_SECONDS, Work

IDLE_SECONDS = 30
"""How often a worker without work says that it is there."""
SILENT_AFTER = timedelta(seconds=3 * IDLE_SECONDS)
BUSY_SILENT_AFTER = timedelta(seconds=JOB_TIMEOUT_SECONDS + IDLE_SECONDS)
"""A worker says nothing during a job, and no job of the mail takes longer."""


class Heartbeat(Enum):
    BEATS = "beats"
    NO_WORKER = "no_worker"
    NO_REDIS = "no_redis"


@dataclass(frozen=True)
class _Seen:
    last: datetime | None
    is_busy: bool

    def is_alive(self, now: datetime) -> bool:
        silent_after = BUSY_SILENT_AFTER if self.is_busy else SILENT_AFTER
        return self.last is not None and now - self.last < silent_after


def heartbeat(redis: Redis, now: datetime, queue: str = Work.DELIVER.queue) -> Heartbeat:
    """Of the workers that listen to this queue. Two round trips, however many there are.

    One that was killed is missed after its last heartbeat is old; one that ended says so itself.
    """
    try:
        workers = _workers(redis, queue)
    except (RedisError, OSError):
        return Heartbeat.NO_REDIS
    return Heartbeat.BEATS if any(one.is_alive(now) for one in workers) else Heartbeat.NO_WORKER


def _workers(redis: Redis, queue: str) -> list[_Seen]:
    keys = sorted(redis.smembers(WORKERS_BY_QUEUE_KEY % queue))
    with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.hmget(key, "last_heartbeat", "state", "death")
        rows = pipeline.execute()
    return [_seen(*row) for row in rows]


def _seen(last: bytes | None, state: bytes | None, death: bytes | None) -> _Seen:
    is_there = last is not None and death is None
    when = utcparse(last.decode()) if is_there and last is not None else None
    return _Seen(when, is_busy=state == WorkerStatus.BUSY.value.encode())
