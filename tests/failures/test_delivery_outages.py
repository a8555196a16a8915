"""Redis emptied, the mail server or the database away, sharing switched off in mid-run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from outreach import web
from outreach.campaigns import recovering
from outreach.campaigns.delivery import deliver
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from outreach.schools.models import Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.factories import signed_in
from tests.failures.delivering import (
    Taking,
    listening,
    running,
    wait_for,
    wait_until_settled,
)
from tests.full_disk import no_room_for_files
from tests.outbox import launched

pytestmark = pytest.mark.failure


def test_emptying_redis_in_mid_run_loses_no_mail(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=150)
    with listening(Taking(seconds=0.1)) as server, running(server, "worker", "schedule"):
        wait_for(lambda: len(server.seen) >= 20, "nothing was sent")
        wired.redis.flushdb()
        wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 150}
    assert server.saw_nobody_twice


def test_a_mail_server_that_is_down_is_waited_for(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=20)
    server = Taking()
    with running(server, "worker", "schedule"):
        wait_for(lambda: _failures(wired) > 0, "the outage was not noticed")
        assert outbox.mails == {"queued": 20}
        with listening(server):
            wait_until_settled(outbox)
    assert outbox.mails == {"accepted": 20}
    assert {message.tries for message in outbox.messages} == {1}


def test_a_full_disk_under_the_intent_journal_stops_mail_and_staff_are_told(
    app: Flask, wired: web.Parts
) -> None:
    outbox = launched(wired, pupils=20)
    page = f"/staff/campaigns/{outbox.campaign_id}"
    with listening(Taking()) as server:
        parts = server.wired(wired)
        with no_room_for_files(0):  # not even for a journal
            deliver(parts, outbox.school.id, MAKERS)
        assert outbox.mails == {"queued": 20}
        assert not server.seen
        assert "no room on its disk" in signed_in(app, outbox.school).get(page).text
        deliver(parts, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 20}
    assert server.saw_nobody_twice
    assert "no room on its disk" not in signed_in(app, outbox.school).get(page).text


def test_switching_sharing_off_in_mid_run_stops_the_rest_within_a_second(
    wired: web.Parts,
) -> None:
    outbox = launched(wired, pupils=100)
    with listening(Taking(seconds=0.2)) as server, running(server, "worker", "schedule"):
        wait_for(lambda: len(server.seen) >= 10, "nothing was sent")
        with transaction(wired.sessions, outbox.school.id) as session:
            by = session.get_one(StaffMember, (outbox.school.id, outbox.school.staff[Role.ADMIN]))
            change_sharing(session, SharingChanges(student_email=False), by, now())
        seen_then = len(server.seen)
        wait_until_settled(outbox)
    assert outbox.mails == {"accepted": len(server.seen), "stopped": 100 - len(server.seen)}
    assert len(server.seen) - seen_then < 60
    stopped = {m.reason for m in outbox.messages if m.state.value == "stopped"}
    assert stopped == {"student_email_off"}


def test_a_database_that_goes_away_after_the_handover_is_told_later_and_nothing_is_resent(
    wired: web.Parts, owner_engine: Engine
) -> None:
    outbox = launched(wired, pupils=40)
    with listening(Taking(seconds=0.3)) as server:
        parts = server.wired(wired)
        faults: list[BaseException] = []
        worker = threading.Thread(target=_deliver, args=(parts, outbox.school.id, faults))
        worker.start()
        wait_for(lambda: len(server.seen) >= 10, "nothing was sent")
        with _no_database(owner_engine):
            worker.join()
        assert faults
        assert outbox.mails.get("accepted", 0) < len(server.seen)
        assert recovering.recover(parts) == 1
        assert outbox.mails == {"accepted": len(server.seen), "queued": 40 - len(server.seen)}
        server.seconds = 0.0
        deliver(parts, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 40}
    assert server.saw_nobody_twice


def _deliver(parts: web.Parts, school_id: UUID, faults: list[BaseException]) -> None:
    try:
        deliver(parts, school_id, MAKERS)
    except Exception as fault:
        faults.append(fault)


@contextmanager
def _no_database(owner: Engine) -> Iterator[None]:
    """Every connection but this one is cut, and no new one is let in."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT 0"))
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        yield
        connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT -1"))


def _failures(wired: web.Parts) -> int:
    with transaction(wired.sessions) as session:
        return session.scalar(text("SELECT coalesce(max(failures), 0) FROM due_work")) or 0
