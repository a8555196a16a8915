"""The page of a campaign knows whether a worker runs, by what RQ's workers write into Redis."""

from datetime import timedelta

from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from outreach import web
from outreach.clock import now
from outreach.database import transaction
from outreach.heartbeat import SILENT_AFTER, Heartbeat, heartbeat
from outreach.queues import connect_redis
from tests.answered import launch_campaign
from tests.contract.catching import free_port
from tests.factories import make_pupil, make_school, signed_in
from tests.journeys.staff_pages import later

NO_WORKER = "No worker is running"


def new_worker(redis: Redis, *queues: str) -> SimpleWorker:
    worker = SimpleWorker(
        [Queue(name, connection=redis, serializer=JSONSerializer) for name in queues],
        connection=redis,
        serializer=JSONSerializer,
    )
    worker.register_birth()
    return worker


def test_a_worker_of_the_mail_is_seen_until_it_ends_or_falls_silent(wired: web.Parts) -> None:
    redis = wired.redis
    assert heartbeat(redis, now()) is Heartbeat.NO_WORKER
    other = new_worker(redis, "rosters")
    assert heartbeat(redis, now()) is Heartbeat.NO_WORKER
    worker = new_worker(redis, "prompt", "mail")
    assert heartbeat(redis, now()) is Heartbeat.BEATS

    silent = now() + SILENT_AFTER
    assert heartbeat(redis, silent) is Heartbeat.NO_WORKER
    worker.set_state(WorkerStatus.BUSY)  # it says nothing in the middle of a job
    assert heartbeat(redis, silent) is Heartbeat.BEATS
    assert heartbeat(redis, silent + timedelta(minutes=10)) is Heartbeat.NO_WORKER

    worker.register_death()
    other.register_death()
    assert heartbeat(redis, now()) is Heartbeat.NO_WORKER


def test_redis_that_is_away_is_told_apart() -> None:
    nobody = connect_redis(f"redis://127.0.0.1:{free_port()}/0")

    assert heartbeat(nobody, now()) is Heartbeat.NO_REDIS


def test_the_page_of_a_campaign_says_so_at_its_top(app: Flask, wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
        address = f"/staff/campaigns/{launch_campaign(session, wired.library, now())}"
    leader = signed_in(app, school)
    before = leader.get(address).text
    assert before.index(NO_WORKER) < before.index("Asked")

    worker = new_worker(wired.redis, "mail")
    assert NO_WORKER not in leader.get(address).text
    with later(app, seconds=SILENT_AFTER.total_seconds() + 5):
        assert NO_WORKER in leader.get(address).text
    worker.register_death()
