"""A school of any size and its launched campaign, for measuring how its mail goes."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psutil
from sqlalchemy import text

from outreach.audit import OPERATOR
from outreach.campaigns.claiming import claim_batch
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch, write_blocks
from outreach.campaigns.models import Campaign
from outreach.campaigns.progress import status
from outreach.campaigns.recording import record_outcomes
from outreach.campaigns.states import CampaignState, MessageState
from outreach.database import refresh_statistics, transaction
from outreach.mail.outcomes import Outcome, Verdict
from outreach.parts import Parts
from outreach.pupils.models import Pupil, PupilAddress
from outreach.schools.models import Connection
from outreach.schools.registering import add_school
from outreach.schools.sharing import agreement
from tests.load.plans import plans_of

ROSTER = text("""
    WITH made AS (
        INSERT INTO pupil (school_id, id, mis_id, forename, surname, year, source, created_at,
                           changed_at)
        SELECT :school, gen_random_uuid(), 'L' || n, 'Robin', 'Pupil' || n, 10, 'csv', now(), now()
        FROM generate_series(1, :pupils) AS n
        RETURNING id, mis_id
    )
    INSERT INTO pupil_address (school_id, pupil_id, kind, address, address_hash)
    SELECT :school, id, 'work', lower(mis_id) || '@pupils.example', sha256(mis_id::bytea) FROM made
""")


class _UndoneOnPurpose(Exception):
    pass


@dataclass(frozen=True)
class Made:
    parts: Parts
    school_id: UUID
    campaign_id: UUID
    workers: list[psutil.Process]
    launch_seconds: float
    rows_seconds: float

    def check_all_accepted(self, pupils: int) -> None:
        """What the server took last may not be recorded yet."""
        deadline = time.monotonic() + 30
        while True:
            with transaction(self.parts.sessions, self.school_id) as session:
                counted = status(session, self.campaign_id, self.parts.clock()).messages
            if counted[MessageState.ACCEPTED] == pupils:
                return
            assert time.monotonic() < deadline, {k.value: v for k, v in counted.items() if v}
            time.sleep(0.2)


def made_school(parts: Parts, pupils: int) -> UUID:
    with transaction(parts.sessions) as session:
        urn = str(100_000 + secrets.randbelow(900_000))
        school = add_school(session, urn, "Load Test School", datetime.now(UTC))
        given = agreement(session)
        given.connection = Connection.AUTHORISED
        given.student_email = given.work_email = True
        session.flush()
        session.execute(ROSTER, {"school": school.id, "pupils": pupils})
        refresh_statistics(session, Pupil, PupilAddress)  # as an import does
        return school.id


def drafted(parts: Parts, school_id: UUID) -> UUID:
    """A campaign that asks everybody."""
    with transaction(parts.sessions, school_id) as session:
        return create_campaign(
            session,
            parts.library,
            name="Load",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=parts.clock(),
        ).id


def launched_here(parts: Parts, school_id: UUID) -> UUID:
    """Launched and written by this process; for whoever measures what comes after it."""
    campaign_id = drafted(parts, school_id)
    with transaction(parts.sessions, school_id) as session:
        launch(session, campaign_id, OPERATOR, parts.clock())
    while not write_blocks(parts, school_id):
        pass
    return campaign_id


def launched(
    parts: Parts, school_id: UUID, start_workers: Callable[[], list[psutil.Process]]
) -> Made:
    """As the button does it, while workers stand ready; until the last row is written."""
    campaign_id = drafted(parts, school_id)
    workers = start_workers()
    _wait_until_heard(parts, len(workers))
    began = time.perf_counter()
    with transaction(parts.sessions, school_id) as session:
        launch(session, campaign_id, OPERATOR, parts.clock())
    launched_at = time.perf_counter()
    while True:
        with transaction(parts.sessions, school_id) as session:
            if session.get_one(Campaign, (school_id, campaign_id)).state is CampaignState.SENDING:
                break
        time.sleep(0.05)
    rows_seconds = time.perf_counter() - launched_at
    return Made(parts, school_id, campaign_id, workers, launched_at - began, rows_seconds)


def _wait_until_heard(parts: Parts, workers: int) -> None:
    """RQ's own register of workers."""
    while parts.redis.scard("rq:workers") < workers:
        time.sleep(0.1)


def plans_here(made: Made) -> dict[str, str]:
    """Of a claim and of what is recorded after it, undone at the end."""
    engine = made.parts.sessions.kw["bind"]
    claim_id = uuid4()
    plans: dict[str, str] = {}
    try:
        with plans_of(engine) as plans, transaction(made.parts.sessions, made.school_id) as session:
            now = made.parts.clock()
            batch = claim_batch(session, claim_id, now, may_mail_demo=True)
            assert batch is not None
            outcomes = {one.message_id: Outcome(Verdict.ACCEPTED, 250) for one in batch.messages}
            record_outcomes(session, claim_id, outcomes, now)
            raise _UndoneOnPurpose
    except _UndoneOnPurpose:
        return plans
