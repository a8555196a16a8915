"""Sharing switched off while workers hand mail over: what has not left by then never does."""

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.sending import CONNECTIONS
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.sync.connecting import connect, move_state
from outreach.pupils.sync.connections import require_connection
from outreach.pupils.sync.models import SourceKind, SourceState
from outreach.pupils.sync.sealing import Sealer
from outreach.schools.models import Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.failures.delivering import Taking, listening, running, wait_for, wait_until_settled
from tests.outbox import Outbox, launched

pytestmark = pytest.mark.failure

PUPILS = 600
WORKERS = 2


def switch(changes: SharingChanges) -> Callable[[Session, UUID], object]:
    def off(session: Session, staff_id: UUID) -> None:
        by = session.get_one(StaffMember, (session.info["school_id"], staff_id))
        change_sharing(session, changes, by, now())

    return off


def revoke_at_integrator(session: Session, _staff_id: UUID) -> None:
    move_state(session, require_connection(session), SourceState.REVOKED, "Revoked.", now())


def connect_authorised(wired: web.Parts, outbox: Outbox) -> None:
    with transaction(wired.sessions, outbox.school.id) as session:
        connection = connect(
            session,
            Sealer(wired.settings.secret_keys),
            kind=SourceKind.WONDE,
            external_id="A1",
            secret="token",
            url=None,
            may_be_private=True,
            actor=OPERATOR,
            now=now(),
        )
        move_state(session, connection, SourceState.AUTHORISED, None, now())


def mailed(server: Taking) -> dict[str, int]:
    """Pupils alone: staff get their receipts meanwhile."""
    return {to: count for to, count in dict(server.seen).items() if "@pupils." in to}


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        (switch(SharingChanges(student_email=False)), "student_email_off"),
        (switch(SharingChanges(connection=Connection.PAUSED)), "paused"),
        (revoke_at_integrator, "revoked"),
    ],
    ids=["student email off", "paused here", "revoked at the integrator"],
)
def test_nothing_is_taken_up_after_sharing_was_switched_off(
    wired: web.Parts, off: Callable[[Session, UUID], object], reason: str
) -> None:
    outbox = launched(wired, pupils=PUPILS)
    connect_authorised(wired, outbox)
    words = ["worker"] * WORKERS + ["schedule"]
    with listening(Taking(seconds=0.03)) as server, running(server, *words):
        wait_for(lambda: len(server.seen) > 60, "nothing was sent")
        with transaction(wired.sessions, outbox.school.id) as session:
            off(session, outbox.school.staff[Role.ADMIN])
        seen_then = len(mailed(server))
        time.sleep(1.0)
        wait_until_settled(outbox)
    # The commit has waited for every worker to look: at most what was on its way to the server
    # at that instant may still be counted there, one mail a connection.
    seen = mailed(server)
    assert len(seen) - seen_then <= WORKERS * CONNECTIONS
    assert seen_then < PUPILS
    assert set(seen.values()) == {1}
    assert outbox.mails["accepted"] == len(seen)
    assert outbox.mails["stopped"] == PUPILS - len(seen)
    assert {mail.reason for mail in outbox.messages if mail.reason} == {reason}
