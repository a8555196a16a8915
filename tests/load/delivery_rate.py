"""How fast a launch is written and handed over, against a mail server that does no work.

    DATABASE_URL=… REDIS_URL=… python -m tests.load.delivery_rate --pupils 10000 --workers 2

The database must be one made for this: it is upgraded, and a school is added to it.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from outreach import migrations
from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch, write_blocks
from outreach.campaigns.progress import status
from outreach.campaigns.states import MessageState
from outreach.database import refresh_statistics, transaction
from outreach.parts import Parts
from outreach.pupils.models import Pupil, PupilAddress
from outreach.schools.models import Connection
from outreach.schools.registering import add_school
from outreach.schools.sharing import agreement
from outreach.settings import load
from outreach.wiring import wire
from tests.contract.catching import free_port

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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pupils", type=int, default=10_000)
    arguments.add_argument("--workers", type=int, default=2)
    given = arguments.parse_args()
    port = free_port()
    os.environ |= {"SMTP_URL": f"smtp://127.0.0.1:{port}", "DATA_DIR": tempfile.mkdtemp()}
    with ExitStack() as stack:
        stack.enter_context(_running("-m", "tests.load.null_smtp", str(port)))
        settings = load(os.environ)
        migrations.upgrade(settings.database_url, settings.database_url)
        parts = wire(settings)
        school_id = _make_roster(parts, given.pupils)
        campaign_id = _launch(parts, school_id)
        began = time.perf_counter()
        for _ in range(given.workers):
            stack.enter_context(_running("-m", "outreach", "worker"))
        _wait(parts, school_id, campaign_id, given.pupils)
        seconds = time.perf_counter() - began
        print(
            f"handed over {given.pupils} in {seconds:.1f} s: {given.pupils / seconds:.0f}/s "
            f"with {given.workers} workers, their start included"
        )


@contextmanager
def _running(*words: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, *words])
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _make_roster(parts: Parts, pupils: int) -> UUID:
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


def _launch(parts: Parts, school_id: UUID) -> UUID:
    with transaction(parts.sessions, school_id) as session:
        campaign = create_campaign(
            session,
            parts.library,
            name="Load",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=parts.clock(),
        )
        session.flush()
        campaign_id = campaign.id
    began = time.perf_counter()
    with transaction(parts.sessions, school_id) as session:
        launch(session, campaign_id, OPERATOR, parts.clock())
    launched = time.perf_counter()
    while not write_blocks(parts, school_id):
        pass
    print(f"launch {launched - began:.2f} s, rows {time.perf_counter() - launched:.1f} s")
    return campaign_id


def _wait(parts: Parts, school_id: UUID, campaign_id: UUID, pupils: int) -> None:
    while True:
        with transaction(parts.sessions, school_id) as session:
            counted = status(session, campaign_id, parts.clock())
        if counted.messages[MessageState.ACCEPTED] == pupils:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main()
