"""How long the pages of a campaign take while its mail is on its way.

    python -m tests.load.campaign_page --pupils 2000

Brings its own PostgreSQL and Redis, as the tests do. The campaign is launched by the real verbs;
what became of the mail is written by SQL: most taken, some back, refused, put off, not known, some
waiting, a third answered, one in fifty without an address. The pages are asked in this process, so
that what is measured is the service and its database, without a web server.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, event, select, text
from sqlalchemy.orm import Session

from outreach.app import create_app
from outreach.campaigns.models import DeliveryEvent, Invitation, Link, Message
from outreach.clock import now
from outreach.database import refresh_statistics, transaction
from outreach.parts import Parts
from outreach.pupils.addresses import address_key, hash_in_sql
from outreach.pupils.models import GroupMember, Pupil, PupilAddress, RosterGroup, Suppression
from outreach.schools.models import Role
from tests.answered import launch_campaign
from tests.factories import MadeSchool, make_school, signed_in
from tests.load.answering_rate import _service
from tests.load.results_rate import ROSTER

ADDRESSES = text("""
    INSERT INTO pupil_address (school_id, pupil_id, kind, address, address_hash)
    SELECT :school, id, 'work', lower(mis_id) || '@hill.example', sha256(mis_id::bytea)
    FROM pupil WHERE school_id = :school AND substr(mis_id, 2)::int % 50 <> 0
""")

FATES = text("""
    UPDATE message SET
        address_hash = address.address_hash, address_kind = 'work', tries = 1,
        state = CASE WHEN n % 20 = 0 THEN 'bounced' WHEN n % 20 = 1 THEN 'refused'
                     WHEN n % 20 = 2 THEN 'deferred' WHEN n % 20 = 3 THEN 'unknown'
                     WHEN n % 20 = 4 THEN 'queued' ELSE 'accepted' END,
        reason = CASE WHEN n % 20 = 0 THEN 'unknown_user' WHEN n % 20 = 1 THEN 'mail_server'
                      WHEN n % 20 = 2 THEN 'not_now' WHEN n % 20 = 3 THEN 'cut_off' END,
        status_code = CASE WHEN n % 20 = 1 THEN '5.7.1' END,
        words = CASE WHEN n % 20 IN (0, 1) THEN '550 5.7.1 said of ' || n END,
        changed_at = now() - n * interval '20 ms'
    FROM invitation JOIN pupil_address AS address USING (school_id, pupil_id),
         LATERAL (SELECT abs(hashtext(invitation.id::text)) AS n) AS numbered
    WHERE message.school_id = :school AND message.invitation_id = invitation.id
""")

FACTS = text("""
    INSERT INTO delivery_event (school_id, message_id, source, event_id, kind, at)
    SELECT school_id, id, 'smtp', id::text, state, changed_at FROM message
    WHERE school_id = :school AND state <> 'queued'
""")

SUPPRESSED = text("""
    INSERT INTO suppression (school_id, address_hash, reason, source, at)
    SELECT school_id, address_hash, 'bounced', 'smtp', now() FROM message
    WHERE school_id = :school AND state = 'bounced'
""")

ANSWERED = text("""
    UPDATE invitation SET state = 'written_back', started_at = now(), submitted_at = now(),
        written_back_at = now()
    FROM message WHERE invitation.school_id = :school AND message.school_id = :school
    AND message.invitation_id = invitation.id AND message.state = 'accepted'
    AND abs(hashtext(invitation.id::text)) % 3 = 0
""")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pupils", type=int, default=2_000)
    arguments.add_argument("--times", type=int, default=9)
    given = arguments.parse_args()
    with _service() as parts:
        school = make_school(parts.sessions)
        campaign_id, invitation_id = _fill(parts, school, given.pupils)
        client = signed_in(create_app(parts.settings), school, Role.CAREERS_LEADER)
        here = f"/staff/campaigns/{campaign_id}"
        pages = {
            "campaigns": "/staff/campaigns",
            "campaign": here,
            "its numbers alone": f"{here}/progress",
            "pupils": f"{here}/pupils",
            "pupils, last page": f"{here}/pupils?page=9999",
            "pupils not reached": f"{here}/pupils?mail=unreached",
            "pupils of a group": f"{here}/pupils?group=10G1&state=unanswered",
            "one pupil": f"{here}/invitations/{invitation_id}",
            "send again": f"{here}/resend/failed",
            "slips": f"{here}/slips?who=unreached",
        }
        print(
            f"{given.pupils} pupils, load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} CPUs"
        )
        for name, address in pages.items():
            took = []
            for _ in range(given.times):
                with _statements() as counted:
                    began = time.perf_counter()
                    answer = client.get(address)
                    took.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == 200, (address, answer.status_code)
            middle, worst, size = statistics.median(took), max(took), len(answer.data) / 1000
            print(
                f"{name:20} {middle:6.0f} ms, at worst {worst:6.0f} ms, "
                f"{len(counted):3} statements, {size:4.0f} kB"
            )


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _fill(parts: Parts, school: MadeSchool, pupils: int) -> tuple[UUID, UUID]:
    key = {"school": school.id}
    with transaction(parts.sessions, school.id) as session:
        session.execute(ROSTER, {**key, "pupils": pupils})
        session.execute(ADDRESSES, key)
        session.execute(text("UPDATE pupil SET year = 10 WHERE school_id = :school"), key)
        refresh_statistics(session, Pupil, PupilAddress, RosterGroup, GroupMember)
    with transaction(parts.sessions, school.id) as session:
        campaign_id = launch_campaign(session, parts.library, now())
    with transaction(parts.sessions, school.id) as session:
        _hash_addresses(session)
        for statement in (FATES, FACTS, SUPPRESSED, ANSWERED):
            session.execute(statement, key)
        refresh_statistics(session, Invitation, Link, Message, DeliveryEvent, Suppression)
        bounced = select(Message.invitation_id).where(Message.state == "bounced")
        return campaign_id, session.scalars(bounced).first() or campaign_id


def _hash_addresses(session: Session) -> None:
    hashed = hash_in_sql(address_key(session), PupilAddress.__table__.c.address)
    session.execute(PupilAddress.__table__.update().values(address_hash=hashed))


if __name__ == "__main__":
    main()
