"""The worker process: RQ's worker without forking, which outlives Redis and ends when asked."""

import logging
import threading
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from outreach.campaigns import recovering, sending
from outreach.queues import QUEUES
from outreach.settings import Settings
from outreach.wiring import wire

log = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 1.0


class QueueWorker(SimpleWorker):
    """Ends after the job under way, which is asked to be quick about it."""

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()
        sending.stopping.set()

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Not the message of a fault: it can hold the values of a row."""
        kind = exc_info[0].__name__ if exc_info and exc_info[0] else "unknown"
        log.error("job failed %s job=%s: %s", job.func_name, job.id, kind)
