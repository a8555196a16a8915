"""Work that is due, and the doorbell that tells a worker so.

The database is the queue (a row per school and kind of work in `due_work`); RQ is the doorbell.
A bell is rung after commit and may be lost: the schedule rings again for all that is overdue.
Workers are named by their dotted path, so nothing here imports them.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import ForeignKey, delete, event, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.database import Base, Sessions, enum_type

log = logging.getLogger(__name__)


class Work(Enum):
    """Every kind of work that a row can be waiting for, and the job that does it."""

    LAUNCH = "launch"
    DELIVER = "deliver"
    WRITE_BACK = "write_back"
    ACCOUNT_MAIL = "account_mail"
    CLOSE = "close"
    SYNC = "sync"
    DELETE_HELD = "delete_held"
    FORGET_UPLOADS = "forget_uploads"
    SAFEGUARDING = "safeguarding"
    FORGET_CODES = "forget_codes"
    REMIND = "remind"
    CHAT = "chat"

    @property
    def job(self) -> str:
        return f"workers.{self.value}.run"

    @property
    def queue(self) -> str:
        return {Work.DELIVER: "mail", Work.SYNC: "rosters"}.get(self, "prompt")

    @property
    def timeout_seconds(self) -> int:
        """A source may be slow, and a large roster is merged in one piece."""
        return 1800 if self is Work.SYNC else JOB_TIMEOUT_SECONDS


QUEUES = ("prompt", "mail", "rosters")
"""In the order in which a worker looks at them."""

JOB_TIMEOUT_SECONDS = 300
RING_AGAIN_AFTER = timedelta(seconds=15)


class DueWork(Base):
    """When a school next needs a worker, by kind. Holds no pupil data and no policy."""

    __tablename__ = "due_work"
    __table_args__ = {"info": {"global_reason": "tells workers which school to look at next"}}

    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"), primary_key=True)
    kind: Mapped[Work] = mapped_column(enum_type(Work), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    rung_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")


@dataclass(frozen=True)
class Bell:
    kind: Work
    school_id: UUID | None


def note_due(session: Session, school_id: UUID, kind: Work, at: datetime) -> None:
    """Record, in the caller's transaction, that `kind` is due at `at` or already earlier."""
    session.flush()
    row = insert(DueWork).values(school_id=school_id, kind=kind, due_at=at, failures=0)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[DueWork.school_id, DueWork.kind],
            set_={"due_at": func.least(DueWork.due_at, row.excluded.due_at)},
        )
    )


def call_for(session: Session, school_id: UUID, kind: Work, at: datetime) -> None:
    """Record that `kind` is due now, and ring for it once this transaction has committed."""
    note_due(session, school_id, kind, at)
    ring_after_commit(session, Bell(kind, school_id))


def ring_after_commit(session: Session, bell: Bell) -> None:
    session.info.setdefault("bells", {})[bell] = None


def settle_due(
    session: Session,
    school_id: UUID,
    kind: Work,
    next_due: Callable[[], datetime | None],
    now: datetime,
    *,
    failed: bool = False,
) -> datetime | None:
    """After working: ask `next_due` when this school is due again, with the row locked.

    The lock comes before the question, so that work recorded by somebody else in between is
    either seen by the question or moves the row forward again after us. What is due already is
    due from now: a school that is being served takes its turn behind those that wait.
    """
    here = (DueWork.school_id == school_id, DueWork.kind == kind)
    is_recorded = session.scalar(select(DueWork.due_at).where(*here).with_for_update())
    due_at = next_due()
    if due_at is not None:
        due_at = max(due_at, now)
    if is_recorded is None:
        # No row was there to lock: one that is there now is somebody else's news.
        if due_at is not None:
            note_due(session, school_id, kind, due_at)
    elif due_at is None:
        session.execute(delete(DueWork).where(*here))
    else:
        failures = DueWork.failures + 1 if failed else 0
        session.execute(
            update(DueWork).where(*here).values(due_at=due_at, rung_at=None, failures=failures)
        )
    return due_at


def failures_of(session: Session, school_id: UUID, kind: Work) -> int:
    """How many times in a row this work has been put off by trouble that was not its own."""
    here = select(DueWork.failures).where(DueWork.school_id == school_id, DueWork.kind == kind)
    return session.scalar(here) or 0


def take_overdue(session: Session, now: datetime, limit: int) -> list[Bell]:
    """Work that is due and for which no bell has been rung lately, oldest first."""
    overdue = (
        select(DueWork.school_id, DueWork.kind)
        .where(
            DueWork.due_at <= now,
            or_(DueWork.rung_at.is_(None), DueWork.rung_at < now - RING_AGAIN_AFTER),
        )
        .order_by(DueWork.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    rung = session.execute(
        update(DueWork)
        .where(DueWork.school_id == overdue.c.school_id, DueWork.kind == overdue.c.kind)
        .values(rung_at=now)
        .returning(DueWork.school_id, DueWork.kind)
    )
    return [Bell(kind, school_id) for school_id, kind in rung]


def connect_redis(redis_url: str) -> Redis:
    """A client that gives up quickly: a page must not wait for a doorbell."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=1,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=30,
    )


class Doorbell:
    """Rings workers through RQ. Never raises: what it could not ring, the schedule finds.

    While a bell waits in its queue it is not rung again: a school with much to do would else fill
    the queue with jobs, and the others would wait behind them.
    """

    QUIET_SECONDS = 5.0

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues = {
            name: Queue(
                name,
                connection=redis,
                serializer=JSONSerializer,
                default_timeout=JOB_TIMEOUT_SECONDS,
            )
            for name in QUEUES
        }
        self._silent_until = 0.0

    def ring(self, bell: Bell) -> bool:
        if time.monotonic() < self._silent_until:
            return False
        arguments = [] if bell.school_id is None else [str(bell.school_id)]
        queue = self._queues[bell.kind.queue]
        key = ":".join(["outreach", "bell", bell.kind.value, *arguments])
        try:
            if self._is_waiting(queue, key):
                return True
            job = queue.enqueue(
                bell.kind.job,
                args=arguments,
                job_timeout=bell.kind.timeout_seconds,
                result_ttl=0,
                failure_ttl=86_400,
            )
            self._redis.set(key, job.id, ex=86_400)
        except (RedisError, OSError) as fault:
            self._silent_until = time.monotonic() + self.QUIET_SECONDS
            log.warning("doorbell not rung kind=%s: %s", bell.kind.value, type(fault).__name__)
            return False
        return True

    def _is_waiting(self, queue: Queue, key: str) -> bool:
        """Whether the job of the last ring still stands in the queue: true also after a flush."""
        last: str | bytes | None = self._redis.get(key)
        if last is None:
            return False
        job_id = last if isinstance(last, str) else last.decode()
        return self._redis.lpos(queue.key, job_id) is not None


def attach_doorbell(sessions: Sessions, doorbell: Doorbell) -> None:
    """Ring, after each commit of these sessions, the bells that were asked for before it."""

    def ring_all(session: Session) -> None:
        if session.get_nested_transaction() is not None:
            return  # a savepoint: the work is not to be seen yet
        for bell in session.info.pop("bells", {}):
            doorbell.ring(bell)

    def forget(session: Session) -> None:
        if session.get_nested_transaction() is not None:
            return
        session.info.pop("bells", None)

    event.listen(sessions, "after_commit", ring_all)
    event.listen(sessions, "after_rollback", forget)
